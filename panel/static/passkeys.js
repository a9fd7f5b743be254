// Passkeys: signing in with one, and adding one. Without scripts, or where a browser has none, no
// button is shown.
(() => {
  const form = document.getElementById("passkey");
  const isNumber = /^[\d.]+$|:/.test(location.hostname);  // which cannot have passkeys
  if (!form || !window.PublicKeyCredential || isNumber) return;
  const isNew = form.dataset.kind === "new";
  const inFrame = window !== window.top;  // the Hub's, where browsers may forbid passkeys
  const REFRESH = 240_000;  // milliseconds; a challenge is good for five minutes

  const toBytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
  const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const fetchOptions = async () => {
    const body = new URLSearchParams({ action: form.dataset.options });
    const response = await fetch(form.getAttribute("action"), { method: "POST", body });
    const options = await response.json();
    if (!response.ok) throw new Error(options.message);
    options.challenge = toBytes(options.challenge);
    if (options.user) options.user.id = toBytes(options.user.id);
    for (const each of [...options.allowCredentials ?? [], ...options.excludeCredentials ?? []])
      each.id = toBytes(each.id);
    return options;
  };
  const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const toJson = ({ id, rawId, type, response, authenticatorAttachment }) => {
    const parts = PARTS.filter((name) => response[name]).map((name) => [name, toText(response[name])]);
    const transports = response.getTransports?.();
    return JSON.stringify({ id, rawId: toText(rawId), type, authenticatorAttachment,
      response: { ...Object.fromEntries(parts), transports }, clientExtensionResults: {} });
  };

  const isForbidden = () => document.featurePolicy?.allowsFeature(
    `publickey-credentials-${isNew ? "create" : "get"}`) === false;
  let pending = null;
  const ask = async (mediation) => {
    if (isForbidden()) throw new DOMException("", "NotAllowedError");
    pending?.abort();
    const { signal } = pending = new AbortController();
    const publicKey = await fetchOptions();
    if (signal.aborted) return;
    const credential = isNew
      ? await navigator.credentials.create({ publicKey, signal })
      : await navigator.credentials.get({ publicKey, signal, mediation });
    form.elements.credential.value = toJson(credential);
    form.submit();
  };

  // ---- what went wrong
  const problem = document.getElementById("passkey-problem");
  const explain = (error) => {
    const { framed, cancelled, address, exists } = problem.dataset;
    const texts = { NotAllowedError: cancelled, SecurityError: address, InvalidStateError: exists };
    const needsTab = inFrame && error.name === "NotAllowedError";
    problem.textContent = needsTab ? framed : texts[error.name] ?? error.message;
    problem.hidden = false;
    document.getElementById("passkey-tab").hidden = !needsTab;
  };

  // While an address is typed, the browser offers its passkeys as well (conditional UI).
  let timer = null;
  const wasRefused = new URLSearchParams(location.search).get("why") === "passkey";
  const offer = async () => {
    if (isNew || wasRefused || inFrame || !await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
    timer = setTimeout(offer, REFRESH);
    ask("conditional").catch(() => {});  // nobody has asked for it
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    clearTimeout(timer);
    try {
      await ask();
    } catch (error) {
      if (error.name !== "AbortError") explain(error);
      offer();
    }
  });
  form.hidden = false;
  offer();
})();
