// A stub of an OpenID provider, in this process, that answers as a scene wants: wrong, late or not at all.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import * as jose from "jose";

export const CLIENT = { id: "parity-client", secret: "parity secret+1" };
const random = () => randomBytes(16).toString("hex");

/** Somebody with an account at the provider; `fields` are claims, and what goes wrong. */
export function newPerson(fields = {}) {
  const sub = `sub-${random()}`;
  return { sub, email: `${sub}@example.com`, email_verified: true, name: "Ada Lovelace", picture: "https://cdn.example.com/a.png", ...fields };
}

/**
 * Its URL; `authorize` is what the person does there, and gives the URL that they come back with.
 * Beside claims a person may have `idToken` (claims that differ there; `false`: there is none), `key`
 * ("foreign" or "none"), `userinfo` (claims that differ there, or a status), `answer` (what differs in
 * the token endpoint's answer, or its status) and `iss` (in the authorization response).
 */
export async function startProvider(port = 0) {
  const { publicKey, privateKey } = await jose.generateKeyPair("RS256");
  const keys = { own: privateKey, foreign: (await jose.generateKeyPair("RS256")).privateKey };
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  const codes = new Map();
  const people = new Map(); // by access token
  const refreshable = new Map();
  const provider = { requests: [] };

  function claimsOf({ sub, id, email, email_verified, name, picture }) {
    return { sub, id, email, email_verified, name, picture };
  }

  async function signIdToken(person, nonce) {
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: provider.url, aud: CLIENT.id, iat: now, exp: now + 600, nonce, ...claimsOf(person) };
    const claims = JSON.parse(JSON.stringify({ ...usual, ...person.idToken }));
    if (person.key === "none") return new jose.UnsecuredJWT(claims).encode();
    if (person.key === "secret") {
      const secret = new TextEncoder().encode(CLIENT.secret.padEnd(32, "+"));
      return new jose.SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(secret);
    }
    return new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(keys[person.key ?? "own"]);
  }

  async function tokensFor(person, { nonce, scope }) {
    const tokens = { access_token: random(), refresh_token: random(), token_type: "Bearer", expires_in: 3600, scope };
    if (person.idToken !== false) tokens.id_token = await signIdToken(person, nonce);
    Object.assign(tokens, person.answer);
    people.set(tokens.access_token, person);
    refreshable.set(tokens.refresh_token, { person, scope });
    return tokens;
  }

  async function exchange(form) {
    const grant = codes.get(form.code);
    codes.delete(form.code);
    const challenge = createHash("sha256").update(form.code_verifier ?? "").digest("base64url");
    if (!grant || grant.redirect_uri !== form.redirect_uri) return [400, { error: "invalid_grant" }];
    if (grant.code_challenge !== challenge) return [400, { error: "invalid_grant", error_description: "PKCE" }];
    if (typeof grant.person.answer === "number") return [grant.person.answer, { error: "server_error" }];
    return [200, await tokensFor(grant.person, grant)];
  }

  async function refresh(form) {
    const { person, scope } = refreshable.get(form.refresh_token) ?? {};
    if (!person) return [400, { error: "invalid_grant" }];
    const { refreshed = {} } = person;
    if (typeof refreshed === "number") return [refreshed, { error: "server_error" }];
    return [200, await tokensFor({ ...person, answer: refreshed }, { scope })];
  }

  async function token(request) {
    let text = "";
    for await (const chunk of request) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    let [id, secret] = [form.client_id, form.client_secret];
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? "");
    if (basic) {
      const decoded = Buffer.from(basic[1], "base64").toString().replaceAll("+", " ");
      [id, secret] = decoded.split(":").map(decodeURIComponent);
    }
    if (id !== CLIENT.id || secret !== CLIENT.secret) return [401, { error: "invalid_client" }];
    return form.grant_type === "refresh_token" ? refresh(form) : exchange(form);
  }

  function userinfo(request) {
    const person = people.get((request.headers.authorization ?? "").replace(/^Bearer /, ""));
    if (!person) return [401, { error: "invalid_token" }];
    if (typeof person.userinfo === "number") return [person.userinfo, { error: "server_error" }];
    return [200, { ...claimsOf(person), ...person.userinfo }];
  }

  const document = (path) => ({
    issuer: provider.url + path,
    authorization_endpoint: `${provider.url}/authorize`,
    token_endpoint: `${provider.url}/token`,
    userinfo_endpoint: `${provider.url}/userinfo`,
    jwks_uri: `${provider.url}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    ...(path ? { end_session_endpoint: `${provider.url}/sign-out?from=app` } : {}),
  });
  const pages = {
    "/.well-known/openid-configuration": () => [200, document("")],
    "/leaving/.well-known/openid-configuration": () => [200, document("/leaving")],
    "/jwks": () => [200, { keys: [jwk] }],
    "/userinfo": userinfo,
    "/token": token,
  };
  const server = http.createServer(async (request, response) => {
    const [status, body] = (await pages[request.url.split("?")[0]]?.(request)) ?? [404, {}];
    response.writeHead(status, { "content-type": "application/json", location: `${provider.url}/jwks` });
    response.end(JSON.stringify(body));
  });
  server.unref();
  await new Promise((started) => server.listen(port, "127.0.0.1", started));
  provider.url = `http://127.0.0.1:${server.address().port}`;
  provider.signIdToken = signIdToken;
  provider.authorize = (authorizationURL, person, changes = {}) => {
    const asked = Object.fromEntries(new URL(authorizationURL).searchParams);
    const code = random();
    codes.set(code, { ...asked, person });
    const back = new URL(asked.redirect_uri);
    const answer = { code, state: asked.state, iss: person.iss, ...changes };
    for (const [name, value] of Object.entries(answer)) if (value !== undefined) back.searchParams.set(name, value);
    return back.href;
  };
  return provider;
}
