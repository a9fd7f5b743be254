// Better Auth itself with crossSubDomainCookies: prints the Set-Cookie lines of each step as JSON.
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { lastLoginMethod } from "better-auth/plugins";

const baseURL = "https://auth.example.com";
const auth = betterAuth({
  baseURL,
  secret: "a secret of more than thirty-two characters",
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  plugins: [lastLoginMethod()],
  advanced: { crossSubDomainCookies: { enabled: true, domain: process.argv[2] } },
  logger: { disabled: true },
});

async function post(path, body, cookies = []) {
  const headers = { "content-type": "application/json", origin: baseURL };
  if (cookies.length > 0) headers.cookie = cookies.map((line) => line.split(";")[0]).join("; ");
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  const response = await auth.handler(new Request(`${baseURL}/api/auth/${path}`, request));
  return response.headers.getSetCookie();
}

const user = { name: "Ada", email: "ada@example.com", password: process.argv[3] };
const signUp = await post("sign-up/email", user);
const signIn = await post("sign-in/email", { ...user, rememberMe: false });
const signOut = await post("sign-out", {}, signIn);
console.log(JSON.stringify({ signUp, signIn, signOut }));
