// Second factors and user names with the official client: node two_factor.mjs URL MAILBOX
// Without arguments the scenes are played with Better Auth itself. The last line has the shapes of
// all responses as JSON: both servers must give the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import { twoFactorClient, usernameClient } from "better-auth/client/plugins";
import { startBetterAuth } from "./better_auth.mjs";
import { openBrowser } from "./browser.mjs";
import { assertRefused, data, newEmail, runScenes } from "./scenes.mjs";
import { cookiesOf, shapeOf } from "./shapes.mjs";

const [address, mailbox] = process.argv.slice(2);
const server = address ? { url: address, lastCode: readLastCode } : startBetterAuth();
const password = "correct horse 42";
const shapes = [];

function readLastCode(email) {
  const mails = readFileSync(mailbox, "utf-8").trim().split("\n").map((line) => JSON.parse(line));
  return mails.filter((mail) => mail.to === email && mail.code).at(-1).code;
}

async function record(path, response) {
  if (path.endsWith("/get-session")) return; // when the client refetches is its own business
  const text = await response.text();
  const body = text ? shapeOf(JSON.parse(text)) : null;
  shapes.push([path, response.status, body, cookiesOf(response)]);
}

function browser() {
  const redirects = [];
  const onTwoFactorRedirect = (context) => void redirects.push(context.twoFactorMethods);
  const plugins = [twoFactorClient({ onTwoFactorRedirect }), usernameClient()];
  return { redirects, ...openBrowser(server.url, { ...server, plugins, onResponse: record }) };
}

const session = async ({ auth }) => data(await auth.getSession());
const secretOf = (uri) => base32.decode(new URL(uri).searchParams.get("secret"));
const codeOf = ({ secret }) => createOTP(secret).totp();

async function signUp(fields = {}) {
  const ada = { ...browser(), email: newEmail() };
  data(await ada.auth.signUp.email({ email: ada.email, password, name: "Ada", ...fields }));
  return ada;
}

/** Somebody whose authenticator app is on. */
async function enrol(fields) {
  const ada = await signUp(fields);
  const { totpURI, backupCodes } = data(await ada.auth.twoFactor.enable({ password }));
  Object.assign(ada, { secret: secretOf(totpURI), backupCodes });
  data(await ada.auth.twoFactor.verifyTotp({ code: await codeOf(ada) }));
  return ada;
}

/** Another browser, in which the password was right and a code is asked for. */
async function firstStep({ email }, visitor = browser()) {
  const answer = data(await visitor.auth.signIn.email({ email, password }));
  assert.equal(answer.twoFactorRedirect, true);
  assert.equal(await session(visitor), null);
  return visitor;
}

