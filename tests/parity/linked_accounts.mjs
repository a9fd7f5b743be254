// Accounts at providers with the official client, linked, listed, unlinked, and their tokens:
// node linked_accounts.mjs URL PORT-OF-THE-PROVIDER
// Without arguments the scenes are played with Better Auth itself. The last line tells of all
// responses as JSON, refusals word by word: both servers must give the same.
import assert from "node:assert/strict";
import {
  accounts, api, browser, locationOf, newPerson, open, post, provider, session, signIn, signUp, verified,
} from "./providers.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";

const RESERVED = ["state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope"];
const ids = async (visitor) => Object.fromEntries((await accounts(visitor)).map(({ providerId, id }) => [providerId, id]));

async function beginLink({ auth }, fields = {}) {
  const body = { provider: "company", callbackURL: "/linked", errorCallbackURL: "/err?a=b%20c#d", ...fields };
  return data(await auth.linkSocial(body)).url;
}

/** Link the account of `person`; gives where it ends. */
async function link(visitor, person, fields = {}, changes = {}) {
  return locationOf(await open(visitor, provider.authorize(await beginLink(visitor, fields), person, changes)));
}

/** Somebody who has signed in with the provider, and the account's id. */
async function signedIn(fields = {}, targets = {}) {
  const person = newPerson(fields);
  const ada = { ...browser(), email: person.email };
  assert.equal(await signIn(ada, person, targets), "/in");
  return { ...ada, person, account: Object.values(await ids(ada))[0] };
}

const tokenOf = ({ auth }, body) => auth.getAccessToken(body);
const infoOf = ({ auth }, query) => auth.accountInfo({ query });

