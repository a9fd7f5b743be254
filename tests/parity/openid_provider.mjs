// Real OpenID providers for the tests: `oidc-provider`, certified by the OpenID Foundation, over TLS.
//
//   node openid_provider.mjs CERTIFICATE_AND_KEY.pem
//
// It prints its port. Each test has a realm of its own, at /realms/<name> as Keycloak has them, with its
// own keys, clients and people. What a realm answers can be held back, replaced or changed on its way out,
// because providers fail and lie. Orders come to POST /orders (see ORDERS); it ends with its standard input.
import { readFileSync } from "node:fs";
import https from "node:https";
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

// The package is written for Node.js 22; this is all that it uses and 20 lacks.
URL.parse ??= (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null);
console.warn = console.info = () => {}; // it warns of what is meant here
const { default: Provider } = await import("oidc-provider");

const PATHS = {
  "/.well-known/openid-configuration": "discovery",
  "/jwks": "keys",
  "/token": "token",
  "/me": "userinfo",
};
const KEYS = { RS256: ["rsa", { modulusLength: 2048 }], ES256: ["ec", { namedCurve: "P-256" }], EdDSA: ["ed25519", {}] };
const CLIENT_SECRET = "a secret that only the client and the provider know";
const NOBODY = "of nobody";
const realms = new Map();
const served = new WeakSet(); // connections that have had a request

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (text) => JSON.parse(Buffer.from(text, "base64url"));

/** A key by its name. All realms have the same, so that nothing but the issuer tells one from another. */
const keys = new Map();
function findKey(alg, generation) {
  const kid = `${alg}-${generation}`;
  if (!keys.has(kid)) {
    const { privateKey } = generateKeyPairSync(...KEYS[alg]);
    keys.set(kid, { ...privateKey.export({ format: "jwk" }), alg, kid, use: "sig" });
  }
  return keys.get(kid);
}

/** Where a realm keeps its codes, tokens and sessions, so that they outlive a change of its keys. */
function openStore() {
  const rows = new Map();
  return class Store {
    constructor(model) {
      this.model = model;
    }
    key = (id) => `${this.model} ${id}`;
    find = async (id) => rows.get(this.key(id));
    findByUid = async (uid) => [...rows.values()].find((row) => row.kind === "Session" && row.uid === uid);
    upsert = async (id, row) => void rows.set(this.key(id), row);
    consume = async (id) => void (rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000));
    destroy = async (id) => void rows.delete(this.key(id));
    async revokeByGrantId(grantId) {
      for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key);
    }
  };
}

class Realm {
  constructor(origin, name, options) {
    Object.assign(this, { origin, name, path: `/realms/${name}`, issuer: `${origin}/realms/${name}` });
    this.options = { alg: "RS256", algs: ["ES256"], claimsInIdToken: true, accessTokenSeconds: 3600, ...options };
    this.store = openStore();
    this.people = new Map(); // claims by subject
    this.faults = new Map(); // how an endpoint fails, and how often
    this.changes = new Map(); // what is different in an endpoint's JSON
    this.forgery = null; // how an ID token is altered
    this.waiting = []; // connections that are kept without an answer
    this.received = []; // requests, without those of the person's browser
    this.generation = 0;
    this.rotate({});
  }

  /** Sign with new keys; those before stay in the published set, or vanish from it. */
  rotate({ keep = false }) {
    this.generation += 1;
    const algs = new Set([this.options.alg, ...this.options.algs]);
    const fresh = [...algs].map((alg) => findKey(alg, this.generation));
    this.keys = [...fresh, ...(keep ? this.keys : [])];
    this.provider = new Provider(this.issuer, this.configuration());
    this.provider.use((ctx, next) => this.change(ctx, next));
    this.callback = this.provider.callback();
  }

