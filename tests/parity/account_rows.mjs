// Prints Better Auth's tables user and account after people have signed in at a provider:
// node account_rows.mjs PROVIDER-URL
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { genericOAuth } from "better-auth/plugins";
import { openBrowser } from "./browser.mjs";
import { data } from "./scenes.mjs";

const [provider] = process.argv.slice(2);
const OLD = "the secret of a Better Auth long ago";
const NEW = "the next one: it encrypts now";
const client = { providerId: "lax", clientId: "client", clientSecret: "a client's secret", scopes: ["openid", "email"] };
const accountSubject = ({ profile }) => profile.sub;
const endpoints = { authorizationUrl: `${provider}authorize`, tokenUrl: `${provider}token`, userInfoUrl: `${provider}user` };

async function rowsOf(name, options) {
  const tables = { user: [], session: [], account: [], verification: [] };
  const url = "http://127.0.0.1:3000";
  const auth = betterAuth({
    baseURL: url,
    database: memoryAdapter(tables),
    emailAndPassword: { enabled: true },
    plugins: [genericOAuth({ config: [{ ...client, ...endpoints, accountSubject }] })],
    logger: { disabled: true },
    telemetry: { enabled: false },
    ...options,
  });
  const email = `${name}@example.com`;
  const browser = openBrowser(url, { fetch: (input, init) => auth.handler(new Request(input, init)) });
  data(await browser.auth.signUp.email({ email: `password-of-${email}`, password: "correct horse", name }));
  await browser.auth.signOut();
  const begun = new URL(data(await browser.auth.signIn.social({ provider: "lax", callbackURL: "/in" })).url);
  begun.searchParams.set("x_person", JSON.stringify({ sub: name, email, email_verified: true, name }));
  const { headers } = await fetch(begun, { redirect: "manual" });
  const answer = await browser.send(headers.get("location"), { redirect: "manual" });
  if (!answer.headers.get("location").endsWith("/in")) throw new Error(answer.headers.get("location"));
  return { users: tables.user, rows: tables.account };
}

const encrypting = { account: { encryptOAuthTokens: true } };
const secrets = [2, 1].map((version) => ({ version, value: version === 2 ? NEW : OLD }));
console.log(
  JSON.stringify({
    secret: OLD,
    secrets: `2:${NEW},1:${OLD}`,
    plain: await rowsOf("plain", { secret: OLD }),
    encrypted: await rowsOf("encrypted", { secret: OLD, ...encrypting }),
    rotated: await rowsOf("rotated", { secret: OLD, secrets, ...encrypting }),
  }),
);