const scenes = {
  "the first code of an app turns it on, and the session goes on": async () => {
    const ada = await enrol();
    assert.equal(ada.backupCodes.length, 10);
    assert.equal((await session(ada)).user.twoFactorEnabled, true);
  },
  "after the password the client is told which factors answer, and the code signs in": async () => {
    const ada = await enrol();
    const visitor = await firstStep(ada);
    assert.equal(visitor.redirects.length, 1);
    assert.ok(visitor.redirects[0].includes("totp"));
    data(await visitor.auth.twoFactor.verifyTotp({ code: await codeOf(ada) }));
    assert.equal((await session(visitor)).user.email, ada.email);
    assert.ok(await session(ada), "the other session goes on");
  },
  "useSession shows the user as soon as the code was right": async () => {
    const ada = await enrol();
    const visitor = await firstStep(ada);
    globalThis.window = {}; // otherwise the client takes this for a server, and fetches nothing
    try {
      const seen = new Promise((resolve) => {
        visitor.auth.useSession.subscribe(({ data: current }) => current && resolve(current.user));
      });
      data(await visitor.auth.twoFactor.verifyTotp({ code: await codeOf(ada) }));
      assert.equal((await seen).email, ada.email);
    } finally {
      delete globalThis.window;
    }
  },
  "a wrong code is refused, and without a first step every code": async () => {
    const ada = await enrol();
    const visitor = await firstStep(ada);
    const code = String((Number(await codeOf(ada)) + 500_000) % 1_000_000).padStart(6, "0");
    assertRefused(await visitor.auth.twoFactor.verifyTotp({ code }), 401, "INVALID_CODE");
    const stranger = browser();
    const early = await stranger.auth.twoFactor.verifyTotp({ code: await codeOf(ada) });
    assertRefused(early, 401, "INVALID_TWO_FACTOR_COOKIE");
    assert.equal(await session(visitor), null);
  },
  "a backup code works once": async () => {
    const ada = await enrol();
    const [code] = ada.backupCodes;
    const visitor = await firstStep(ada);
    data(await visitor.auth.twoFactor.verifyBackupCode({ code }));
    assert.equal((await session(visitor)).user.email, ada.email);
    const second = await firstStep(ada);
    const again = await second.auth.twoFactor.verifyBackupCode({ code });
    assertRefused(again, 401, "INVALID_BACKUP_CODE");
  },
  "new backup codes replace the old ones": async () => {
    const ada = await enrol();
    const { backupCodes } = data(await ada.auth.twoFactor.generateBackupCodes({ password }));
    assert.equal(backupCodes.length, 10);
    const visitor = await firstStep(ada);
    const old = await visitor.auth.twoFactor.verifyBackupCode({ code: ada.backupCodes[0] });
    assertRefused(old, 401, "INVALID_BACKUP_CODE");
    data(await visitor.auth.twoFactor.verifyBackupCode({ code: backupCodes[0] }));
  },
  "a trusted browser is not asked again": async () => {
    const ada = await enrol();
    const visitor = await firstStep(ada);
    const code = await codeOf(ada);
    data(await visitor.auth.twoFactor.verifyTotp({ code, trustDevice: true }));
    data(await visitor.auth.signOut());
    const answer = data(await visitor.auth.signIn.email({ email: ada.email, password }));
    assert.equal(answer.user.email, ada.email);
    await firstStep(ada);
  },
  "a mailed code signs in": async () => {
    const ada = await signUp();
    data(await ada.auth.twoFactor.enable({ password, method: "otp" }));
    assert.equal((await session(ada)).user.twoFactorEnabled, true);
    const visitor = await firstStep(ada);
    assert.deepEqual(visitor.redirects, [["otp"]]);
    data(await visitor.auth.twoFactor.sendOtp());
    data(await visitor.auth.twoFactor.verifyOtp({ code: server.lastCode(ada.email) }));
    assert.equal((await session(visitor)).user.email, ada.email);
  },
  "the secret can be shown again to its owner": async () => {
    const ada = await enrol();
    const { totpURI } = data(await ada.auth.twoFactor.getTotpUri({ password }));
    assert.deepEqual(secretOf(totpURI), ada.secret);
    const wrong = await ada.auth.twoFactor.getTotpUri({ password: "wrong horse 42" });
    assertRefused(wrong, 400, "INVALID_PASSWORD");
  },
  "once it is disabled the password signs in alone": async () => {
    const ada = await enrol();
    data(await ada.auth.twoFactor.disable({ password }));
    assert.equal((await session(ada)).user.twoFactorEnabled, false);
    const visitor = browser();
    data(await visitor.auth.signIn.email({ email: ada.email, password }));
    assert.equal((await session(visitor)).user.email, ada.email);
  },
  "a user name signs in, in any case of its letters": async () => {
    const username = `Ada_${newEmail().slice(7, 19)}`;
    const ada = await signUp({ username });
    assert.equal((await session(ada)).user.displayUsername, username);
    assert.equal(data(await ada.auth.isUsernameAvailable({ username })).available, false);
    const visitor = browser();
    const signedIn = await visitor.auth.signIn.username({ username: username.toUpperCase(), password });
    assert.equal(data(signedIn).user.username, username.toLowerCase());
    assert.equal((await session(visitor)).user.email, ada.email);
    const wrong = await browser().auth.signIn.username({ username, password: "wrong horse 42" });
    assertRefused(wrong, 401, "INVALID_USERNAME_OR_PASSWORD");
  },
  "a user name is changed, and taken only once": async () => {
    const [first, second] = [await signUp(), await signUp()];
    const username = `eve_${newEmail().slice(7, 19)}`;
    data(await first.auth.updateUser({ username }));
    const again = await second.auth.updateUser({ username: username.toUpperCase() });
    assertRefused(again, 400, "USERNAME_IS_ALREADY_TAKEN");
    assert.equal((await session(first)).user.username, username);
  },
  "the code is asked for after a user name too": async () => {
    const username = `ida_${newEmail().slice(7, 19)}`;
    const ada = await enrol({ username });
    const visitor = browser();
    const answer = data(await visitor.auth.signIn.username({ username, password }));
    assert.equal(answer.twoFactorRedirect, true);
    assert.equal(visitor.redirects.length, 1);
    data(await visitor.auth.twoFactor.verifyTotp({ code: await codeOf(ada) }));
    assert.equal((await session(visitor)).user.username, username);
  },
};

process.on("exit", () => console.log(JSON.stringify(shapes)));
await runScenes(scenes);
