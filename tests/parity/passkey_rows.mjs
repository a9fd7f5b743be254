// Prints Better Auth's tables user and passkey after somebody has registered and used a passkey,
// and the private key of it: node passkey_rows.mjs
import { passkey } from "@better-auth/passkey";
import { passkeyClient } from "@better-auth/passkey/client";
import { Authenticator } from "./authenticator.mjs";
import { startBetterAuth } from "./better_auth.mjs";
import { openBrowser } from "./browser.mjs";
import { data } from "./scenes.mjs";

const origin = "http://127.0.0.1:3000";
const server = startBetterAuth([passkey({ rpID: "localhost", origin })]);
const device = new Authenticator(origin).use();
const { auth } = openBrowser(server.url, { ...server, plugins: [passkeyClient()] });
data(await auth.signUp.email({ email: "ada@example.com", password: "correct horse", name: "Ada" }));
data(await auth.passkey.addPasskey({ name: "Laptop" }));
data(await auth.signIn.passkey());
const [{ id, privateKey, count }] = device.credentials;
const { user: users, passkey: rows } = server.tables;
const key = privateKey.export({ type: "pkcs8", format: "pem" });
console.log(JSON.stringify({ users, rows, credential: { id: id.toString("hex"), key, count } }));
