// Better Auth itself, in this process, with the plugins that Gatehouse has, `plugins` and `options`.
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { admin, emailOTP, lastLoginMethod, magicLink, twoFactor, username } from "better-auth/plugins";

// Hashes are not what is compared, and scrypt in JavaScript takes most of the time.
const PLAIN = {
  hash: async (password) => `plain ${password}`,
  verify: async ({ hash, password }) => hash === `plain ${password}`,
};

/** Its URL, its tables, a `fetch` that reaches it, and the last code or link that it mailed to somebody. */
export function startBetterAuth(plugins = [], options = {}) {
  const url = "http://127.0.0.1:3000";
  const codes = new Map();
  const links = new Map();
  const sendMagicLink = ({ email, url, token }) => void links.set(email.toLowerCase(), { url, token });
  const sendOTP = ({ user, otp }) => void codes.set(user.email, otp);
  const sendVerificationOTP = async ({ email, otp }) => void codes.set(email, otp);
  const tables = { user: [], session: [], account: [], verification: [], twoFactor: [], passkey: [] };
  const auth = betterAuth({
    baseURL: url,
    appName: "Gatehouse",
    secret: "a secret of more than thirty-two characters",
    database: memoryAdapter(tables),
    emailAndPassword: { enabled: true, password: PLAIN },
    plugins: [
      ...[admin(), twoFactor({ otpOptions: { sendOTP } }), username(), magicLink({ sendMagicLink })],
      emailOTP({ sendVerificationOTP, changeEmail: { enabled: true } }),
      ...plugins,
      lastLoginMethod(),
    ],
    logger: { disabled: true },
    telemetry: { enabled: false },
    ...options,
  });
  const fetch = (input, init) => auth.handler(new Request(input, init));
  return { url, fetch, tables, lastCode: (email) => codes.get(email), lastLink: (email) => links.get(email) };
}
