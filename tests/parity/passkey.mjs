// Passkeys with the official client: node passkey.mjs URL
// Without arguments the scenes are played with Better Auth itself. The last line has the shapes of
// all responses as JSON, refusals word by word: both servers must give the same.
import assert from "node:assert/strict";
import { passkey } from "@better-auth/passkey";
import { passkeyClient } from "@better-auth/passkey/client";
import { Authenticator } from "./authenticator.mjs";
import { startBetterAuth } from "./better_auth.mjs";
import { openBrowser } from "./browser.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";

const [address] = process.argv.slice(2);
const ORIGIN = address ? "http://localhost:3000" : "http://127.0.0.1:3000";
const options = { rpID: "localhost", rpName: "Gatehouse", origin: ORIGIN };
const server = address ? { url: address } : startBetterAuth([passkey(options)]);
const password = "correct horse 42";
const shapes = new Set();

/** The names and types of a JSON value; Better Auth's memory leaves out what has no value. */
function shapeOf(value) {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (value === null || typeof value !== "object") return typeof value;
  const names = Object.keys(value).filter((name) => value[name] !== null).sort();
  return Object.fromEntries(names.map((name) => [name, shapeOf(value[name])]));
}

/** Better Auth's cookies, without their values. */
function cookiesOf(response) {
  const lines = response.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ""));
  return lines.filter((line) => line.startsWith("better-auth.")).sort();
}

async function record(path, response) {
  if (path.endsWith("/get-session")) return; // when the client refetches is its own business
  const text = await response.text();
  const body = text ? JSON.parse(text) : null;
  const seen = response.ok ? shapeOf(body) : body;
  shapes.add(JSON.stringify([path, response.status, seen, cookiesOf(response)]));
}

function browser() {
  const fetch = (input, init) => {
    init.headers.set("origin", ORIGIN);
    return (server.fetch ?? globalThis.fetch)(input, init);
  };
  return openBrowser(server.url, { fetch, plugins: [passkeyClient()], onResponse: record });
}

