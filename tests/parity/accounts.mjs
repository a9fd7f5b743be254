// Anonymous users, several accounts in one browser and one-time tokens: node accounts.mjs URL
// Without an argument the scenes are played with Better Auth itself. The last line has the shapes of
// all responses as JSON: both servers must give the same.
import assert from "node:assert/strict";
import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import {
  anonymousClient, lastLoginMethodClient, multiSessionClient, oneTimeTokenClient, twoFactorClient, usernameClient,
} from "better-auth/client/plugins";
import { anonymous, multiSession, oneTimeToken } from "better-auth/plugins";
import { startBetterAuth } from "./better_auth.mjs";
import { openBrowser } from "./browser.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";

const [address] = process.argv.slice(2);
const server = address ? { url: address } : startBetterAuth([anonymous(), multiSession(), oneTimeToken()]);
const password = "correct horse 42";
const shapes = [];

/** The names and types of a JSON value; `isAnonymous` only where it is true. */
function shapeOf(value) {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (value === null || typeof value !== "object") return typeof value;
  const names = Object.keys(value).filter((name) => value[name] !== null).sort();
  const shown = names.filter((name) => name !== "isAnonymous" || value[name]);
  return Object.fromEntries(shown.map((name) => [name, shapeOf(value[name])]));
}

/**
 * Better Auth's cookies, without their values and the tokens in their names. With a new session
 * Gatehouse deletes those of sessions that have ended, such as an anonymous user's; Better Auth does not.
 */
function cookiesOf(path, response) {
  const lines = response.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ""));
  const theirs = lines.filter((line) => line.startsWith("better-auth."));
  const named = theirs.map((line) => line.replace(/_multi-\w+/, "_multi-"));
  const makesRoom = !/\/(multi-session\/\w+|sign-out)$/.test(path);
  return named.filter((line) => !(makesRoom && line.includes("_multi-; Max-Age=0"))).sort();
}

async function record(path, response) {
  if (path.endsWith("/get-session")) return; // when the client refetches is its own business
  const text = await response.text();
  const body = text ? shapeOf(JSON.parse(text)) : null;
  shapes.push([path, response.status, body, cookiesOf(path, response)]);
}

const plugins = [
  anonymousClient(), lastLoginMethodClient(), multiSessionClient(), oneTimeTokenClient(), twoFactorClient(), usernameClient(),
];
const browser = () => openBrowser(server.url, { ...server, plugins, onResponse: record });
const session = async ({ auth }) => data(await auth.getSession());
const lastWay = ({ jar }) => jar.get("better-auth.last_used_login_method");
const accounts = async ({ auth }) => data(await auth.multiSession.listDeviceSessions()).map((each) => each.user.email);

async function signUp(visitor = browser(), fields = {}) {
  const email = newEmail();
  const { token } = data(await visitor.auth.signUp.email({ email, password, name: "Ada", ...fields }));
  return { ...visitor, email, token };
}

