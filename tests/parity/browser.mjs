// A browser with the official Better Auth client.
import { createAuthClient } from "better-auth/client";

let addresses = 0;

/**
 * A cookie jar, an Origin, a client address of its own, and the client on top. `onResponse` gets
 * the path and every response; `fetch` may answer instead of the network.
 */
export function openBrowser(url, { plugins = [], fetch = globalThis.fetch, onResponse = () => {} } = {}) {
  const jar = new Map();
  const address = `10.77.${addresses >> 8}.${addresses++ & 255}`;
  const send = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("origin")) headers.set("origin", url);
    headers.set("x-forwarded-for", address);
    if (jar.size) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(input, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split("; ");
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      if (attributes.includes("Max-Age=0")) jar.delete(name);
      else jar.set(name, value);
    }
    await onResponse(new URL(input).pathname, response.clone());
    return response;
  };
  const fetchOptions = { customFetchImpl: send };
  return { jar, send, auth: createAuthClient({ baseURL: url, plugins, fetchOptions }) };
}
