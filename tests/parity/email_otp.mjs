// Mailed codes with the official client: node email_otp.mjs URL MAILBOX
// Without arguments the scenes are played with Better Auth itself. The last line has the shapes of
// all responses as JSON, refusals word for word: both servers must give the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { emailOTPClient } from "better-auth/client/plugins";
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
  return mails.filter((mail) => mail.to === email && mail.code).at(-1)?.code;
}

async function record(path, response) {
  if (path.endsWith("/get-session")) return; // when the client refetches is its own business
  const text = await response.text();
  const body = text ? JSON.parse(text) : null;
  shapes.push([path, response.status, response.ok ? shapeOf(body) : body, cookiesOf(response)]);
}

const browser = () => openBrowser(server.url, { ...server, plugins: [emailOTPClient()], onResponse: record });
const session = async ({ auth }) => data(await auth.getSession());
const otherThan = (code) => String((Number(code) + 500_000) % 1_000_000).padStart(6, "0");
const SUCCESS = { success: true };

async function signUp() {
  const ada = { ...browser(), email: newEmail() };
  data(await ada.auth.signUp.email({ email: ada.email, password, name: "Ada" }));
  return ada;
}

async function send({ auth }, email, type) {
  assert.deepEqual(data(await auth.emailOtp.sendVerificationOtp({ email, type })), SUCCESS);
  return server.lastCode(email.toLowerCase());
}

