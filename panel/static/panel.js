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
