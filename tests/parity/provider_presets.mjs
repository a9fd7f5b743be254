// Prints where Better Auth sends browsers, and what it makes of answers of providers:
// node provider_presets.mjs CASES
// CASES is a JSON file: [{provider, claims, answers: {URL: JSON}, user?}]; the claims are an ID
// token's, and answers are what the provider's API says. Nothing is sent anywhere.

import { readFileSync } from "node:fs";
import * as jose from "jose";
import * as providers from "@better-auth/core/social-providers";

const options = { clientId: "client", clientSecret: "secret", disableProfilePhoto: true };
let answers = {};
globalThis.fetch = async (url) => {
  const body = answers[decodeURIComponent(String(url))];
  return body === undefined ? new Response("", { status: 404 }) : Response.json(body);
};

const encode = (part) => jose.base64url.encode(JSON.stringify(part));
const found = [];
for (const { provider: id, claims, user, ...rest } of JSON.parse(readFileSync(process.argv[2]))) {
  answers = rest.answers;
  const provider = providers[id](options);
  const idToken = claims && `${encode({ alg: "RS256" })}.${encode(claims)}.x`;
  const tokens = { accessToken: "access", idToken, user: user && JSON.parse(user) };
  const got = await provider.getUserInfo(tokens);
  const subject = got && String(await provider.accountSubject({ tokens, profile: got.data }));
  found.push(got && { id: subject, ...got.user });
}

const urls = {};
for (const id of ["huggingface", "google", "github", "microsoft", "gitlab", "discord", "apple"]) {
  const request = { state: "state", codeVerifier: "v".repeat(128), redirectURI: `https://a.example/${id}` };
  urls[id] = String(await providers[id](options).createAuthorizationURL(request));
}
console.log(JSON.stringify({ found, urls }));
