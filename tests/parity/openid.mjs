// Signing in at certified OpenID providers: node openid.mjs ISSUER OTHER_ISSUER [URL]
// Without a URL the scenes are played with Better Auth itself. The last line has all responses in
// short as JSON: both servers must give the same. The issuers are realms of openid_provider.mjs.
import assert from "node:assert/strict";
import { genericOAuth } from "better-auth/plugins";
import { startBetterAuth } from "./better_auth.mjs";
import { openBrowser } from "./browser.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";
import { cookiesOf, shapeOf } from "./shapes.mjs";

const [issuer, otherIssuer, address] = process.argv.slice(2);
const settings = { clientId: "gatehouse", clientSecret: "a secret that only the client and the provider know" };
const provider = (providerId, issuer) => ({
  ...settings,
  providerId,
  discoveryUrl: `${issuer}/.well-known/openid-configuration`,
  scopes: ["openid", "email", "profile"],
});
const server = address
  ? { url: address }
  : startBetterAuth([genericOAuth({ config: [provider("first", issuer), provider("second", otherIssuer)] })]);
const password = "correct horse 42";
const shapes = [];
const PAGES = { callbackURL: "/in", newUserCallbackURL: "/new", errorCallbackURL: "/oops" };

async function record(path, response) {
  if (path.endsWith("/get-session")) return; // when the client refetches is its own business
  const text = await response.text();
  const body = response.ok ? shapeOf(text ? JSON.parse(text) : null) : text && JSON.parse(text);
  if (path.endsWith("/account-info")) delete body.data; // there from the ID token, here as it is now
  shapes.push([path, response.status, body, cookiesOf(response)]);
}

const browser = () => openBrowser(server.url, { ...server, onResponse: record });
const session = async ({ auth }) => data(await auth.getSession());
const accounts = async ({ auth }) => data(await auth.listAccounts()).map((each) => each.providerId).sort();
const newPerson = (claims = {}) => {
  const email = newEmail();
  return { sub: `sub of ${email}`, email, email_verified: true, name: "Ada", picture: "https://cdn.example.com/a.png", ...claims };
};

async function order(realm, order, rest = {}) {
  const { origin, pathname } = new URL(realm);
  const body = JSON.stringify({ order, realm: pathname.split("/")[2], ...rest });
  return (await fetch(`${origin}/orders`, { method: "POST", body })).json();
}

/** Do as a person does whose browser is sent to the provider; returns where it is sent back to. */
async function atProvider(url, person) {
  const jar = new Map();
  const encoded = Buffer.from(JSON.stringify(person)).toString("base64url");
  let place = new URL(`${url}&x_person=${encoded}`);
  const { origin } = place;
  while (place.origin === origin) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(place, { headers: { cookie }, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";")[0].split("=");
      jar.set(name, value);
    }
    assert.ok([302, 303].includes(response.status), `the provider says ${response.status} ${await response.text()}`);
    place = new URL(response.headers.get("location"), place);
  }
  return place;
}