/** Send a body that the client's types do not allow. */
async function post({ send }, path, body) {
  const headers = { "content-type": "application/json" };
  return send(`${server.url}/api/auth${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

const scenes = {
  "a code signs up, and the next one signs in": async () => {
    const email = newEmail();
    for (const name of ["Otto", "Nobody"]) {
      const visitor = browser();
      const otp = await send(visitor, email.toUpperCase(), "sign-in");
      const { user } = data(await visitor.auth.signIn.emailOtp({ email, otp, name }));
      assert.deepEqual([user.email, user.name, user.emailVerified], [email, "Otto", true]);
      assert.equal((await session(visitor)).user.email, email);
    }
  },
  "useSession shows the user as soon as the code was right": async () => {
    const [visitor, email] = [browser(), newEmail()];
    const otp = await send(visitor, email, "sign-in");
    globalThis.window = {}; // otherwise the client takes this for a server, and fetches nothing
    try {
      const seen = new Promise((resolve) => {
        visitor.auth.useSession.subscribe(({ data: current }) => current && resolve(current.user));
      });
      data(await visitor.auth.signIn.emailOtp({ email, otp }));
      assert.equal((await seen).email, email);
    } finally {
      delete globalThis.window;
    }
  },
  "a code works once, and only the newest": async () => {
    const ada = await signUp();
    const former = await send(browser(), ada.email, "sign-in");
    const otp = await send(browser(), ada.email, "sign-in");
    if (former !== otp) {
      const refused = await browser().auth.signIn.emailOtp({ email: ada.email, otp: former });
      assertRefused(refused, 400, "INVALID_OTP");
    }
    data(await browser().auth.signIn.emailOtp({ email: ada.email, otp }));
    assertRefused(await browser().auth.signIn.emailOtp({ email: ada.email, otp }), 400, "INVALID_OTP");
  },
  "after three wrong codes the right one is refused, and then there is none": async () => {
    const [visitor, email] = [browser(), newEmail()];
    const otp = await send(visitor, email, "sign-in");
    const answers = [];
    for (const code of [otherThan(otp), otherThan(otp), otherThan(otp), otp, otp]) {
      const { error } = await visitor.auth.signIn.emailOtp({ email, otp: code });
      answers.push([error.status, error.code]);
    }
    const invalid = [400, "INVALID_OTP"];
    assert.deepEqual(answers, [invalid, invalid, invalid, [403, "TOO_MANY_ATTEMPTS"], invalid]);
  },
  "a code of one type is none of another": async () => {
    const ada = await signUp();
    const otp = await send(ada, ada.email, "sign-in");
    const reset = await ada.auth.emailOtp.resetPassword({ email: ada.email, otp, password });
    assertRefused(reset, 400, "INVALID_OTP");
    assertRefused(await ada.auth.emailOtp.verifyEmail({ email: ada.email, otp }), 400, "INVALID_OTP");
  },
  "a check leaves the code as it is, and a wrong one counts": async () => {
    const ada = await signUp();
    const otp = await send(ada, ada.email, "email-verification");
    const check = (code) =>
      ada.auth.emailOtp.checkVerificationOtp({ email: ada.email, type: "email-verification", otp: code });
    assertRefused(await check(otherThan(otp)), 400, "INVALID_OTP");
    for (let time = 0; time < 4; time++) assert.deepEqual(data(await check(otp)), SUCCESS);
    assertRefused(await check(otherThan(otp)), 400, "INVALID_OTP");
    assertRefused(await check(otherThan(otp)), 400, "INVALID_OTP");
    assertRefused(await check(otp), 403, "TOO_MANY_ATTEMPTS");
  },
  "a check for somebody who does not exist yet": async () => {
    const [visitor, email] = [browser(), newEmail()];
    const otp = await send(visitor, email, "sign-in");
    const checked = await visitor.auth.emailOtp.checkVerificationOtp({ email, type: "sign-in", otp });
    assertRefused(checked, 400, "USER_NOT_FOUND");
    data(await visitor.auth.signIn.emailOtp({ email, otp }));
  },
  "a code verifies an address": async () => {
    const ada = await signUp();
    const otp = await send(ada, ada.email, "email-verification");
    const { status, token, user } = data(await ada.auth.emailOtp.verifyEmail({ email: ada.email, otp }));
    assert.deepEqual([status, token, user.emailVerified], [true, null, true]);
    assert.equal((await session(ada)).user.emailVerified, true);
    const second = await send(ada, ada.email, "email-verification");
    data(await browser().auth.emailOtp.verifyEmail({ email: ada.email, otp: second }));
  },
  "a code of a user who is not verified ends what was there before": async () => {
    const [squatter, owner] = [await signUp(), browser()];
    const otp = await send(owner, squatter.email, "sign-in");
    data(await owner.auth.signIn.emailOtp({ email: squatter.email, otp }));
    assert.equal(await session(squatter), null);
    const again = await squatter.auth.signIn.email({ email: squatter.email, password });
    assertRefused(again, 401, "INVALID_EMAIL_OR_PASSWORD");
  },
  "a code resets a password, and verifies": async () => {
    const [ada, visitor] = [await signUp(), browser()];
    const { email } = ada;
    assert.deepEqual(data(await visitor.auth.emailOtp.requestPasswordReset({ email })), SUCCESS);
    const otp = server.lastCode(email);
    const reset = (fields) => visitor.auth.emailOtp.resetPassword({ email, otp, password: "another horse 42", ...fields });
    assertRefused(await reset({ password: "short" }), 400, "PASSWORD_TOO_SHORT");
    assertRefused(await reset({ password: "x".repeat(129) }), 400, "PASSWORD_TOO_LONG");
    assertRefused(await reset({ otp: otherThan(otp) }), 400, "INVALID_OTP");
    assertRefused(await reset({ email: "nope" }), 400, "INVALID_EMAIL");
    assert.deepEqual(data(await reset()), SUCCESS);
    assertRefused(await reset(), 400, "INVALID_OTP");
    const signedIn = data(await visitor.auth.signIn.email({ email, password: "another horse 42" }));
    assert.equal(signedIn.user.emailVerified, true);
  },
  "who has no password gets one with a code, under the old name too": async () => {
    const [visitor, email] = [browser(), newEmail()];
    data(await visitor.auth.signIn.emailOtp({ email, otp: await send(visitor, email, "sign-in") }));
    assert.deepEqual(data(await visitor.auth.forgetPassword.emailOtp({ email })), SUCCESS);
    data(await visitor.auth.emailOtp.resetPassword({ email, otp: server.lastCode(email), password }));
    data(await browser().auth.signIn.email({ email, password }));
  },
  "a code changes the address": async () => {
    const [ada, newOne] = [await signUp(), newEmail()];
    const request = (fields) => ada.auth.emailOtp.requestEmailChange({ newEmail: newOne, ...fields });
    assert.deepEqual(data(await request()), SUCCESS);
    const otp = server.lastCode(newOne);
    const change = (fields) => ada.auth.emailOtp.changeEmail({ newEmail: newOne, otp, ...fields });
    assertRefused(await change({ otp: otherThan(otp) }), 400, "INVALID_OTP");
    assertRefused(await change({ newEmail: newEmail() }), 400, "INVALID_OTP");
    assert.equal((await request({ newEmail: ada.email })).error.message, "Email is the same");
    assertRefused(await request({ newEmail: "nope" }), 400, "INVALID_EMAIL");
    assert.deepEqual(data(await change()), SUCCESS);
    const { user } = await session(ada);
    assert.deepEqual([user.email, user.emailVerified], [newOne, true]);
    const stranger = browser();
    assert.equal((await stranger.auth.emailOtp.requestEmailChange({ newEmail: newOne })).error.status, 401);
    assert.equal((await stranger.auth.emailOtp.changeEmail({ newEmail: newOne, otp })).error.status, 401);
  },
  "of a taken address there is no sign, and no code": async () => {
    const [ada, taken] = [await signUp(), await signUp()];
    assert.deepEqual(data(await ada.auth.emailOtp.requestEmailChange({ newEmail: taken.email })), SUCCESS);
    assert.equal(server.lastCode(taken.email), undefined);
    const late = newEmail();
    data(await ada.auth.emailOtp.requestEmailChange({ newEmail: late }));
    const otp = server.lastCode(late);
    data(await browser().auth.signUp.email({ email: late, password, name: "Late" }));
    const { error } = await ada.auth.emailOtp.changeEmail({ newEmail: late, otp });
    assert.deepEqual([error.status, error.message], [400, "Email already in use"]);
  },
  "unknown addresses tell nothing": async () => {
    const nobody = newEmail();
    assert.equal(await send(browser(), nobody, "email-verification"), undefined);
    assert.equal(await send(browser(), nobody, "forget-password"), undefined);
    const { auth } = browser();
    assert.deepEqual(data(await auth.emailOtp.requestPasswordReset({ email: nobody })), SUCCESS);
    const otp = "123456";
    assertRefused(await auth.emailOtp.verifyEmail({ email: nobody, otp }), 400, "INVALID_OTP");
    assertRefused(await auth.signIn.emailOtp({ email: nobody, otp }), 400, "INVALID_OTP");
  },
  "bad input is refused in the same words": async () => {
    const visitor = browser();
    const bodies = {
      "/email-otp/send-verification-otp": [
        {}, { email: "x@example.com" }, { email: "x@example.com", type: "x" }, { email: 1, type: "sign-in" },
        { email: "nope", type: "sign-in" }, { email: "x@example.com", type: "change-email" },
      ],
      "/email-otp/check-verification-otp": [
        {}, { email: "nope", type: "sign-in", otp: "1" }, { email: "x@example.com", type: "change-email", otp: "1" },
        { email: "x@example.com", type: "sign-in", otp: 123456 },
      ],
      "/email-otp/verify-email": [{}, { email: "nope", otp: "1" }, { email: "x@example.com", otp: "" }],
      "/sign-in/email-otp": [
        { email: "nope", otp: "1" }, { email: "", otp: "" }, { email: "x@example.com", otp: null },
        { email: "x@example.com", otp: "1", name: 1 }, { email: "x@example.com", otp: "1", image: null },
      ],
      "/email-otp/request-password-reset": [{}, { email: null }, { email: "nope" }],
      "/forget-password/email-otp": [{}, { email: "nope" }],
      "/email-otp/reset-password": [
        {}, { email: "nope", otp: "1", password: "short" }, { email: "x@example.com", otp: "1", password: "short" },
        { email: "x@example.com", otp: "1", password: "long enough 42" },
      ],
      "/email-otp/request-email-change": [{}, { newEmail: "x@example.com" }, { newEmail: "x@example.com", otp: 1 }],
      "/email-otp/change-email": [{}, { newEmail: "x@example.com" }, { newEmail: "x@example.com", otp: "1" }],
    };
    for (const [path, all] of Object.entries(bodies)) {
      for (const body of all) assert.ok((await post(visitor, path, body)).status >= 400, path);
      await post(visitor, path, []);
    }
  },
  "who signs up with a code cannot make themselves an admin": async () => {
    const [visitor, email] = [browser(), newEmail()];
    const otp = await send(visitor, email, "sign-in");
    const response = await post(visitor, "/sign-in/email-otp", { email, otp, role: "admin" });
    assert.equal(response.status, 400);
  },
};

process.on("exit", () => console.log(JSON.stringify(shapes)));
await runScenes(scenes);
