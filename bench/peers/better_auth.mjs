// Better Auth on Node, with PostgreSQL, its migrations, and bcrypt of the run's work factor.
// COOKIE_CACHE=on: its session cache in a signed cookie, which honours a revoked session for a while.
import http from "node:http";
import bcrypt from "bcrypt";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import pg from "pg";

const rounds = Number(process.env.BCRYPT_ROUNDS);
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${process.env.PORT}`,
  secret: "a secret of the bench only, long enough for every server",
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 }),
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  session: { cookieCache: { enabled: process.env.COOKIE_CACHE === "on", maxAge: 300 } },
  emailAndPassword: {
    enabled: true,
    password: {
      hash: (password) => bcrypt.hash(password, rounds),
      verify: ({ hash, password }) => bcrypt.compare(password, hash),
    },
  },
});

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const handler = toNodeHandler(auth);
http
  .createServer((request, response) => {
    if (request.url === "/health") return response.end("ok");
    return handler(request, response);
  })
  .listen(Number(process.env.PORT), "127.0.0.1");
