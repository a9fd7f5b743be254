"""What stands at the top of the API docs, in Markdown."""

ABOUT = """\
Accounts and sessions over HTTP. Everything below `/api/auth` speaks the protocol of
[Better Auth](https://www.better-auth.com), so its official JavaScript client works unchanged; the
rest is plain JSON.

**Try it here.** Send `POST /api/auth/sign-up/email` with the example below it. The answer sets the
session cookie, the browser keeps it, and the protected endpoints answer: `GET /api/me` is one.

**Who is asking.** A session is shown as the cookie, or as `Authorization: Bearer` with the token
that a sign-in returns. A browser that shows the cookie also needs a trusted `Origin` for every
`POST`; this server's own pages and those of `FRONTEND_URL` are trusted.

**When it goes wrong.** Every refusal has the same body: a `message`, and mostly a `code`, listed at
each endpoint. Below `/api/auth` an unknown path or method is a 404 without a body. `429` and `503`
say in `Retry-After` how many seconds to wait. Every answer carries an `X-Request-Id`, which the
server's log repeats.

**Dates** are UTC with three decimals: `2026-11-22T15:04:05.678Z`.
"""
