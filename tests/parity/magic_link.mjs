// Magic links with the official client: node magic_link.mjs URL MAILBOX
// Without arguments the scenes are played with Better Auth itself. The last line tells of all
// responses as JSON: both servers must give the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { magicLinkClient } from "better-auth/client/plugins";
import { startBetterAuth } from "./better_auth.mjs";
import { openBrowser } from "./browser.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";
import { cookiesOf, shapeOf } from "./shapes.mjs";

const [address, mailbox] = process.argv.slice(2);
const server = address ? { url: address, lastLink: readLastLink } : startBetterAuth();
const api = `${server.url}/api/auth`;
const password = "correct horse 42";
const ORIGIN = /^http:\/\/[a-z0-9.]+:\d+/; // of the server, which every redirect begins with
const answers = [];

function readLastLink(email) {
  const mails = readFileSync(mailbox, "utf-8").trim().split("\n").map((line) => JSON.parse(line));
  return mails.filter((mail) => mail.to === email && mail.kind === "magic-link").at(-1);
}

async function record(path, response) {
  const content = JSON.parse((await response.text()) || "null");
  const body = response.ok ? shapeOf(content) : content; // what is refused, word by word
  const location = response.headers.get("location")?.replace(ORIGIN, "");
  answers.push([path, response.status, body, location, cookiesOf(response)]);
}

const browser = () => openBrowser(server.url, { ...server, plugins: [magicLinkClient()], onResponse: record });
const session = async ({ auth }) => data(await auth.getSession());
const open = (visitor, url) => visitor.send(url, { redirect: "manual", headers: { accept: "text/html" } });
const locationOf = (response) => response.headers.get("location").replace(ORIGIN, "");

async function ask(email, fields = { callbackURL: "/in" }) {
  const asked = await browser().auth.signIn.magicLink({ email, ...fields });
  assert.deepEqual(data(asked), { status: true });
  return server.lastLink(email.toLowerCase());
}

/** Send something that the client's types would not allow. */
async function post(path, body) {
  const headers = { "content-type": "application/json" };
  return (await browser().send(api + path, { method: "POST", body: JSON.stringify(body), headers })).status;
}

const scenes = {
  "a new user comes in, and goes where new users go": async () => {
    const [email, ada] = [newEmail(), browser()];
    const link = await ask(email, { name: "Ada", callbackURL: "/in", newUserCallbackURL: "/new?a=b" });
    assert.equal(locationOf(await open(ada, link.url)), "/new?a=b");
    const { user } = await session(ada);
    assert.deepEqual([user.email, user.name, user.emailVerified], [email, "Ada", true]);
    const again = await ask(email, { callbackURL: "/in", newUserCallbackURL: "/new" });
    assert.equal(locationOf(await open(browser(), again.url)), "/in");
  },
  "the URL has what was asked for": async () => {
    const targets = { callbackURL: "/in?x=1&y=2", newUserCallbackURL: "/new", errorCallbackURL: "/err" };
    for (const fields of [{}, { callbackURL: "/in" }, targets]) {
      const { searchParams, pathname } = new URL((await ask(newEmail(), fields)).url);
      assert.equal(pathname, "/api/auth/magic-link/verify");
      const found = Object.fromEntries([...searchParams].filter(([name]) => name !== "token"));
      assert.deepEqual(found, { callbackURL: "/", ...fields });
    }
  },
  "the client verifies a link itself": async () => {
    const [email, ada] = [newEmail(), browser()];
    const { token } = await ask(email);
    const verified = data(await ada.auth.magicLink.verify({ query: { token } }));
    assert.deepEqual(Object.keys(verified), ["token", "user", "session"]);
    assert.deepEqual([verified.user.email, verified.session.token], [email, verified.token]);
    assert.equal((await session(ada)).session.token, verified.token);
  },
  "a used or made-up link leads to the page for errors": async () => {
    const link = await ask(newEmail(), { callbackURL: "/in", errorCallbackURL: "/err?a=b%20c&error=x#d" });
    await open(browser(), link.url);
    assert.equal(locationOf(await open(browser(), link.url)), "/err?a=b+c&error=INVALID_TOKEN#d");
    for (const query of ["", "&callbackURL=/in", "&errorCallbackURL=/err", "&newUserCallbackURL=/new"]) {
      const response = await open(browser(), `${api}/magic-link/verify?token=garbage${query}`);
      assert.match(locationOf(response), /\?error=INVALID_TOKEN$/);
    }
  },
  "an address with capitals is the same address": async () => {
    const email = newEmail();
    await open(browser(), (await ask(email)).url);
    const ada = browser();
    await open(ada, (await ask(email.toUpperCase())).url);
    assert.equal((await session(ada)).user.email, email);
  },
  "a squatter's password and session are void, a verified user's are not": async () => {
    const [email, squatter, ada] = [newEmail(), browser(), browser()];
    data(await squatter.auth.signUp.email({ email, password, name: "Mallory" }));
    await open(ada, (await ask(email)).url);
    assert.equal((await session(ada)).user.emailVerified, true);
    assert.equal(await session(squatter), null);
    assertRefused(await browser().auth.signIn.email({ email, password }), 401, "INVALID_EMAIL_OR_PASSWORD");
    await open(browser(), (await ask(email)).url);
    assert.ok(await session(ada), "the session goes on");
  },
  "a target elsewhere is refused": async () => {
    const [email, evil] = [newEmail(), "https://evil.example/"];
    for (const name of ["callbackURL", "newUserCallbackURL", "errorCallbackURL"]) {
      assert.equal((await browser().auth.signIn.magicLink({ email, [name]: evil })).error.status, 403);
      const response = await open(browser(), `${api}/magic-link/verify?token=x&${name}=${evil}`);
      assert.equal(response.status, 403);
    }
  },
  "what cannot be understood is refused": async () => {
    const email = newEmail();
    const bodies = [{}, { email: "nope" }, { email: 1 }, { email, name: 1 }, { email, metadata: "x" }];
    bodies.push({ email, metadata: [] }, { email, name: null }, { email, metadata: null });
    for (const body of bodies) assert.equal(await post("/sign-in/magic-link", body), 400);
    assert.equal(await post("/sign-in/magic-link", { email, metadata: { a: [1] } }), 200);
    assert.equal((await open(browser(), `${api}/magic-link/verify`)).status, 400);
  },
  "other methods are unknown": async () => {
    const { url } = await ask(newEmail());
    for (const method of ["HEAD", "POST", "PUT"]) {
      assert.equal((await browser().send(url, { method })).status, 404);
    }
    assert.equal((await browser().send(`${api}/sign-in/magic-link`)).status, 404);
  },
};

process.on("exit", () => console.log(JSON.stringify(answers)));
await runScenes(scenes);
