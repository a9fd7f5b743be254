// Drives a server with the official Better Auth client: node client.mjs URL
// One line for each scene, `ok NAME` or `not ok NAME: why`; exits 0 only if every scene holds.
import assert from "node:assert/strict";
import { createAuthClient } from "better-auth/client";
import { openBrowser } from "./browser.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";

const url = process.argv[2];
const password = "correct horse 42";
const browser = () => openBrowser(url);

async function signUpPerson() {
  const person = { ...browser(), email: newEmail() };
  person.signUp = data(await person.auth.signUp.email({ email: person.email, password, name: "Ada" }));
  return person;
}

async function signInAgain({ email }) {
  const second = browser();
  second.signIn = data(await second.auth.signIn.email({ email, password }));
  return second;
}

const session = async ({ auth }) => data(await auth.getSession());

const scenes = {
  "sign-up signs in": async () => {
    const ada = await signUpPerson();
    const { user, session: own } = await session(ada);
    assert.equal(user.email, ada.email);
    assert.equal(user.name, "Ada");
    assert.equal(own.token, ada.signUp.token);
    assert.ok(own.expiresAt instanceof Date, "the client must recognise our dates");
  },
  "nobody has no session": async () => {
    assert.equal(await session(browser()), null);
  },
  "an address signs up once": async () => {
    const { email } = await signUpPerson();
    const again = await browser().auth.signUp.email({ email: email.toUpperCase(), password, name: "Eve" });
    assertRefused(again, 422, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
  },
  "sign-in opens a second session": async () => {
    const ada = await signUpPerson();
    const second = await signInAgain(ada);
    assert.notEqual(second.signIn.token, ada.signUp.token);
    assert.equal((await session(second)).user.id, ada.signUp.user.id);
    assert.equal((await session(ada)).user.id, ada.signUp.user.id);
  },
  "a wrong password and an unknown address are refused alike": async () => {
    const { email } = await signUpPerson();
    const wrong = await browser().auth.signIn.email({ email, password: "wrong horse 42" });
    const unknown = await browser().auth.signIn.email({ email: newEmail(), password });
    assertRefused(wrong, 401, "INVALID_EMAIL_OR_PASSWORD");
    assert.deepEqual(unknown.error, wrong.error);
  },
  "the list shows every session, and revoking one ends it at once": async () => {
    const ada = await signUpPerson();
    const second = await signInAgain(ada);
    assert.ok(await session(second));
    const listed = data(await ada.auth.listSessions());
    assert.equal(listed.length, 2);
    const other = listed.find(({ token }) => token !== ada.signUp.token);
    assert.deepEqual(data(await ada.auth.revokeSession({ token: other.token })), { status: true });
    assert.equal(await session(second), null);
    assert.ok(await session(ada));
  },
  "revoking the others keeps the own session": async () => {
    const ada = await signUpPerson();
    const second = await signInAgain(ada);
    assert.ok(await session(second));
    data(await ada.auth.revokeOtherSessions());
    assert.equal(await session(second), null);
    assert.ok(await session(ada));
  },
  "a new name is seen in every session": async () => {
    const ada = await signUpPerson();
    const second = await signInAgain(ada);
    assert.equal((await session(second)).user.name, "Ada");
    data(await ada.auth.updateUser({ name: "Ada Lovelace" }));
    assert.equal((await session(second)).user.name, "Ada Lovelace");
  },
  "sign-out ends the session on the server": async () => {
    const ada = await signUpPerson();
    const stolen = new Map(ada.jar);
    data(await ada.auth.signOut());
    assert.equal(ada.jar.get("better-auth.session_token"), undefined);
    const thief = browser();
    for (const [name, value] of stolen) thief.jar.set(name, value);
    assert.equal(await session(thief), null);
  },
  "the token of a sign-up is a bearer token": async () => {
    const ada = await signUpPerson();
    const app = createAuthClient({
      baseURL: url,
      fetchOptions: { auth: { type: "Bearer", token: ada.signUp.token } },
    });
    assert.equal((await session({ auth: app })).user.id, ada.signUp.user.id);
  },
  "a forged cookie is nobody": async () => {
    const ada = await signUpPerson();
    for (const [name, value] of ada.jar) ada.jar.set(name, value.replace(/^...../, "AAAAA"));
    assert.equal(await session(ada), null);
  },
  "a foreign site changes nothing with the visitor's cookie": async () => {
    const ada = await signUpPerson();
    const foreignOrigin = { fetchOptions: { headers: { origin: "https://evil.example" } } };
    assertRefused(await ada.auth.updateUser({ name: "Eve", ...foreignOrigin }), 403, "INVALID_ORIGIN");
    assert.equal((await session(ada)).user.name, "Ada");
  },
};

await runScenes(scenes);
