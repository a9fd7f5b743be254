// The connection to the server: the end of a session, a restart, requests under way. Runs before
// Gradio's own scripts, which know none of these.
(() => {
  const AWAY = "The server does not answer. It may be restarting. This page keeps trying, and " +
    "continues by itself.";
  const RESTARTED = "The server was restarted. This page has to be reloaded, and what you typed " +
    "here is lost then: copy it first if you need it.";
  const RELOADED = "The server was restarted, so this page was reloaded. If you had just pressed " +
    "a button, check whether it took effect.";
  const APP_ID = "/admin/gradio_api/app_id";  // differs from one start of the server to the next
  const JOIN = "/admin/gradio_api/queue/join";  // where events are sent
  const PAUSE = 2000;  // milliseconds between two attempts
  const STILL = 80, LONGEST = 1000;  // milliseconds without a change until a page counts as drawn
  const LOOP = 10_000;  // a page never reloads itself twice within these
  const send = window.fetch;

  // ---- the notice at the bottom of the window
  const notice = document.createElement("div");
  notice.id = "connection";
  notice.setAttribute("role", "status");
  const showNotice = (text, label, act) => {
    if (!notice.isConnected) document.body.append(notice);
    const button = document.createElement("button");
    button.textContent = label;
    button.addEventListener("click", act);
    notice.replaceChildren(text, ...(label ? [button] : []));
  };
  const hideNotice = () => notice.replaceChildren();

  // ---- a session that has ended
  const signInAgain = () => {
    const here = encodeURIComponent(location.pathname + location.search);
    location.replace(`/admin/login?why=ended&next=${here}`);
  };

  // ---- a restart: the new server knows nothing of this page, whose buttons would do nothing
  const typed = new Set();
  document.addEventListener("input", (event) => {
    if (event.isTrusted && event.target.matches("[type=text], [type=password], textarea, [contenteditable]"))
      typed.add(event.target);
  }, true);
  // What stands in the address, such as a filter, comes back with it.
  const wouldBeLost = (field) => {
    const text = (field.value ?? field.textContent).trim();
    return field.isConnected && text && ![...new URLSearchParams(location.search).values()].includes(text);
  };
  const remember = () => sessionStorage.setItem("reloaded", Date.now());
  const reload = () => { remember(); location.reload(); };
  const reloadOrAsk = () => {
    const justReloaded = Date.now() - Number(sessionStorage.getItem("reloaded-before") ?? 0) < LOOP;
    if (justReloaded || [...typed].some(wouldBeLost)) showNotice(RESTARTED, "Reload", reload);
    else reload();
  };

  const findServer = async () => {
    try {
      const response = await send(APP_ID, { cache: "no-store" });
      if (response.status === 401) return { ended: true };
      const answer = await response.json();
      return response.ok ? { id: answer.app_id } : { message: answer.message };
    } catch {
      return {};
    }
  };
  const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE));
  let isRecovering = false, isLeaving = false, isBroken = false, held = null;
  const recover = async () => {
    for (const id of [...busy.keys()]) finish(id, true);  // nothing more is heard of them
    if (isRecovering || isLeaving) return;
    isRecovering = true;
    let server = await findServer();
    while (!server.id && !server.ended && !isLeaving) {
      showNotice(server.message ?? AWAY);
      await pause();
      server = await findServer();
    }
    isRecovering = false;
    hideNotice();
    if (isLeaving) return;
    if (server.ended) signInAgain();
    else if (held) held();
    else if (isBroken || server.id !== window.gradio_config?.app_id) reloadOrAsk();
  };
  // Meanwhile a link or a form would lead to the browser's own page of errors, and stay there.
  const hold = (event, action) => {
    if (!isRecovering) return;
    event.preventDefault();
    held = action;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (link?.origin !== location.origin || link.hash || event.ctrlKey || event.metaKey) return;
    const isDownload = link.pathname.includes(".");  // after which this page would stay, and stay dead
    hold(event, isDownload ? null : () => location.assign(link.href));
  }, true);
  document.addEventListener("submit", (event) => hold(event, () => event.target.submit()), true);
  window.addEventListener("pagehide", () => { isLeaving = true; });
  window.addEventListener("pageshow", (event) => {
    isLeaving = false;
    if (event.persisted) recover();
  });
  document.addEventListener("DOMContentLoaded", () => {
    const when = sessionStorage.getItem("reloaded");
    if (!when) return;
    sessionStorage.removeItem("reloaded");
    sessionStorage.setItem("reloaded-before", when);
    showNotice(RELOADED, "Close", hideNotice);
  });

  // The server sends heartbeats for as long as it runs.
  const watchEnd = (response) => {
    const { readable, writable } = new TransformStream({}, undefined, { highWaterMark: Infinity });
    response.body.pipeTo(writable).then(recover, recover);
    return new Response(readable, response);
  };

  // ---- the first load: until each of its events is answered and drawn, the page is hidden, as
  // Gradio draws it bit by bit, and what is there would jump with every bit that comes
  const answered = new Set();
  const isLoad = ({ targets }) => targets.some(([, event]) => event === "load");
  const countAnswer = (id) => {
    answered.add(id);
    if (answered.size === window.gradio_config.dependencies.filter(isLoad).length) showOnceDrawn();
  };
  const showOnceDrawn = () => {
    let timer;
    const show = () => {
      observer.disconnect();
      document.documentElement.classList.add("loaded");
    };
    const wait = () => { clearTimeout(timer); timer = setTimeout(show, STILL); };
    const observer = new MutationObserver(wait);
    observer.observe(document.body, { childList: true, characterData: true, subtree: true });
    setTimeout(show, LONGEST);
    wait();
  };

  // ---- requests under way: the button that started one shows it
  const busy = new Map();  // the button, by the id of its event
  const finished = new Set();
  let clicked = null;
  document.addEventListener("click", (event) => {
    clicked = event.target.closest?.("button") ?? null;
    setTimeout(() => { clicked = null; }, 300);
  }, true);
  const finish = (id, success) => {
    finished.add(id);
    busy.get(id)?.removeAttribute("aria-busy");
    busy.delete(id);
    if (success) return;
    for (const card of document.querySelectorAll(".card.loading p"))
      card.textContent = "This could not be loaded. Reload the page to try again.";
  };
  const watchStart = async (response, button) => {
    if (!response.ok) {  // too many requests, for example: this is all the answer there is
      finish(response, false);
      countAnswer(response);
    }
    if (!button || !response.ok) return;
    const { event_id: id } = await response.clone().json();
    if (finished.has(id)) return;
    busy.set(id, button);
    button.setAttribute("aria-busy", "true");
  };
  const watchEvents = (response) => {
    const decoder = new TextDecoder();
    let rest = "";
    const read = (bytes, controller) => {
      controller.enqueue(bytes);
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith("data:") || !line.includes("process_")) continue;
        const { msg, event_id, success } = JSON.parse(line.slice(5));
        if (msg === "process_completed") finish(event_id, success);
        if (["process_completed", "process_generating"].includes(msg)) countAnswer(event_id);
      }
    };
    return new Response(response.body.pipeThrough(new TransformStream({ transform: read })), response);
  };

  // ---- every request of the page
  // On *.hf.space Gradio's client asks the Hub whether this Space is awake. It is, as it served this
  // page. Answering here keeps the page from talking to any other server.
  const isHubRequest = (address) => address.startsWith("https://huggingface.co/api/spaces/by-subdomain/");
  const awakeResponse = () => new Response('{"id": "this", "runtime": {"stage": "RUNNING"}}');

  const sendOurs = async (path, resource, options) => {
    if (path === APP_ID) {  // Gradio has given up; it would reload without a look at what was typed
      isBroken = true;
      recover();
      return new Response("", { status: 503 });
    }
    const button = clicked;
    let response;
    try {
      response = await send(resource, options);
    } catch (error) {
      if (error.name !== "AbortError") recover();
      throw error;
    }
    if (response.status === 401) signInAgain();
    if (response.status >= 502) recover();
    if (path === JOIN) watchStart(response, button);
    if (response.ok && path === "/admin/gradio_api/queue/data") return watchEvents(response);
    const isHeartbeat = response.ok && path.startsWith("/admin/gradio_api/heartbeat/");
    return isHeartbeat ? watchEnd(response) : response;
  };

  window.fetch = (resource, options) => {
    const address = String(resource?.url ?? resource);
    if (isHubRequest(address)) return Promise.resolve(awakeResponse());
    const { origin, pathname } = new URL(address, location.href);
    const ours = origin === location.origin && pathname.startsWith("/admin/");
    return ours ? sendOurs(pathname, resource, options) : send(resource, options);
  };
})();
