// Signing in with a provider and the official client: node oauth.mjs URL PORT-OF-THE-PROVIDER
// Without arguments the scenes are played with Better Auth itself. The last line tells of all
// responses as JSON, refusals word by word: both servers must give the same.
import assert from "node:assert/strict";
import { CLIENT } from "./stub_provider.mjs";
import {
  accounts, api, asAdmin, begin, browser, locationOf, newPerson, open, password, post, provider, session, signIn, signUp, verified,
} from "./providers.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";

const lastWay = ({ jar }) => jar.get("better-auth.last_used_login_method");
const RESERVED = ["state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope"];

/** Sign in as `person`; the error that it ends with, after which nobody is signed in. */
async function errorOf(person, fields = {}, changes = {}) {
  const visitor = browser();
  const end = await signIn(visitor, person, fields, changes);
  assert.equal(await session(visitor), null);
  return new URL(end.replace("{url}", "http://server"), "http://server").searchParams.get("error");
}

const scenes = {
  "somebody new comes in, and is the same user the next time": async () => {
    const person = newPerson();
    const [ada, again] = [browser(), browser()];
    const targets = { callbackURL: "/in?x=1#y", newUserCallbackURL: "/new?a=b%20c" };
    assert.equal(await signIn(ada, person, targets), "/new?a=b%20c");
    const { user } = await session(ada);
    assert.deepEqual([user.email, user.name, user.image, user.emailVerified], [person.email, person.name, person.picture, true]);
    assert.equal(lastWay(ada), "company");
    const changed = { ...person, email: newEmail(), name: "Countess", picture: "https://cdn.example.com/b.png" };
    assert.equal(await signIn(again, changed, targets), "/in?x=1#y");
    const { user: same } = await session(again);
    assert.deepEqual([same.id, same.email, same.name, same.image], [user.id, person.email, person.name, person.picture]);
    const [{ providerId, accountId, userId, scopes }] = await accounts(ada);
    assert.deepEqual([providerId, accountId, userId, scopes], ["company", person.sub, user.id, ["openid", "email", "profile"]]);
  },
  "it ends where it should, also without a target": async () => {
    const person = newPerson();
    const targets = [{}, { callbackURL: undefined }, { callbackURL: `${api}/ok` }, { newUserCallbackURL: "/new" }];
    for (const fields of targets) await signIn(browser(), person, fields);
    await signIn(browser(), newPerson(), { callbackURL: undefined, newUserCallbackURL: undefined });
    await signIn(browser(), newPerson(), { callbackURL: "", newUserCallbackURL: "" });
  },
  "what the page asks for is in the authorization URL": async () => {
    const visitor = browser();
    const fields = [{ disableRedirect: true }, { disableRedirect: false }, { scopes: ["calendar", "openid"] }, { scopes: [] }];
    fields.push({ loginHint: "ada+1@example.com" }, { loginHint: "" }, { additionalParams: { hd: "a.b~c*d'(e)!", prompt: "a b" } });
    fields.push({ additionalParams: {} }, { additionalParams: { login_hint: "x" }, loginHint: "y" }, { additionalData: { a: { b: [1] } } });
    fields.push({ requestSignUp: true, additionalData: { callbackURL: "https://evil.example", link: {}, state: "x" } });
    for (const provider of ["company", "plain"]) for (const each of fields) await begin(visitor, { provider, ...each });
  },
  "what cannot be understood is refused, in this order": async () => {
    const provider = "company";
    const bodies = [[], "text", {}, { provider: 1 }, { provider: null }, { provider: "" }, { provider, callbackURL: 1 }];
    for (const name of ["newUserCallbackURL", "errorCallbackURL", "loginHint", "callbackURL"]) {
      bodies.push({ provider, [name]: 1 }, { provider, [name]: null }, { provider, [name]: ["/in"] });
    }
    bodies.push({ provider, disableRedirect: "true" }, { provider, requestSignUp: 1 }, { provider, disableRedirect: null });
    bodies.push({ provider, scopes: "email" }, { provider, scopes: [1, "a", null] }, { provider, scopes: null });
    bodies.push({ provider, idToken: "x" }, { provider, idToken: {} }, { provider, idToken: null }, { provider, idToken: [] });
    bodies.push({ provider, idToken: { token: 1, nonce: 1, accessToken: 1, refreshToken: 1, expiresAt: "1", user: "x" } });
    bodies.push({ provider, idToken: { token: "x", user: { name: { firstName: 1, lastName: null }, email: 1 } } });
    bodies.push({ provider, idToken: { token: "x", user: { name: "Ada" } } });
    bodies.push({ provider, additionalParams: "x" }, { provider, additionalParams: [] }, { provider, additionalParams: { a: 1, b: null } });
    bodies.push(...RESERVED.map((name) => ({ provider, additionalParams: { a: "b", [name]: "x" } })));
    bodies.push({ provider, additionalParams: { state: 1 } }, { provider, additionalParams: null }, { provider, additionalData: null });
    bodies.push({ provider, additionalData: "x" }, { provider, additionalData: [] }, { provider: "nobody", scopes: 1, idToken: {} });
    bodies.push({ provider: "nobody", callbackURL: "https://evil.example/", loginHint: 1 }, { provider: "nobody", callbackURL: "/in" });
    bodies.push({ provider: "nobody", idToken: { token: "x" } }, { provider: "constructor" }, { provider: "credential" });
    for (const body of bodies) await post(browser(), "/sign-in/social", body);
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) await post(browser(), "/sign-in/social", "provider=company", type);
    await post(browser(), "/sign-in/social", "{");
    for (const method of ["GET", "HEAD", "PUT", "OPTIONS"]) await browser().send(`${api}/sign-in/social`, { method });
    for (const method of ["HEAD", "PUT", "OPTIONS"]) await browser().send(`${api}/callback/company`, { method });
    for (const path of ["/callback", "/callback/", "/callback/company/", "/callback/a/b"]) await open(browser(), api + path);
  },
  "a target elsewhere is refused": async () => {
    const evils = ["https://evil.example/", "//evil.example", "/\\evil.example", "in", "javascript:alert(1)", "/%2fevil.example"];
    for (const name of ["callbackURL", "newUserCallbackURL", "errorCallbackURL"]) {
      for (const evil of evils) {
        const { error } = await browser().auth.signIn.social({ provider: "company", callbackURL: "/in", [name]: evil });
        assert.equal(error?.status, 403, `${name}=${evil}`);
      }
    }
  },
  "a state that is missing, made up, used or somebody else's signs nobody in": async () => {
    const [visitor, victim] = [browser(), browser()];
    const back = provider.authorize(await begin(visitor), newPerson());
    const change = (name, value) => {
      const url = new URL(back);
      if (value === undefined) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
      return url.href;
    };
    const made = ["", "x", "a".repeat(32), "%00", "x".repeat(5000), undefined];
    for (const state of made) assert.match(locationOf(await open(visitor, change("state", state))), /^\{url\}.*error=state_/);
    await begin(victim);
    for (const each of [victim, browser()]) {
      assert.match(locationOf(await open(each, back)), /^\/err\?a=b%20c&error=state_mismatch#d$/);
      assert.equal(await session(each), null);
    }
    const cookie = visitor.jar.get("better-auth.state");
    for (const value of [`${cookie}x`, cookie.split(".")[0], "x"]) {
      visitor.jar.set("better-auth.state", value);
      assert.match(locationOf(await open(visitor, back)), /error=state_mismatch/);
    }
    visitor.jar.set("better-auth.state", cookie);
    assert.equal(locationOf(await open(visitor, back)), "/in");
    assert.match(locationOf(await open(visitor, back)), /^\{url\}\/api\/auth\/error\?error=state_mismatch$/);
  },
  "two sign-ins at once in one browser: the last one counts": async () => {
    const visitor = browser();
    const [first, second] = [await begin(visitor), await begin(visitor)];
    await open(visitor, provider.authorize(first, newPerson()));
    assert.equal(await session(visitor), null);
    await open(visitor, provider.authorize(second, newPerson()));
  },
  "what the provider says against it reaches the page": async () => {
    const errors = [{ error: "access_denied" }, { error: "access_denied", error_description: "Not today & never" }, { error: "" }];
    errors.push({ error: "x", code: "y" }, { error: "<script>", error_description: "" }, { code: undefined }, { code: "" });
    errors.push({ error: "ä b" }, { error_description: "alone" }, { code: undefined, error_description: "alone" });
    for (const changes of errors) {
      await errorOf(newPerson(), {}, { code: undefined, ...changes });
      await errorOf(newPerson(), { errorCallbackURL: undefined }, { code: undefined, ...changes });
    }
    await errorOf(newPerson(), { errorCallbackURL: `${api}/ok?x=y` }, { error: "access_denied" });
    await errorOf(newPerson(), { errorCallbackURL: "" }, { error: "access_denied" });
  },
  "an error uses the state up, and a sign-in at an unknown provider too": async () => {
    const [ada, bob] = [browser(), browser()];
    const url = await begin(ada);
    await open(ada, provider.authorize(url, newPerson(), { code: undefined, error: "access_denied" }));
    assert.match(locationOf(await open(ada, provider.authorize(url, newPerson()))), /state_mismatch/);
    const back = provider.authorize(await begin(bob), newPerson());
    for (const name of ["nobody", "constructor", "credential"]) {
      await open(browser(), `${api}/callback/${name}?code=x&state=y`);
      await open(browser(), `${api}/callback/${name}`);
    }
    assert.match(locationOf(await open(bob, back.replace("/company?", "/nobody?"))), /oauth_provider_not_found/);
    assert.match(locationOf(await open(bob, back)), /state_mismatch/);
  },
  "the issuer in the answer is compared": async () => {
    const { url: iss } = provider;
    for (const each of [iss, `${iss}/`, "https://evil.example", ""]) await signIn(browser(), newPerson({ iss: each }));
    assert.equal(await errorOf(newPerson({ iss: "https://evil.example" })), "issuer_mismatch");
    assert.equal(await errorOf(newPerson({ iss }), { provider: "leaving" }), "issuer_mismatch");
  },
  "a code that opens nothing": async () => {
    assert.equal(await errorOf(newPerson(), {}, { code: "made-up" }), "invalid_code");
    for (const answer of [400, 401, 404, 500, 503, 302, 307]) assert.equal(await errorOf(newPerson({ answer })), "invalid_code");
    const strange = [{ token_type: undefined }, { token_type: "mac" }, { expires_in: undefined }, { expires_in: "3600" }];
    strange.push({ scope: undefined }, { scope: ["a", "b"] }, { refresh_token: undefined });
    for (const answer of strange) await signIn(browser(), newPerson({ answer }));
  },
  "an ID token that does not hold": async () => {
    const wrong = [{ nonce: "other" }, { nonce: null }, { nonce: undefined }, { iss: "https://evil.example" }, { iss: undefined }];
    const past = Math.floor(Date.now() / 1000) - 600;
    wrong.push({ aud: "other" }, { aud: undefined }, { aud: [] }, { exp: past }, { exp: undefined }, { iat: undefined }, { nbf: past + 2000 });
    wrong.push({ sub: undefined }, { sub: "" }, { exp: "soon" }, { sub: null });
    for (const idToken of wrong) assert.equal(await errorOf(newPerson({ idToken })), "unable_to_get_user_info", JSON.stringify(idToken));
    for (const key of ["foreign", "none", "secret"]) assert.equal(await errorOf(newPerson({ key })), "unable_to_get_user_info");
    for (const id_token of ["x", "a.b.c"]) assert.equal(await errorOf(newPerson({ answer: { id_token } })), "unable_to_get_user_info");
  },
  "an ID token that holds, although it is unusual": async () => {
    const past = Math.floor(Date.now() / 1000) - 15;
    const usable = [{ aud: [CLIENT.id] }, { aud: ["other", CLIENT.id], azp: CLIENT.id }, { exp: past }, { iat: past - 86_400 }, { nbf: past }];
    for (const idToken of usable) assert.equal(await signIn(browser(), newPerson({ idToken })), "/in", JSON.stringify(idToken));
  },
  "what the ID token leaves out is in the user info": async () => {
    const ada = browser();
    const bare = { email: undefined, name: undefined, picture: undefined, email_verified: undefined };
    const person = newPerson({ idToken: bare });
    await signIn(ada, person);
    const { user } = await session(ada);
    assert.deepEqual([user.email, user.name, user.emailVerified], [person.email, person.name, true]);
    for (const userinfo of [{ sub: "other" }, { sub: undefined }, 401, 500, 302]) {
      assert.equal(await errorOf(newPerson({ idToken: bare, userinfo })), "unable_to_get_user_info");
    }
    await signIn(browser(), newPerson({ idToken: { name: undefined } }));
  },
  "without an address nobody comes in": async () => {
    for (const email of [undefined, null, ""]) assert.equal(await errorOf(newPerson({ email })), "email_not_found");
  },
  "names, pictures and addresses of all kinds": async () => {
    const email = newEmail();
    const people = [{ name: undefined }, { name: null }, { name: "" }, { picture: undefined }, { picture: null }];
    people.push({ email: email.toUpperCase() }, { email_verified: "true" }, { email_verified: "false" }, { email_verified: undefined });
    people.push({ email_verified: 1 }, { email_verified: false }, { name: "Ää 字 🎉" });
    for (const fields of people) {
      const visitor = browser();
      await signIn(visitor, newPerson(fields));
      const { user } = await session(visitor);
      assert.deepEqual([user.name, user.image ?? null], [fields.name ?? ("name" in fields ? "" : "Ada Lovelace"), fields.picture ?? ("picture" in fields ? null : user.image)]);
      assert.equal(user.emailVerified, "email_verified" in fields ? fields.email_verified === "true" : true);
      assert.equal(user.email, user.email.toLowerCase());
    }
  },
  "an address that both sides have verified links, and no other": async () => {
    for (const [mine, theirs] of [[true, true], [true, false], [false, true], [false, false]]) {
      const ada = await (mine ? verified() : signUp());
      const visitor = browser();
      const end = await signIn(visitor, newPerson({ email: ada.email, email_verified: theirs, name: "Other", picture: "https://x.example/y" }));
      const { user } = await session(ada);
      if (mine && theirs) {
        assert.equal((await session(visitor)).user.id, user.id);
        assert.deepEqual([user.name, user.image ?? null], ["Ada", null]);
        assert.deepEqual((await accounts(ada)).map((each) => each.providerId), ["credential", "company"]);
      } else assert.match(end, /error=account_not_linked/);
    }
  },
  "an address that the provider verifies later is verified at the next sign-in": async () => {
    const person = newPerson({ email_verified: false });
    await signIn(browser(), person);
    const ada = browser();
    await signIn(ada, { ...person, email_verified: true });
    assert.equal((await session(ada)).user.emailVerified, true);
    await signIn(ada, person);
    assert.equal((await session(ada)).user.emailVerified, true);
  },
  "who is banned stays out": async () => {
    const person = newPerson();
    const ada = browser();
    await signIn(ada, person);
    const { user } = await session(ada);
    data(await (await asAdmin()).banUser({ userId: user.id }));
    assert.equal(await errorOf(person), "BANNED_USER");
    await errorOf(person, { errorCallbackURL: undefined });
    await post(browser(), "/sign-in/social", { provider: "company", idToken: { token: await provider.signIdToken(person) } });
    data(await (await asAdmin()).unbanUser({ userId: user.id }));
    assert.equal(await signIn(browser(), person), "/in");
  },
  "who is signed in already is somebody else after it": async () => {
    const [visitor, person] = [await signUp(), newPerson()];
    await signIn(visitor, person);
    assert.equal((await session(visitor)).user.email, person.email);
  },
  "who tried the app signs in, and is that user": async () => {
    const [visitor, person] = [browser(), newPerson()];
    data(await visitor.auth.signIn.anonymous());
    assert.equal(await signIn(visitor, person), "/in");
    assert.equal((await session(visitor)).user.email, person.email);
  },
  "a user who is deleted can come again, as another": async () => {
    const [ada, again, person] = [browser(), browser(), newPerson()];
    await signIn(ada, person);
    const { user } = await session(ada);
    data(await (await asAdmin()).removeUser({ userId: user.id }));
    assert.equal(await signIn(again, person, { newUserCallbackURL: "/new" }), "/new");
    assert.notEqual((await session(again)).user.id, user.id);
  },
  "a callback by POST goes on by GET": async () => {
    const form = "application/x-www-form-urlencoded";
    const visitor = browser();
    const back = new URL(provider.authorize(await begin(visitor), newPerson({ iss: provider.url })));
    const fields = back.search.slice(1);
    const ended = await post(visitor, "/callback/company", fields, form);
    assert.equal(locationOf(await open(visitor, ended.headers.get("location"))), "/in");
    const body = { user: '{"name":"Ada"}', code: "x", state: "y", error: "e", error_description: "d f", iss: "i", device_id: "v", other: "o" };
    await post(browser(), "/callback/company", body);
    await post(browser(), "/callback/company?state=query&code=c%20d", body);
    await post(browser(), "/callback/nobody", body);
    for (const each of ["", "a=b", "code="]) await post(browser(), "/callback/company", each, form);
    for (const each of [{}, [], "text", "1"]) await post(browser(), "/callback/company", each);
    await post(browser(), "/callback/company", "code=x", "text/plain");
  },
  "a callback by POST from the provider's page": async () => {
    for (const origin of ["https://provider.example", "null"]) {
      const headers = { origin, "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
      await browser().send(`${api}/callback/company`, { method: "POST", headers, body: "code=x&state=y", redirect: "manual" });
    }
  },
  "a callback that lacks a parameter": async () => {
    const queries = ["code=a&state=", "state=a", "error=x", "code=x", "iss=x", "code=x&other=y"];
    for (const query of [...queries, ""]) await open(browser(), `${api}/callback/company?${query}`);
  },
  "an ID token signs in directly": async () => {
    const [ada, person] = [browser(), newPerson()];
    const token = await provider.signIdToken(person, "once");
    const answer = data(await ada.auth.signIn.social({ provider: "company", idToken: { token, nonce: "once" }, callbackURL: "/in" }));
    assert.deepEqual([answer.redirect, answer.user.email, answer.token], [false, person.email, (await session(ada)).session.token]);
    assert.equal(lastWay(ada), undefined);
    const again = { token: await provider.signIdToken(person), accessToken: "a", refreshToken: "r", expiresAt: 1, user: { name: { firstName: "X" } } };
    data(await browser().auth.signIn.social({ provider: "company", idToken: again }));
    const unnamed = await provider.signIdToken(newPerson({ name: undefined, picture: undefined }));
    data(await browser().auth.signIn.social({ provider: "company", idToken: { token: unnamed, user: { name: { firstName: "X" }, email: "y" } } }));
  },
  "an ID token that does not hold signs nobody in directly": async () => {
    const past = Math.floor(Date.now() / 1000) - 600;
    const wrong = [{ iss: "x" }, { aud: "other" }, { exp: past }, { iat: undefined }, { sub: undefined }].map((idToken) => ({ idToken }));
    wrong.push({ key: "foreign" }, { key: "none" }, { key: "secret" }, { idToken: { email: undefined } }, { idToken: { email: null } });
    for (const fields of wrong) {
      const token = await provider.signIdToken(newPerson(fields), "once");
      const { error } = await browser().auth.signIn.social({ provider: "company", idToken: { token, nonce: "once" } });
      assert.equal(error?.status, 401, JSON.stringify(fields));
    }
    const token = await provider.signIdToken(newPerson(), "once");
    for (const nonce of ["other", "ONCE"]) {
      assertRefused(await browser().auth.signIn.social({ provider: "company", idToken: { token, nonce } }), 401, "INVALID_TOKEN");
    }
    for (const each of ["", "x", "a.b.c", `${token}x`]) await browser().auth.signIn.social({ provider: "company", idToken: { token: each } });
    assertRefused(await browser().auth.signIn.social({ provider: "plain", idToken: { token } }), 404, "ID_TOKEN_NOT_SUPPORTED");
    assertRefused(await browser().auth.signIn.social({ provider: "leaving", idToken: { token } }), 401, "INVALID_TOKEN");
    const ada = await signUp();
    const hers = await provider.signIdToken(newPerson({ email: ada.email }));
    assertRefused(await browser().auth.signIn.social({ provider: "company", idToken: { token: hers } }), 401, "OAUTH_LINK_ERROR");
  },
  "a provider without ID tokens": async () => {
    const [ada, again, person] = [browser(), browser(), newPerson({ id: 4711, idToken: false })];
    assert.equal(await signIn(ada, person, { provider: "plain" }), "/in");
    await signIn(again, person, { provider: "plain" });
    assert.equal((await session(again)).user.id, (await session(ada)).user.id);
    assert.equal((await accounts(ada))[0].accountId, "4711");
    assert.equal(lastWay(ada), "plain");
    for (const userinfo of [401, 500, { email: undefined }, { id: undefined, sub: undefined }]) {
      await errorOf(newPerson({ id: "x", idToken: false, userinfo }), { provider: "plain" });
    }
  },
  "the same person at two providers is one user": async () => {
    const [ada, bob, person] = [browser(), browser(), newPerson({ id: "other-id" })];
    await signIn(ada, person);
    await signIn(bob, { ...person, sub: "elsewhere", idToken: false }, { provider: "plain" });
    assert.equal((await session(bob)).user.id, (await session(ada)).user.id);
    assert.equal((await accounts(ada)).length, 2);
  },
  "a second factor is not asked for": async () => {
    const ada = await verified();
    assert.ok(data(await ada.auth.$fetch("/two-factor/enable", { method: "POST", body: { password } })));
    await signIn(browser(), newPerson({ email: ada.email }));
  },
  "the page for errors": async () => {
    for (const query of ["", "?error=state_mismatch", "?error=%3Cscript%3E", "?error=a&error_description=b%20c"]) await open(browser(), `${api}/error${query}`);
  },
};

await runScenes(scenes);