  configuration() {
    const { alg, claimsInIdToken, accessTokenSeconds, redirectUris } = this.options;
    return {
      adapter: this.store,
      clients: [
        {
          client_id: "gatehouse",
          client_secret: CLIENT_SECRET,
          redirect_uris: redirectUris,
          grant_types: ["authorization_code", "refresh_token"],
          id_token_signed_response_alg: alg,
        },
      ],
      jwks: { keys: this.keys },
      claims: {
        openid: ["sub"],
        email: ["email", "email_verified"],
        profile: ["name", "picture", "preferred_username", "given_name", "family_name"],
        groups: ["groups"],
      },
      scopes: ["openid", "offline_access"],
      conformIdTokenClaims: !claimsInIdToken,
      cookies: { keys: ["signs the cookies of the person's browser"] },
      extraParams: ["x_person"],
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `${this.path}/interaction/${uid}` },
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...this.people.get(sub), sub }) }),
      loadExistingGrant: (ctx) => this.grant(ctx),
      pkce: { required: () => true },
      issueRefreshToken: () => true,
      rotateRefreshToken: true,
      ttl: { AccessToken: accessTokenSeconds, IdToken: 600, Interaction: 600, Session: 600, Grant: 600, RefreshToken: 600 },
      renderError: (ctx, out) => void (ctx.body = out),
    };
  }

  /** Nobody is asked whether the client may have what it asks for. */
  async grant({ oidc }) {
    const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
    grant.addOIDCScope(oidc.params.scope);
    await grant.save();
    return grant;
  }

  async handle(request, response) {
    const path = request.url.slice(this.path.length);
    const endpoint = PATHS[path.split("?")[0]];
    if (endpoint) this.received.push({ endpoint, authorization: request.headers.authorization ?? null });
    const isKept = served.has(request.socket);
    served.add(request.socket);
    const fault = this.faults.get(endpoint);
    if (fault && (isKept || !fault.kept)) {
      if (fault.times && --fault.times === 0) this.faults.delete(endpoint);
      if (fault.kind === "hang") return void this.waiting.push(request.socket);
      return fail(request, response, fault);
    }
    if (path.startsWith("/interaction/")) return this.meet(request, response);
    request.originalUrl = request.url;
    request.url = path;
    return this.callback(request, response);
  }

  /** The page on which the person signs in, or does not; who comes with `x_person` or a hint sees none. */
  async meet(request, response) {
    const { params } = await this.provider.interactionDetails(request, response);
    const form = new URLSearchParams(request.method === "POST" ? await read(request) : "");
    const email = form.get("email") || params.login_hint;
    let person = params.x_person ? decode(params.x_person) : null;
    if (!person && form.has("cancel")) person = { cancels: true };
    if (!person && email) person = { sub: email, email, email_verified: !form.has("unverified"), name: email.split("@")[0] };
    if (!person) {
      response.writeHead(200, { "content-type": "text/html" });
      return response.end(
        `<title>Sign in at ${this.name}</title><form method=post><label>Address <input name=email></label>` +
          `<label><input type=checkbox name=unverified>Not verified</label>` +
          `<button>Sign in</button><button name=cancel value=1>Cancel</button></form>`,
      );
    }
    const { cancels, ...claims } = person;
    if (!cancels) this.people.set(claims.sub, claims);
    const result = cancels
      ? { error: "access_denied", error_description: "The person does not want to" }
      : { login: { accountId: claims.sub } };
    return this.provider.interactionFinished(request, response, result);
  }

  async change(ctx, next) {
    await next();
    const endpoint = PATHS[ctx.path];
    if (!endpoint || ctx.status !== 200) return;
    const body = typeof ctx.body === "string" ? JSON.parse(ctx.body) : ctx.body;
    if (endpoint === "token" && this.forgery && body.id_token) body.id_token = this.forge(body.id_token);
    ctx.body = merge(body, this.changes.get(endpoint));
  }

  /** The ID token with other claims, another header, and whatever `key` makes of its signature. */
  forge(token) {
    const [header, claims] = token.split(".").slice(0, 2).map(decode);
    const { key = "own" } = this.forgery;
    const own = this.keys.find(({ kid }) => kid === (this.forgery.kid ?? header.kid));
    const input = `${encode(merge(header, this.forgery.header))}.${encode(merge(claims, this.forgery.claims))}`;
    return `${input}.${SIGNATURES[key](input, own).toString("base64url")}`;
  }
}

const load = (jwk) => createPrivateKey({ key: jwk, format: "jwk" });
const signWith = (jwk, input) =>
  sign(jwk.kty === "OKP" ? null : "sha256", Buffer.from(input), { key: load(jwk), dsaEncoding: "ieee-p1363" });
const SIGNATURES = {
  own: (input, own) => signWith(own, input),
  stranger: (input, own) => signWith(findKey(own.alg, NOBODY), input),
  none: () => Buffer.alloc(0),
  "public key": (input, own) => {
    const pem = createPublicKey(load(own)).export({ type: "spki", format: "pem" });
    return createHmac("sha256", pem).update(input).digest();
  },
  "client secret": (input) => createHmac("sha256", CLIENT_SECRET).update(input).digest(),
};

/** `changes` laid over a body; what is null in them is left out. */
function merge(body, changes = {}) {
  return Object.fromEntries(Object.entries({ ...body, ...changes }).filter(([, value]) => value !== null));
}

function fail(request, response, { kind = "answer", status = 500, headers = {}, body = "", repeat = 1 }) {
  if (kind === "cut") return request.socket.destroy();
  response.writeHead(status, { "content-type": "application/json", ...headers });
  if (kind === "drip") return void drip(response);
  return response.end(body.repeat(repeat));
}

/** A body that comes byte after byte and has no end. */
function drip(response) {
  const timer = setInterval(() => response.write(" "), 50);
  response.on("close", () => clearInterval(timer));
}

async function read(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

const ORDERS = {
  open: (_, { origin, name, options }) => {
    const realm = new Realm(origin, name, options);
    realms.set(name, realm);
    return { issuer: realm.issuer };
  },
  close: ({ name }) => realms.delete(name),
  rotate: (realm, order) => realm.rotate(order),
  fail: (realm, { endpoint, fault }) => (fault ? realm.faults.set(endpoint, fault) : realm.faults.delete(endpoint)),
  change: (realm, { endpoint, changes }) => realm.changes.set(endpoint, changes),
  forge: (realm, { forgery }) => {
    realm.forgery = forgery;
    findKey(realm.options.alg, NOBODY); // now: the token endpoint has no time to make one
  },
  release: (realm) => realm.waiting.splice(0).forEach((socket) => socket.destroy()),
  received: (realm) => realm.received,
};

async function obey(request, response) {
  const { order, realm, ...rest } = JSON.parse(await read(request));
  const result = ORDERS[order](realms.get(realm), rest);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(order === "open" || order === "received" ? result : {}));
}

const pem = readFileSync(process.argv[2]);
const server = https.createServer({ key: pem, cert: pem }, async (request, response) => {
  try {
    if (request.url === "/orders") return await obey(request, response);
    const realm = realms.get(request.url.split(/[/?]/)[2]);
    if (realm) return await realm.handle(request, response);
    response.writeHead(404).end();
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain" }).end(String(error.stack));
  }
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