const scenes = {
  "while signed in, an account with the same address is linked, and signs in then": async () => {
    for (const ada of [await verified(), await signUp()]) {
      const person = newPerson({ email: ada.email, name: "Other", picture: "https://x.example/y" });
      assert.equal(await link(ada, person), "/linked");
      assert.equal(await link(ada, person, { callbackURL: "/again?x=y#z", scopes: ["calendar"] }), "/again?x=y#z");
      const { user } = await session(ada);
      assert.deepEqual([user.name, user.image ?? null], ["Ada", null]);
      assert.deepEqual((await accounts(ada)).map((each) => [each.providerId, each.accountId]), [["credential", user.id], ["company", person.sub]]);
      const visitor = browser();
      await signIn(visitor, person);
      assert.equal((await session(visitor)).user.id, user.id);
    }
  },
  "scopes that are granted later are added to the account's, and a sign-in leaves them": async () => {
    const ada = await signedIn();
    await link(ada, { ...ada.person, answer: { scope: "calendar  openid files" } });
    const scopes = ["openid", "email", "profile", "calendar", "files"];
    assert.deepEqual((await accounts(ada))[0].scopes, scopes);
    await signIn(ada, { ...ada.person, answer: { scope: "other" } });
    assert.deepEqual((await accounts(ada))[0].scopes, scopes);
    for (const scope of [["a", "b c", 1], "a,b"]) {
      const bob = await signedIn({ answer: { scope } });
      await link(bob, bob.person);
      await accounts(bob);
      await tokenOf(bob, { accountId: bob.account });
    }
  },
  "what does not fit is not linked": async () => {
    const [ada, bob] = [await verified(), await verified()];
    const ended = async (person, fields) => new URL(await link(ada, person, fields), "http://server").searchParams.get("error");
    assert.equal(await ended(newPerson({ email: ada.email, email_verified: false })), "unable_to_link_account");
    assert.equal(await ended(newPerson()), "email_does_not_match");
    assert.equal(await ended(newPerson({ email: undefined })), "email_does_not_match");
    const person = newPerson({ email: bob.email });
    await link(bob, person);
    assert.equal(await ended({ ...person, email: ada.email }), "account_already_linked_to_different_user");
    assert.equal(await ended(newPerson({ email: ada.email, key: "foreign" })), "unable_to_get_user_info");
    assert.equal(await ended(newPerson({ email: ada.email, answer: 500 })), "invalid_code");
    assert.equal(await ended(newPerson({ email: ada.email.toUpperCase() })), null);
    assert.deepEqual(Object.keys(await ids(ada)), ["credential", "company"]);
    await link(ada, newPerson({ email: ada.email }));
    assert.equal((await accounts(ada)).length, 3);
  },
  "it ends where it should, also without a target": async () => {
    const ada = await verified();
    const person = newPerson({ email: ada.email });
    for (const callbackURL of [undefined, "", `${api}/ok`]) await link(ada, person, { callbackURL, errorCallbackURL: undefined });
    await link(ada, newPerson(), { errorCallbackURL: undefined });
    await link(ada, person, {}, { code: undefined, error: "access_denied", error_description: "no" });
    await link(ada, person, {}, { code: undefined });
    const back = provider.authorize(await beginLink(ada), person);
    await open(browser(), back);
    await open(ada, back.replace("/company?", "/nobody?"));
  },
  "the session that began it has to be there still": async () => {
    const ada = await verified();
    const person = newPerson({ email: ada.email });
    const back = provider.authorize(await beginLink(ada), person);
    data(await ada.auth.signOut());
    assert.match(locationOf(await open(ada, back)), /error=unable_to_link_account/);
    const bob = await verified();
    const other = provider.authorize(await beginLink(bob), newPerson({ email: bob.email }));
    const [mine] = [(await session(bob)).user.id];
    data(await bob.auth.signUp.email({ email: newEmail(), password: "correct horse 42", name: "Carol" }));
    await open(bob, other);
    assert.notEqual((await session(bob)).user.id, mine);
  },
  "who links stays who they are, and is not signed in anew": async () => {
    const ada = await verified();
    const { token } = (await session(ada)).session;
    await link(ada, newPerson({ email: ada.email }));
    assert.equal((await session(ada)).session.token, token);
  },
  "nobody links without a session, and what cannot be understood is refused": async () => {
    const ada = await signUp();
    assertRefused(await browser().auth.linkSocial({ provider: "company" }), 401, "UNAUTHORIZED");
    const named = { provider: "company" };
    const bodies = [[], {}, { provider: 1 }, { provider: "" }, { provider: "nobody" }, { provider: "nobody", callbackURL: "https://evil.example" }];
    for (const name of ["callbackURL", "errorCallbackURL", "newUserCallbackURL", "loginHint", "scopes", "disableRedirect", "requestSignUp"]) {
      bodies.push({ ...named, [name]: 1 }, { ...named, [name]: null }, { ...named, [name]: "https://evil.example/" });
    }
    bodies.push({ ...named, idToken: {} }, { ...named, idToken: { token: 1, nonce: 1, accessToken: 1, refreshToken: 1, expiresAt: "x", user: 1 } });
    bodies.push({ ...named, idToken: null }, { ...named, additionalData: 1 }, { ...named, additionalParams: { a: 1 } }, { ...named, scopes: [1] });
    bodies.push(...RESERVED.map((name) => ({ ...named, additionalParams: { [name]: "x" } })));
    for (const body of bodies) for (const visitor of [ada, browser()]) await post(visitor, "/link-social", body);
    await post(ada, "/link-social", "x", "text/plain");
    for (const method of ["GET", "HEAD", "PUT"]) await ada.send(`${api}/link-social`, { method });
  },
  "what the page asks for is in the authorization URL": async () => {
    const ada = await signUp();
    const fields = [{ disableRedirect: true }, { scopes: ["calendar"] }, { loginHint: "a@b.example" }, { additionalParams: { hd: "x" } }];
    for (const provider of ["company", "plain"]) for (const each of fields) await beginLink(ada, { provider, ...each });
  },
  "an ID token links directly": async () => {
    const ada = await verified();
    const person = newPerson({ email: ada.email });
    const idToken = { token: await provider.signIdToken(person, "once"), nonce: "once", accessToken: "a", refreshToken: "r" };
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(data(await ada.auth.linkSocial({ provider: "company", idToken })), { url: "", status: true, redirect: false });
    }
    const { company } = await ids(ada);
    assert.equal(data(await tokenOf(ada, { accountId: company })).accessToken, "a");
    assertRefused(await (await signUp()).auth.linkSocial({ provider: "company", idToken }), 409, "SOCIAL_ACCOUNT_ALREADY_LINKED");
    const bare = { token: await provider.signIdToken(newPerson({ email: ada.email })) };
    data(await ada.auth.linkSocial({ provider: "company", idToken: bare }));
    for (const [providerId, accountId] of Object.entries(await ids(ada))) {
      if (providerId === "company") await tokenOf(ada, { accountId });
    }
  },
  "an ID token that does not fit is not linked directly": async () => {
    const ada = await verified();
    const linkWith = async (fields, more = {}) => {
      const token = await provider.signIdToken(newPerson({ email: ada.email, ...fields }), "once");
      return ada.auth.linkSocial({ provider: "company", idToken: { token, ...more } });
    };
    assertRefused(await linkWith({ email_verified: false }), 401, "LINKING_NOT_ALLOWED");
    assertRefused(await linkWith({ email: newEmail() }), 401, "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED");
    assertRefused(await linkWith({ email: newEmail(), email_verified: false }), 401, "LINKING_NOT_ALLOWED");
    for (const fields of [{ key: "foreign" }, { key: "none" }, { idToken: { aud: "x" } }]) assertRefused(await linkWith(fields), 401, "INVALID_TOKEN");
    assertRefused(await linkWith({}, { nonce: "other" }), 401, "INVALID_TOKEN");
    await linkWith({ idToken: { email: undefined } });
    assertRefused(await ada.auth.linkSocial({ provider: "plain", idToken: { token: "x" } }), 404, "ID_TOKEN_NOT_SUPPORTED");
    assertRefused(await ada.auth.linkSocial({ provider: "nobody", idToken: { token: "x" } }), 404, "PROVIDER_NOT_FOUND");
    assert.deepEqual(Object.keys(await ids(ada)), ["credential"]);
  },
  "an account is unlinked, but not the last one, and not another's": async () => {
    const [ada, bob] = [await verified(), await signedIn()];
    const unlink = ({ auth }, accountId) => auth.unlinkAccount({ accountId });
    assertRefused(await unlink(browser(), "x"), 401, "UNAUTHORIZED");
    for (const each of [bob.account, "x", ""]) assertRefused(await unlink(bob, each), 400, "FAILED_TO_UNLINK_LAST_ACCOUNT");
    const person = newPerson({ email: ada.email });
    await link(ada, person);
    const { company, credential } = await ids(ada);
    for (const each of [bob.account, "x", "", "company", person.sub]) assertRefused(await unlink(ada, each), 400, "ACCOUNT_NOT_FOUND");
    assert.deepEqual(data(await unlink(ada, company)), { status: true });
    assertRefused(await unlink(ada, credential), 400, "FAILED_TO_UNLINK_LAST_ACCOUNT");
    for (const body of [{}, { accountId: 1 }, { accountId: null }, [], { providerId: "company" }]) {
      await post(ada, "/unlink-account", body);
      await post(browser(), "/unlink-account", body);
    }
    for (const method of ["GET", "DELETE"]) await ada.send(`${api}/unlink-account`, { method });
    await browser().send(`${api}/list-accounts`);
    await ada.send(`${api}/list-accounts`, { method: "POST" });
  },
  "a password is unlinked, and nobody signs in with it then": async () => {
    const ada = await verified();
    await link(ada, newPerson({ email: ada.email }));
    const { credential } = await ids(ada);
    data(await ada.auth.unlinkAccount({ accountId: credential }));
    assert.deepEqual(Object.keys(await ids(ada)), ["company"]);
    assertRefused(await browser().auth.signIn.email({ email: ada.email, password: "correct horse 42" }), 401, "INVALID_EMAIL_OR_PASSWORD");
    assertRefused(await ada.auth.changePassword({ currentPassword: "correct horse 42", newPassword: "battery horse 42" }), 400, "CREDENTIAL_ACCOUNT_NOT_FOUND");
  },
  "tokens are asked for by account and no other way": async () => {
    const ada = await signedIn();
    const accountId = ada.account;
    const bodies = [{}, [], { accountId: 1 }, { accountId: null }, { accountId, other: 1 }, { providerId: "company" }, { accountId, userId: 1 }];
    bodies.push({ accountId, userId: "other" }, { useAccountCookie: true }, { useAccountCookie: false }, { accountId, useAccountCookie: true });
    bodies.push({ accountId: "x" }, { accountId: "" }, { accountId: ada.person.sub }, { accountId, providerId: "company" });
    for (const path of ["/get-access-token", "/refresh-token"]) {
      for (const body of bodies) for (const visitor of [ada, browser(), await signUp()]) await post(visitor, path, body);
      await post(ada, path, "x", "text/plain");
      await ada.send(api + path);
    }
    const queries = ["", `?accountId=${accountId}`, "?accountId=x", `?accountId=${accountId}&other=1`, "?providerId=company", "?useAccountCookie=true"];
    queries.push(`?accountId=${accountId}&userId=x`, `?accountId=${accountId}&accountId=x`, "?accountId=");
    for (const query of queries) for (const visitor of [ada, browser(), await signUp()]) await open(visitor, `${api}/account-info${query}`);
    await post(ada, "/account-info", { accountId });
  },
  "the tokens and the profile are the provider's": async () => {
    for (const [fields, name] of [[{}, "company"], [{ id: "7", idToken: false }, "plain"], [{ idToken: { email: undefined } }, "company"]]) {
      const ada = await signedIn(fields, { provider: name });
      const tokens = data(await tokenOf(ada, { accountId: ada.account }));
      const fresh = data(await ada.auth.refreshToken({ accountId: ada.account }));
      assert.notEqual(fresh.accessToken, tokens.accessToken);
      assert.deepEqual([fresh.providerId, fresh.accountId], [name, ada.account]);
      assert.equal(data(await tokenOf(ada, { accountId: ada.account })).accessToken, fresh.accessToken);
      const { user, data: profile, account } = data(await infoOf(ada, { accountId: ada.account }));
      assert.deepEqual([user.email, user.name, user.emailVerified], [ada.email, ada.person.name, true]);
      assert.deepEqual(account, { id: ada.account, providerId: name, accountId: name === "plain" ? "7" : ada.person.sub });
      assert.equal(profile.sub, ada.person.sub);
    }
  },
  "an access token that ends soon is refreshed first": async () => {
    const ada = await signedIn({ answer: { expires_in: 4 } });
    const { accessToken } = data(await tokenOf(ada, { accountId: ada.account }));
    assert.equal(data(await tokenOf(ada, { accountId: ada.account })).accessToken, accessToken);
    for (const refreshed of [{ refresh_token: undefined }, { id_token: undefined }, { scope: "less" }, { refresh_token_expires_in: 60 }]) {
      const bob = await signedIn({ answer: { expires_in: 1 }, refreshed });
      await tokenOf(bob, { accountId: bob.account });
      await accounts(bob);
      await bob.auth.refreshToken({ accountId: bob.account });
      await tokenOf(bob, { accountId: bob.account });
    }
    const carol = await signedIn({ answer: { expires_in: 1, refresh_token: undefined } });
    await tokenOf(carol, { accountId: carol.account });
    await infoOf(carol, { accountId: carol.account });
    const dora = await signedIn({ answer: { expires_in: 1 } });
    data(await infoOf(dora, { accountId: dora.account }));
  },
  "what the provider refuses is told": async () => {
    for (const refreshed of [400, 500, 302, { access_token: undefined }, { access_token: "" }]) {
      const ada = await signedIn({ answer: { expires_in: 1 }, refreshed });
      assertRefused(await tokenOf(ada, { accountId: ada.account }), 400, "FAILED_TO_GET_ACCESS_TOKEN");
      assertRefused(await ada.auth.refreshToken({ accountId: ada.account }), 400, "FAILED_TO_REFRESH_ACCESS_TOKEN");
      assertRefused(await infoOf(ada, { accountId: ada.account }), 400, "FAILED_TO_GET_ACCESS_TOKEN");
    }
    const bob = await signedIn({ answer: { refresh_token: undefined } });
    assertRefused(await bob.auth.refreshToken({ accountId: bob.account }), 400, "REFRESH_TOKEN_NOT_FOUND");
    for (const userinfo of [401, 500, { email: undefined }, { sub: "other" }]) {
      const carol = await signedIn({ id: "9" + Math.random(), idToken: false }, { provider: "plain" });
      carol.person.userinfo = userinfo;
      await infoOf(carol, { accountId: carol.account });
    }
  },
  "a password is no provider's account": async () => {
    const ada = await signUp();
    const { credential } = await ids(ada);
    await tokenOf(ada, { accountId: credential });
    await ada.auth.refreshToken({ accountId: credential });
    await infoOf(ada, { accountId: credential });
  },
  "an account that came by ID token has the tokens that came with it": async () => {
    for (const more of [{}, { accessToken: "a" }, { accessToken: "a", expiresAt: 1 }]) {
      const visitor = browser();
      const token = await provider.signIdToken(newPerson());
      data(await visitor.auth.signIn.social({ provider: "company", idToken: { token, ...more } }));
      const { company: accountId } = await ids(visitor);
      await accounts(visitor);
      await tokenOf(visitor, { accountId });
      await visitor.auth.refreshToken({ accountId });
      if (!more.accessToken) await infoOf(visitor, { accountId });
    }
  },
  "signing out goes on to the provider's page for it": async () => {
    const leaving = () => signedIn({ idToken: { iss: `${provider.url}/leaving` } }, { provider: "leaving" });
    const bodies = [undefined, {}, { callbackURL: "/out" }, { callbackURL: "/out", state: "s" }, { disableRedirect: true }];
    bodies.push({ callbackURL: "https://evil.example/" }, { callbackURL: 1 }, { disableRedirect: "x", state: 1 }, { callbackURL: `${api}/ok` });
    for (const body of bodies) {
      for (const ada of [await leaving(), await signedIn(), browser()]) {
        if (body) await post(ada, "/sign-out", body);
        else await ada.auth.signOut();
      }
    }
  },
};

await runScenes(scenes);