/** Open what the provider sent the browser to; returns where that leads. */
async function comeBack(visitor, place) {
  const { jar } = visitor;
  const headers = { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") };
  const send = server.fetch ?? fetch;
  const response = await send(place, { headers, redirect: "manual" });
  for (const line of response.headers.getSetCookie()) {
    const [pair, ...attributes] = line.split("; ");
    if (attributes.includes("Max-Age=0")) jar.delete(pair.split("=")[0]);
    else jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
  }
  const to = new URL(response.headers.get("location") ?? "/none", server.url);
  to.searchParams.delete("error_description");
  shapes.push(["/callback", response.status, to.pathname + to.search, cookiesOf(response)]);
  return to.pathname + to.search;
}

const begin = async ({ auth }, fields = {}) =>
  data(await auth.signIn.social({ provider: "first", ...PAGES, ...fields })).url;

async function signIn(person, { visitor = browser(), ...fields } = {}) {
  const to = await comeBack(visitor, await atProvider(await begin(visitor, fields), person));
  return { ...visitor, to };
}

async function signUp(email = newEmail()) {
  const visitor = browser();
  data(await visitor.auth.signUp.email({ email, password, name: "Ada" }));
  return { ...visitor, email };
}

async function forged(forgery, person = newPerson()) {
  await order(issuer, "forge", { forgery });
  try {
    return (await signIn(person)).to;
  } finally {
    await order(issuer, "forge", { forgery: null });
  }
}

async function broken(endpoint, fault) {
  await order(issuer, "fail", { endpoint, fault });
  try {
    return (await signIn(newPerson())).to;
  } finally {
    await order(issuer, "fail", { endpoint, fault: null });
  }
}

const now = () => Math.floor(Date.now() / 1000);
const NO_USER = "/oops?error=unable_to_get_user_info";

const scenes = {
  "somebody signs in, and again": async () => {
    const person = newPerson();
    const first = await signIn(person);
    assert.equal(first.to, "/new");
    const { user } = await session(first);
    assert.deepEqual([user.email, user.name, user.image, user.emailVerified], [person.email, "Ada", person.picture, true]);
    const second = await signIn({ ...person, name: "Somebody else" });
    assert.equal(second.to, "/in");
    assert.deepEqual([(await session(second)).user.id, (await session(second)).user.name], [user.id, "Ada"]);
    assert.deepEqual(await accounts(second), ["first"]);
  },
  "somebody's address has capitals, and is not verified": async () => {
    const person = newPerson({ email_verified: false });
    const ada = await signIn({ ...person, email: person.email.toUpperCase() });
    const { user } = await session(ada);
    assert.deepEqual([user.email, user.emailVerified], [person.email, false]);
  },
  "somebody without a name and a picture": async () => {
    const { sub, email } = newPerson();
    const { user } = await session(await signIn({ sub, email, email_verified: true }));
    assert.deepEqual([user.name, user.image ?? null], ["", null]);
  },
  "somebody without an address": async () => {
    assert.equal((await signIn({ sub: newEmail(), name: "Ada" })).to, "/oops?error=email_not_found");
  },
  "somebody cancels": async () => {
    assert.equal((await signIn({ cancels: true })).to, "/oops?error=access_denied");
  },
  "who has a password and an unverified address is not taken over": async () => {
    const { email } = await signUp();
    assert.equal((await signIn(newPerson({ email }))).to, "/oops?error=account_not_linked");
  },
  "an account is linked, and unlinked": async () => {
    const ada = await signUp();
    const person = newPerson({ email: ada.email });
    const { url } = data(await ada.auth.linkSocial({ provider: "first", ...PAGES }));
    assert.equal(await comeBack(ada, await atProvider(url, person)), "/in");
    assert.deepEqual(await accounts(ada), ["credential", "first"]);
    const elsewhere = await signIn(person);
    assert.equal((await session(elsewhere)).user.id, (await session(ada)).user.id);
    const [linked] = data(await ada.auth.listAccounts()).filter((each) => each.providerId === "first");
    data(await ada.auth.unlinkAccount({ accountId: linked.id }));
    assert.deepEqual(await accounts(ada), ["credential"]);
    const [last] = data(await ada.auth.listAccounts());
    assertRefused(await ada.auth.unlinkAccount({ accountId: last.id }), 400, "FAILED_TO_UNLINK_LAST_ACCOUNT");
  },
  "what belongs to somebody else, or has another address, is not linked": async () => {
    const [ada, person] = [await signUp(), newPerson()];
    await signIn(person);
    const link = async (claims) => {
      const { url } = data(await ada.auth.linkSocial({ provider: "first", ...PAGES }));
      return comeBack(ada, await atProvider(url, { ...person, ...claims }));
    };
    assert.equal(await link({}), "/oops?error=email_does_not_match");
    assert.equal(await link({ email: ada.email }), "/oops?error=account_already_linked_to_different_user");
    assert.equal(await link({ email: ada.email, email_verified: false }), "/oops?error=unable_to_link_account");
    assertRefused(await browser().auth.linkSocial({ provider: "first" }), 401, "UNAUTHORIZED");
  },
  "tokens are read and refreshed, and the account is looked up": async () => {
    const person = newPerson();
    const ada = await signIn(person);
    const [{ id }] = data(await ada.auth.listAccounts());
    const first = data(await ada.auth.getAccessToken({ accountId: id }));
    const fresh = data(await ada.auth.refreshToken({ accountId: id }));
    assert.notEqual(fresh.accessToken, first.accessToken);
    const again = data(await ada.auth.getAccessToken({ accountId: id }));
    assert.equal(again.accessToken, fresh.accessToken);
    const info = data(await ada.auth.accountInfo({ query: { accountId: id } }));
    assert.deepEqual([info.user.email, info.account.accountId, info.data.sub], [person.email, person.sub, person.sub]);
    await order(issuer, "fail", { endpoint: "token", fault: { status: 400, body: '{"error":"invalid_grant"}', times: 1 } });
    const refused = await ada.auth.refreshToken({ accountId: id });
    assertRefused(refused, 400, "FAILED_TO_REFRESH_ACCESS_TOKEN");
    assertRefused(await (await signUp()).auth.getAccessToken({ accountId: id }), 400, "ACCOUNT_NOT_FOUND");
  },
  "a state that is missing, altered, used or of another browser": async () => {
    const ada = browser();
    const place = await atProvider(await begin(ada), newPerson());
    const altered = new URL(place);
    altered.searchParams.set("state", "x".repeat(32));
    assert.equal(await comeBack(ada, altered), "/api/auth/error?error=state_mismatch");
    altered.searchParams.delete("state");
    assert.equal(await comeBack(ada, altered), "/api/auth/error?error=state_not_found");
    assert.equal(await comeBack(browser(), place), "/oops?error=state_mismatch");
    assert.equal(await comeBack(ada, place), "/new");
    assert.equal(await comeBack(ada, place), "/api/auth/error?error=state_mismatch");
  },
  "a code that another browser's sign-in got": async () => {
    const stolen = (await atProvider(await begin(browser()), newPerson())).searchParams.get("code");
    const mallory = browser();
    const place = await atProvider(await begin(mallory), newPerson());
    place.searchParams.set("code", stolen);
    assert.equal(await comeBack(mallory, place), "/oops?error=invalid_code");
  },
  "no code": async () => {
    const ada = browser();
    const place = await atProvider(await begin(ada), newPerson());
    place.searchParams.delete("code");
    assert.equal(await comeBack(ada, place), "/oops?error=no_code");
  },
  "the issuer in the answer is another": async () => {
    const ada = browser();
    const place = await atProvider(await begin(ada), newPerson());
    place.searchParams.set("iss", otherIssuer);
    assert.equal(await comeBack(ada, place), "/oops?error=issuer_mismatch");
  },
  "an ID token that is not for this sign-in": async () => {
    for (const forgery of [
      { claims: { nonce: "another" } },
      { claims: { nonce: null } },
      { claims: { iss: otherIssuer } },
      { claims: { aud: "another client" } },
      { claims: { sub: null } },
      { claims: { exp: now() - 600 } },
      { claims: { exp: null } },
      { claims: { iat: null } },
      { key: "stranger" },
      { key: "none", header: { alg: "none" } },
      { key: "public key", header: { alg: "HS256" } },
      { key: "client secret", header: { alg: "HS256" } },
    ]) {
      assert.equal(await forged(forgery), NO_USER, JSON.stringify(forgery));
    }
  },
  "the token endpoint fails": async () => {
    for (const fault of [
      { status: 500 },
      { status: 401, body: '{"error":"invalid_client"}' },
      { status: 302, headers: { location: `${otherIssuer}/token` } },
      { kind: "cut" },
    ]) {
      assert.equal(await broken("token", fault), "/oops?error=invalid_code", JSON.stringify(fault));
    }
  },
};

process.on("exit", () => console.log(JSON.stringify(shapes)));
await runScenes(scenes);
