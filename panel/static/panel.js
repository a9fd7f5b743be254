// Runs before Gradio's own scripts.
(() => {
  const send = window.fetch;

  // On *.hf.space Gradio's client asks the Hub whether this Space is awake. It is: the page came
  // from it. Answered here, so that the page talks to nobody but its own server.
  const asksTheHub = (address) => address.startsWith("https://huggingface.co/api/spaces/by-subdomain/");
  const awake = () => new Response('{"id": "this", "runtime": {"stage": "RUNNING"}}');

  window.fetch = async (what, how) => {
    const address = String(what?.url ?? what);
    if (asksTheHub(address)) return awake();
    const answer = await send(what, how);
    const ours = new URL(address, location.href).pathname.startsWith("/admin/");
    if (answer.status === 401 && ours) location.replace("/admin/login?why=ended");
    return answer;
  };

  // A download begins as a farewell does, but the page stays. Gradio's client would hang up, and say
  // in the console that it did; when the page really goes, the browser ends what is under way.
  window.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);

  // Gradio's Markdown opens every link in a new tab. Those between our own pages stay in this one.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const ours = link?.origin === location.origin && link.pathname.startsWith("/admin/");
    if (ours) link.removeAttribute("target");
  }, true);

  // A list says where it has got to, so that Back, Reload and a bookmark find it there again.
  const follow = () => {
    const said = document.querySelector("a.here");
    if (said?.pathname === location.pathname && said.search !== location.search)
      history.replaceState(history.state, "", said.href);
  };

  // A question takes the keyboard, Escape is no, and afterwards the keyboard is where it was.
  let asking = false, before = null;
  const attend = () => {
    const no = document.getElementById("confirm-no");
    if (Boolean(no) === asking) return;
    if (no) before = document.activeElement;
    asking = Boolean(no);
    (no ?? before)?.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.getElementById("confirm-no")?.click();
  });
  // On a phone the row of pages is longer than the screen; the one that is open comes into sight.
  let inSight = false;
  const showPage = () => {
    const open = inSight ? null : document.querySelector(".nav-holder a.active");
    if (!open) return;
    inSight = true;
    open.scrollIntoView({ block: "nearest", inline: "center" });
  };
  new MutationObserver(() => { follow(); attend(); showPage(); })
    .observe(document, { childList: true, subtree: true });

  // What is to stay fresh has a button, which is pressed again and again while the page is seen: but
  // not while somebody has marked a text, or goes through a list with the keyboard.
  const reads = () =>
    getSelection()?.isCollapsed === false || document.activeElement?.closest(".listed");
  const freshen = () => {
    if (document.visibilityState === "visible" && !reads())
      document.querySelector("button.fresh")?.click();
  };
  setInterval(freshen, 15_000);
  document.addEventListener("visibilitychange", freshen);

  // Signing out is a POST, which a link cannot send.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#sign-out")) return;
    const form = document.createElement("form");
    form.method = "post";
    form.action = "/admin/logout";
    document.body.append(form);
    form.submit();
  });
})();