const scenes = {
  "somebody tries the app, and only once": async () => {
    const visitor = browser();
    const { user } = data(await visitor.auth.signIn.anonymous());
    assert.deepEqual([user.isAnonymous, user.name, user.emailVerified], [true, "Anonymous", false]);
    assert.equal((await session(visitor)).user.id, user.id);
    const again = await visitor.auth.signIn.anonymous();
    assertRefused(again, 400, "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY");
    assert.equal(lastWay(visitor), undefined);
  },
  "who tried the app deletes themselves, and nobody else can": async () => {
    const visitor = browser();
    assertRefused(await visitor.auth.deleteAnonymousUser(), 401, "UNAUTHORIZED");
    data(await visitor.auth.signIn.anonymous());
    assert.deepEqual(data(await visitor.auth.deleteAnonymousUser()), { success: true });
    assert.equal(await session(visitor), null);
    const ada = await signUp();
    assertRefused(await ada.auth.deleteAnonymousUser(), 403, "USER_IS_NOT_ANONYMOUS");
  },
  "who tried the app signs up or in, and is that user": async () => {
    const visitor = browser();
    data(await visitor.auth.signIn.anonymous());
    const ada = await signUp(visitor);
    assert.equal((await session(visitor)).user.email, ada.email);
    const other = browser();
    data(await other.auth.signIn.anonymous());
    data(await other.auth.signIn.email({ email: ada.email, password }));
    assert.equal((await session(other)).user.email, ada.email);
  },
  "the last way to sign in is kept for scripts, and outlives the session": async () => {
    const ada = await signUp();
    assert.equal(lastWay(ada), "email");
    data(await ada.auth.signOut());
    assert.equal(lastWay(ada), "email");
  },
  "a user name leaves the last way as it was, and a pending second factor is one": async () => {
    const username = `ada_${newEmail().slice(7, 19)}`;
    const ada = await signUp(browser(), { username });
    const visitor = browser();
    data(await visitor.auth.signIn.username({ username, password }));
    assert.equal(lastWay(visitor), undefined);
    const { totpURI } = data(await ada.auth.twoFactor.enable({ password }));
    const secret = base32.decode(new URL(totpURI).searchParams.get("secret"));
    data(await ada.auth.twoFactor.verifyTotp({ code: await createOTP(secret).totp() }));
    const other = browser();
    assert.ok(data(await other.auth.signIn.email({ email: ada.email, password })).twoFactorRedirect);
    assert.equal(lastWay(other), "email");
  },
  "two accounts in one browser are listed and chosen": async () => {
    const visitor = browser();
    const ada = await signUp(visitor);
    const bob = await signUp(visitor);
    assert.deepEqual(await accounts(visitor), [ada.email, bob.email]);
    const chosen = data(await visitor.auth.multiSession.setActive({ sessionToken: ada.token }));
    assert.deepEqual([chosen.user.email, chosen.session.token], [ada.email, ada.token]);
    assert.equal((await session(visitor)).user.email, ada.email);
    data(await visitor.auth.multiSession.revoke({ sessionToken: bob.token }));
    assert.deepEqual(await accounts(visitor), [ada.email]);
  },
  "the active account is signed out, and the other takes over; then nobody": async () => {
    const visitor = browser();
    const ada = await signUp(visitor);
    const bob = await signUp(visitor);
    data(await visitor.auth.multiSession.revoke({ sessionToken: bob.token }));
    assert.equal((await session(visitor)).user.email, ada.email);
    data(await visitor.auth.multiSession.revoke({ sessionToken: ada.token }));
    assert.equal(await session(visitor), null);
    assert.deepEqual(await accounts(visitor), []);
  },
  "a token that is not one of the browser's chooses nothing": async () => {
    const ada = await signUp();
    const bob = await signUp();
    const { setActive, revoke } = bob.auth.multiSession;
    assertRefused(await setActive({ sessionToken: ada.token }), 401, "INVALID_SESSION_TOKEN");
    assertRefused(await revoke({ sessionToken: ada.token }), 401, "INVALID_SESSION_TOKEN");
    assertRefused(await browser().auth.multiSession.revoke({ sessionToken: ada.token }), 401, "UNAUTHORIZED");
    assertRefused(await bob.auth.multiSession.setActive({ sessionToken: 1 }), 400, "VALIDATION_ERROR");
    assert.deepEqual(await accounts(browser()), []);
  },
  "who signs in again replaces their own session": async () => {
    const ada = await signUp();
    const { token } = data(await ada.auth.signIn.email({ email: ada.email, password }));
    assert.notEqual(token, ada.token);
    assert.deepEqual(await accounts(ada), [ada.email]);
    assert.equal((await session(ada)).session.token, token);
  },
  "a sixth account is active, and not kept": async () => {
    const visitor = browser();
    const people = [];
    for (let number = 0; number < 6; number += 1) people.push(await signUp(visitor));
    assert.equal((await session(visitor)).user.email, people[5].email);
    assert.deepEqual(await accounts(visitor), people.slice(0, 5).map((each) => each.email));
  },
  "signing out signs all accounts out": async () => {
    const visitor = browser();
    const ada = await signUp(visitor);
    await signUp(visitor);
    data(await visitor.auth.signOut());
    assert.equal(await session(visitor), null);
    assertRefused(await visitor.auth.multiSession.setActive({ sessionToken: ada.token }), 401, "INVALID_SESSION_TOKEN");
  },
  "a new password that ends the other sessions, and a changed name, keep the account": async () => {
    const ada = await signUp();
    data(await ada.auth.updateUser({ name: "Ada King" }));
    const change = { currentPassword: password, newPassword: "battery horse 42", revokeOtherSessions: true };
    data(await ada.auth.changePassword(change));
    assert.deepEqual(await accounts(ada), [ada.email]);
  },
  "a one-time token is good for the same session elsewhere, once": async () => {
    const ada = await signUp();
    const { token } = data(await ada.auth.oneTimeToken.generate());
    const elsewhere = browser();
    const answer = data(await elsewhere.auth.oneTimeToken.verify({ token }));
    assert.deepEqual([answer.session.token, answer.user.email], [ada.token, ada.email]);
    assert.equal((await session(elsewhere)).session.token, ada.token);
    const again = await browser().auth.oneTimeToken.verify({ token });
    assert.deepEqual([again.error.status, again.error.message], [400, "Invalid token"]);
    assertRefused(await browser().auth.oneTimeToken.generate(), 401, "UNAUTHORIZED");
  },
  "a one-time token of a session that has ended opens nothing": async () => {
    const ada = await signUp();
    const { token } = data(await ada.auth.oneTimeToken.generate());
    data(await ada.auth.signOut());
    const late = await browser().auth.oneTimeToken.verify({ token });
    assert.deepEqual([late.error.status, late.error.message], [400, "Session not found"]);
    assertRefused(await browser().auth.oneTimeToken.verify({ token: 1 }), 400, "VALIDATION_ERROR");
  },
};

process.on("exit", () => console.log(JSON.stringify(shapes)));
await runScenes(scenes);
