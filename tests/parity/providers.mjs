// What the scenes with providers share: a server whose people sign in with the provider of stub_provider.mjs.
import "./production.mjs";
import { anonymousClient, lastLoginMethodClient, adminClient } from "better-auth/client/plugins";
import { anonymous, genericOAuth } from "better-auth/plugins";
import { startBetterAuth } from "./better_auth.mjs";
import { openBrowser } from "./browser.mjs";
import { CLIENT, newPerson, startProvider } from "./stub_provider.mjs";
import { data, newEmail, printLine } from "./scenes.mjs";
import { cookiesOf, shapeOf } from "./shapes.mjs";

const ADMIN = { email: "admin@example.com", password: "admin-password-123", name: "Admin" };
const [address, port] = process.argv.slice(2);
export const provider = await startProvider(Number(port ?? 0));
export const server = address ? { url: address } : await startReference();
export const api = `${server.url}/api/auth`;
export const password = "correct horse 42";
const answers = [];
process.on("exit", () => printLine(answers));

/** Better Auth with the providers that the settings in test_providers.py name. */
async function startReference() {
  const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret, scopes: ["openid", "email", "profile"] };
  const discovery = (path) => `${provider.url}${path}/.well-known/openid-configuration`;
  const { url } = provider;
  const endpoints = { authorizationUrl: `${url}/authorize?a=b%20c&state=x`, tokenUrl: `${url}/token`, userInfoUrl: `${url}/userinfo` };
  const config = [
    { ...client, providerId: "company", discoveryUrl: discovery("") },
    { ...client, providerId: "leaving", discoveryUrl: discovery("/leaving") },
    { ...client, providerId: "plain", ...endpoints, scopes: ["email"] },
  ];
  const reference = startBetterAuth([anonymous(), genericOAuth({ config })], { rateLimit: { enabled: false } });
  const admin = openBrowser(reference.url, reference);
  data(await admin.auth.signUp.email(ADMIN));
  reference.tables.user[0].role = "admin";
  return reference;
}

/** An address without the servers' own, and with the lengths of what is random in it. */
function mask(location) {
  let masked = location;
  for (const [found, name] of [[server.url, "{url}"], [provider.url, "{provider}"]]) {
    masked = masked?.replaceAll(found, name).replaceAll(encodeURIComponent(found), name);
  }
  masked = masked?.replace(/(?<=[?&]id_token_hint=)[\w.-]+/, "{token}");
  return masked?.replace(/(?<=[?&](?:state|nonce|code|code_challenge)=)[\w-]+/g, ({ length }) => `{${length}}`);
}

async function record(path, response) {
  if (path.endsWith("/get-session") || path.includes("/admin/")) return;
  const text = await response.text();
  const content = text.startsWith("<") ? "a page" : JSON.parse(text || "null");
  if (content?.url) content.url = mask(content.url);
  if (path.endsWith("/account-info")) delete content?.data; // what the provider says, now or in the ID token
  if (content?.user && !content.user.isAnonymous) delete content.user.isAnonymous;
  const exact = content?.url || !response.ok; // what is refused is compared word by word
  const location = mask(response.headers.get("location"));
  const goesThere = location && location === content?.url ? "the URL in the body" : location;
  answers.push([path, response.status, exact ? content : shapeOf(content), goesThere, cookiesOf(response)]);
}

const plugins = [anonymousClient(), lastLoginMethodClient(), adminClient()];
export const browser = () => openBrowser(server.url, { ...server, plugins, onResponse: record });
export const session = async ({ auth }) => data(await auth.getSession());
export const open = (visitor, url) => visitor.send(url, { redirect: "manual", headers: { accept: "text/html" } });
export const locationOf = (response) => response.headers.get("location")?.replace(server.url, "{url}");
export const accounts = async ({ auth }) => data(await auth.listAccounts());

export function post(visitor, path, body, type = "application/json") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return visitor.send(api + path, { method: "POST", body: text, headers: { "content-type": type }, redirect: "manual" });
}

/** Begin to sign in; gives the authorization URL. */
export async function begin(visitor, fields = {}) {
  const body = { provider: "company", callbackURL: "/in", errorCallbackURL: "/err?a=b%20c#d", ...fields };
  return data(await visitor.auth.signIn.social(body)).url;
}

/** Sign in as `person`, through the provider and back; gives where it ends. */
export async function signIn(visitor, person, fields = {}, changes = {}) {
  const url = provider.authorize(await begin(visitor, fields), person, changes);
  return locationOf(await open(visitor, url));
}

export async function signUp(email = newEmail()) {
  const ada = { ...browser(), email };
  data(await ada.auth.signUp.email({ email, password, name: "Ada" }));
  return ada;
}

let signedInAdmin;
export async function asAdmin() {
  if (!signedInAdmin) {
    signedInAdmin = openBrowser(server.url, { ...server, plugins });
    data(await signedInAdmin.auth.signIn.email(ADMIN));
  }
  return signedInAdmin.auth.admin;
}

/** Somebody with a password, whose address is verified. */
export async function verified(email) {
  const ada = await signUp(email);
  const { user } = await session(ada);
  data(await (await asAdmin()).updateUser({ userId: user.id, data: { emailVerified: true } }));
  return ada;
}

export { newPerson };