/** A request beside the client; gives status and body. */
async function raw({ send }, method, path, body) {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await send(`${server.url}/api/auth/passkey/${path}`, init);
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

async function signUp() {
  const ada = { ...browser(), email: newEmail(), device: new Authenticator(ORIGIN) };
  data(await ada.auth.signUp.email({ email: ada.email, password, name: "Ada" }));
  return ada;
}

const session = async ({ auth }) => data(await auth.getSession());

/** Somebody with a passkey. */
async function withPasskey(name = "Laptop") {
  const ada = await signUp();
  ada.device.use();
  ada.passkey = data(await ada.auth.passkey.addPasskey({ name }));
  return ada;
}

/** An answer that the server has asked for, as JSON. */
async function answerOf(visitor, device) {
  const { body: options } = await raw(visitor, "GET", "generate-authenticate-options");
  const challenge = Buffer.from(options.challenge, "base64url");
  const { id, type, response } = device.get({ publicKey: { ...options, challenge } });
  const texts = Object.entries(response).map(([key, value]) => [key, Buffer.from(value).toString("base64url")]);
  return { id, rawId: id, type, response: Object.fromEntries(texts) };
}

const scenes = {
  "a passkey signs in, also from the browser's own list": async () => {
    const ada = await withPasskey();
    assert.equal(ada.passkey.name, "Laptop");
    const visitor = browser();
    const { user } = data(await visitor.auth.signIn.passkey());
    assert.equal(user.email, ada.email);
    assert.equal((await session(visitor)).user.email, ada.email);
    // While the address is typed the page would be asked for a field; the request is the same.
    const signed = await answerOf(browser(), ada.device);
    assert.equal((await raw(browser(), "POST", "verify-authentication", { response: signed })).status, 400);
  },
  "several are listed, renamed and deleted": async () => {
    const ada = await withPasskey();
    data(await ada.auth.passkey.addPasskey({ name: "Phone", authenticatorAttachment: "platform" }));
    assert.equal(data(await ada.auth.passkey.listUserPasskeys()).length, 2);
    await raw(ada, "GET", "generate-register-options");
    await raw(ada, "GET", "generate-authenticate-options");
    const { id } = ada.passkey;
    assert.equal(data(await ada.auth.passkey.updatePasskey({ id, name: " Old " })).passkey.name, "Old");
    assert.equal(data(await ada.auth.passkey.deletePasskey({ id })).status, true);
    assert.equal(data(await ada.auth.passkey.listUserPasskeys()).length, 1);
  },
  "one is registered with a new session, and without a name": async () => {
    const ada = await signUp();
    ada.device.use();
    data(await ada.auth.passkey.addPasskey({ createSession: true }));
    assert.equal((await session(ada)).user.email, ada.email);
  },
  "an answer counts once, for one browser and one purpose": async () => {
    const ada = await withPasskey();
    const visitor = browser();
    const signed = await answerOf(visitor, ada.device);
    assert.equal((await raw(visitor, "POST", "verify-authentication", { response: signed })).status, 200);
    assert.equal((await raw(visitor, "POST", "verify-authentication", { response: signed })).status, 400);
    await raw(visitor, "GET", "generate-authenticate-options");
    assert.equal((await raw(visitor, "POST", "verify-authentication", { response: signed })).status, 400);
    await raw(ada, "GET", "generate-authenticate-options");
    await raw(ada, "POST", "verify-registration", { response: {} });
    await raw(ada, "GET", "generate-register-options");
    await raw(ada, "POST", "verify-authentication", { response: signed });
  },
  "another page, another domain, another key and nobody there are refused": async () => {
    const ada = await withPasskey();
    for (const twist of [{ origin: "https://evil.example" }, { rpId: "evil.example" }, { flags: 0x04 }]) {
      ada.device.twist = twist;
      assertRefused(await browser().auth.signIn.passkey(), 400, "AUTHENTICATION_FAILED");
      if (!twist.flags) assert.equal((await ada.auth.passkey.addPasskey({ name: "x" })).error.status, 500);
      ada.device.credentials.length = 1;
    }
    ada.device.twist = { signature: true };
    assertRefused(await browser().auth.signIn.passkey(), 401, "AUTHENTICATION_FAILED");
    ada.device.twist = {};
    ada.device.credentials[0].count = 9;
    data(await browser().auth.signIn.passkey());
    ada.device.credentials[0].count = 5;
    assertRefused(await browser().auth.signIn.passkey(), 400, "AUTHENTICATION_FAILED");
  },
  "an unknown passkey, and somebody else's": async () => {
    const ada = await withPasskey();
    const grace = await withPasskey();
    const { id } = ada.passkey;
    assertRefused(await grace.auth.passkey.updatePasskey({ id, name: "x" }), 401, "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY");
    assert.equal((await grace.auth.passkey.deletePasskey({ id })).error.status, 401);
    assert.equal((await browser().auth.passkey.deletePasskey({ id })).error.status, 401);
    data(await ada.auth.passkey.deletePasskey({ id }));
    ada.device.use();
    assertRefused(await browser().auth.signIn.passkey(), 401, "PASSKEY_NOT_FOUND");
    assertRefused(await ada.auth.passkey.updatePasskey({ id, name: "x" }), 404, "PASSKEY_NOT_FOUND");
  },
  "what makes no sense is refused in the same words": async () => {
    const ada = await withPasskey();
    for (const visitor of [ada, browser()]) {
      for (const query of ["", "?authenticatorAttachment=x", "?name=a&context=b", "?name=a&name=b"]) {
        await raw(visitor, "GET", `generate-register-options${query}`);
      }
      await raw(visitor, "GET", "list-user-passkeys");
      for (const path of ["verify-registration", "verify-authentication", "delete-passkey", "update-passkey"]) {
        for (const body of [undefined, {}, [], { id: "" }, { id: "x", name: "x" }, { id: 1, name: " " }, { id: null }]) {
          await raw(visitor, "POST", path, body);
        }
        for (const response of [null, 1, "x", [], {}, { id: "x" }, { id: 1 }]) {
          await raw(visitor, "POST", path, { response });
          await raw(visitor, "GET", "generate-authenticate-options");
          await raw(visitor, "POST", path, { response, name: 1 });
          await raw(visitor, "POST", path, { response });
        }
        for (const response of [undefined, null, {}, { id: "x", rawId: "x", type: "public-key", response: {} }]) {
          await raw(visitor, "GET", "generate-register-options");
          await raw(visitor, "POST", path, { response, createSession: "x" });
          await raw(visitor, "POST", path, { response });
        }
      }
    }
  },
};

process.on("exit", () => console.log(JSON.stringify([...shapes].map((each) => JSON.parse(each)))));
await runScenes(scenes);
