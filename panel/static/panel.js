// Runs before Gradio's own scripts.
(() => {
  // A download fires beforeunload too, and Gradio's client would close its connection and log an
  // error, although the page stays. When the page really unloads, the browser closes it anyway.
  window.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);

  // Gradio's Markdown opens every link in a new tab; links between our own pages stay in this one.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const ours = link?.origin === location.origin && link.pathname.startsWith("/admin/");
    if (ours) link.removeAttribute("target");
  }, true);

  // The address follows the list's filters and page, so that Back, Reload and bookmarks restore them.
  const syncAddress = () => {
    const marker = document.querySelector("a.location");
    if (marker?.pathname === location.pathname && marker.search !== location.search)
      history.replaceState(history.state, "", marker.href);
  };

  // Gradio removes its first loader while its stopwatch runs, which then ticks with every frame for
  // as long as the page is open. Nobody would see one: the panel hides Gradio's progress.
  const isStopwatch = (callback) => String(callback).includes("performance.now()-");
  const nextFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => (isStopwatch(callback) ? 0 : nextFrame(callback));

  // A confirmation is a modal dialog: it takes the focus and keeps it, Escape cancels it, and
  // afterwards the focus goes back.
  let first = null, before = null;  // what got the focus, and what had it
  const controls = () => [...document.querySelectorAll(".confirm :is(input, textarea, button)")];
  const moveFocus = () => {
    const no = document.getElementById("confirm-no");
    // The field to type in, if there is one, is drawn after the buttons.
    const next = no && (document.querySelector("#confirm-typed :is(input, textarea)") ?? no);
    if (next === first) return;
    if (!first) before = document.activeElement;
    first = next;
    if (!next) return before?.focus();
    const attributes = { role: "alertdialog", "aria-modal": "true",
      "aria-labelledby": "confirm-yes", "aria-describedby": "confirm-question" };
    for (const [name, value] of Object.entries(attributes)) no.closest(".confirm").setAttribute(name, value);
    next.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (!first) return;
    if (event.key === "Escape") document.getElementById("confirm-no")?.click();
    if (event.key !== "Tab") return;
    const inside = controls(), at = inside.indexOf(document.activeElement);
    const next = (at + (event.shiftKey ? -1 : 1) + inside.length) % inside.length;
    event.preventDefault();
    inside[at < 0 ? 0 : next]?.focus();
  });
  // Gradio gives all pages the same title; this page's own came with it.
  const title = document.title;
  const keepTitle = () => { if (document.title !== title) document.title = title; };
  new MutationObserver(() => { keepTitle(); syncAddress(); moveFocus(); })
    .observe(document, { childList: true, subtree: true });

  // Pages with button.fresh refresh themselves while visible, except while the reader has selected
  // text or moves through a list with the keyboard.
  const isReading = () =>
    getSelection()?.isCollapsed === false || document.activeElement?.closest(".listed");
  const refresh = () => {
    if (document.visibilityState === "visible" && !isReading())
      document.querySelector("button.fresh")?.click();
  };
  setInterval(refresh, 15_000);
  document.addEventListener("visibilitychange", refresh);
})();
