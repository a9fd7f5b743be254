// Drives a server with Better Auth's own Expo client, as a phone would: node expo.mjs URL MAILBOX PROVIDER
// One line for each scene, `ok NAME` or `not ok NAME: why`; exits 0 only if every scene holds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";

const [url, mailbox, provider] = process.argv.slice(2);
const password = "correct horse 42";
let addresses = 0;

// The modules of a phone, which Node.js does not have.
const PHONE = {
  "react-native": `export const Platform = { OS: "ios" };
    export const AppState = { addEventListener: () => ({ remove() {} }) };`,
  "expo-constants": `export default { expoConfig: { scheme: "myapp" } };`,
  "expo-linking": `export const createURL = (path, options) =>
    (options?.scheme ?? "myapp") + "://" + path.replace(/^\\//, "");`,
  "expo-network": `export const addNetworkStateListener = () => ({ remove() {} });`,
  "expo-web-browser": `export const openAuthSessionAsync = (url, to) => globalThis.openInBrowser(url, to);`,
};
const hooks = `const PHONE = ${JSON.stringify(PHONE)};
  export const resolve = (name, context, next) => name in PHONE
    ? { url: "data:text/javascript," + encodeURIComponent(PHONE[name]), shortCircuit: true }
    : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { createAuthClient } = await import("better-auth/client");
const { twoFactorClient } = await import("better-auth/client/plugins");
const { expoClient } = await import("@better-auth/expo/client");
const { expo } = await import("@better-auth/expo");
const { startBetterAuth } = await import("./better_auth.mjs");

/** A phone with the app of a scheme: an address, a secure store, and the client on top. */
function phone(scheme = "myapp") {
  const store = new Map();
  const getItem = (key) => store.get(key) ?? null;
  const setItem = (key, value) => void store.set(key, value);
  const storage = {
    getItem,
    setItem,
    getItemAsync: async (key) => getItem(key),
    setItemAsync: async (key, value) => setItem(key, value),
  };
  const fetchOptions = { headers: { "x-forwarded-for": `10.78.0.${(addresses += 1)}` } };
  const plugins = [expoClient({ scheme, storage }), twoFactorClient()];
  return { store, auth: createAuthClient({ baseURL: url, plugins, fetchOptions }) };
}

/** The phone's browser, which keeps its cookies: opens a page, and goes on until a link into the app. */
class Browser {
  cookies = new Map();

  async open(url, to) {
    while (!url.startsWith(to.split("?")[0])) {
      const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
      const opened = await fetch(url, { redirect: "manual", headers: { cookie } });
      for (const line of opened.headers.getSetCookie()) this.keep(line);
      if (!opened.headers.has("location")) return { type: "cancel", status: opened.status };
      url = new URL(opened.headers.get("location"), url).href;
    }
    return { type: "success", url };
  }

  keep(line) {
    const [name, value] = line.split(";")[0].split("=");
    this.cookies.delete(name);
    if (value && !/max-age=0;|expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.set(name, value);
  }
}

// What Better Auth's server plug-in refuses too, in the same words.
const betterAuth = startBetterAuth([expo()]);
const PROXY = "/api/auth/expo-authorization-proxy";
const EXPO_REFUSALS = [
  "",
  "?authorizationURL=",
  "?authorizationURL=nonsense",
  "?authorizationURL=https%3A%2F%2Fa.example%2F%23x",
  "?authorizationURL=https%3A%2F%2Fa.example%2F",
  "?authorizationURL=ftp%3A%2F%2Fa.example%2F%3Fstate%3Dx",
];

async function signUp(email = newEmail(), options = {}) {
  const ada = { ...phone(), email };
  data(await ada.auth.signUp.email({ email, password, name: "Ada", ...options }));
  return ada;
}

const lastMail = (email, kind) =>
  readFileSync(mailbox, "utf-8").trim().split("\n").map((line) => JSON.parse(line))
    .filter((mail) => mail.to === email && (!kind || mail.kind === kind)).at(-1);

/** Turns an authenticator app on, and returns it. */
async function enrol(auth) {
  const { totpURI } = data(await auth.twoFactor.enable({ password }));
  const app = createOTP(base32.decode(new URL(totpURI).searchParams.get("secret")));
  data(await auth.twoFactor.verifyTotp({ code: await app.totp() }));
  return app;
}

const scenes = {
  "signing up keeps the cookie in the secure store": async () => {
    const { auth, store, email } = await signUp();
    assert.match(store.get("better-auth_cookie"), /session_token/);
    assert.equal(data(await auth.getSession()).user.email, email);
  },
  "every change with the cookie is accepted": async () => {
    const { auth } = await signUp();
    data(await auth.updateUser({ name: "Ada King" }));
    assert.equal(data(await auth.getSession()).user.name, "Ada King");
    assert.equal(data(await auth.listSessions()).length, 1);
    const newPassword = "battery staple 77";
    data(await auth.changePassword({ currentPassword: password, newPassword, revokeOtherSessions: true }));
    data(await auth.revokeOtherSessions());
  },
  "signing out ends the session": async () => {
    const { auth, email } = await signUp();
    data(await auth.signOut());
    assert.equal(data(await auth.getSession()), null);
    data(await auth.signIn.email({ email, password }));
    assert.equal(data(await auth.getSession()).user.email, email);
  },
  "a mailed link may lead back into the app": async () => {
    const { auth, email } = await signUp();
    data(await auth.requestPasswordReset({ email, redirectTo: "myapp://reset" }));
    const opened = await fetch(lastMail(email).url, { redirect: "manual" });
    assert.match(opened.headers.get("location"), /^myapp:\/\/reset\?token=[^&]+$/);
  },
  "the link that verifies hands the session to the app": async () => {
    const { email } = await signUp(newEmail(), { callbackURL: "/welcome" });
    const opened = await fetch(lastMail(email).url, { redirect: "manual" });
    const location = new URL(opened.headers.get("location"));
    assert.equal(location.href.split("?")[0], "myapp://welcome");
    const { getSetCookie } = await import("@better-auth/expo/client");
    const other = phone();
    other.store.set("better-auth_cookie", getSetCookie(location.searchParams.get("cookie")));
    assert.equal(data(await other.auth.getSession()).user.email, email);
  },
  "a code completes a sign-in": async () => {
    const { auth, email } = await signUp();
    const app = await enrol(auth);
    assert.equal(data(await auth.getSession()).user.twoFactorEnabled, true);
    const other = phone().auth;
    assert.equal(data(await other.signIn.email({ email, password })).twoFactorRedirect, true);
    assert.equal(data(await other.getSession()), null);
    data(await other.twoFactor.verifyTotp({ code: await app.totp() }));
    assert.equal(data(await other.getSession()).user.email, email);
  },
  "a link that signs in hands the question for a code to the app": async () => {
    const { auth, email } = await signUp(newEmail(), { callbackURL: "/welcome" });
    const app = await enrol(auth);
    const opened = await fetch(lastMail(email, "verify").url, { redirect: "manual" });
    const location = new URL(opened.headers.get("location"));
    assert.equal(location.searchParams.get("twoFactorRedirect"), "true");
    const { getSetCookie } = await import("@better-auth/expo/client");
    const other = phone();
    other.store.set("better-auth_cookie", getSetCookie(location.searchParams.get("cookie")));
    assert.equal(data(await other.auth.getSession()), null);
    data(await other.auth.twoFactor.verifyTotp({ code: await app.totp() }));
    assert.equal(data(await other.auth.getSession()).user.email, email);
  },
  "a provider signs the app in, through the phone's browser": async () => {
    const { auth, store } = phone();
    const browser = new Browser();
    globalThis.openInBrowser = (page, to) => browser.open(page, to);
    const email = newEmail();
    const pages = { callbackURL: "/in", errorCallbackURL: "/sign-in" };
    data(await auth.signIn.social({ provider, loginHint: email, ...pages }));
    assert.match(store.get("better-auth_cookie"), /session_token/);
    assert.equal(data(await auth.getSession()).user.email, email);
    assert.deepEqual([...browser.cookies.keys()].filter((name) => name.startsWith("better-auth.")), []);
  },
  "an account at a provider is linked in the app": async () => {
    const { auth, email } = await signUp();
    globalThis.openInBrowser = (page, to) => new Browser().open(page, to);
    data(await auth.linkSocial({ provider, loginHint: email, callbackURL: "/in" }));
    const ways = data(await auth.listAccounts()).map(({ providerId }) => providerId);
    assert.deepEqual(ways.sort(), ["credential", provider].sort());
  },
  "after the provider the app is asked for the code": async () => {
    const { auth, email } = await signUp();
    const app = await enrol(auth);
    await fetch(lastMail(email, "verify").url, { redirect: "manual" }); // the address is verified
    const other = phone();
    let link;
    globalThis.openInBrowser = async (page, to) => (link = await new Browser().open(page, to));
    data(await other.auth.signIn.social({ provider, loginHint: email, callbackURL: "/in" }));
    assert.equal(new URL(link.url).searchParams.get("twoFactorRedirect"), "true");
    assert.equal(data(await other.auth.getSession()), null);
    data(await other.auth.twoFactor.verifyTotp({ code: await app.totp() }));
    assert.equal(data(await other.auth.getSession()).user.email, email);
  },
  "the page that opens a provider leads nowhere else": async () => {
    for (const query of EXPO_REFUSALS) {
      const theirs = await betterAuth.fetch(betterAuth.url + PROXY + query);
      const ours = await fetch(url + PROXY + query, { redirect: "manual" });
      assert.deepEqual([ours.status, await ours.json()], [theirs.status, await theirs.json()], query);
    }
    const stranger = `?${new URLSearchParams({ authorizationURL: "https://a.example/?state=x" })}`;
    assert.equal((await betterAuth.fetch(betterAuth.url + PROXY + stranger)).status, 302);
    const refused = await fetch(url + PROXY + stranger, { redirect: "manual" });
    assert.deepEqual([refused.status, refused.headers.getSetCookie()], [400, []]);
  },
  "another app is refused": async () => {
    const { store, email } = await signUp();
    const other = phone("otherapp");
    other.store.set("better-auth_cookie", store.get("better-auth_cookie"));
    for (const attempt of [other.auth.updateUser({ name: "x" }), phone("otherapp").auth.signIn.email({ email, password })]) {
      assertRefused(await attempt, 403, "INVALID_ORIGIN");
    }
  },
};

await runScenes(scenes);
