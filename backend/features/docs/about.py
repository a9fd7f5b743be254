"""The introduction at the top of the API docs, in Markdown."""

ABOUT = """\
Accounts and sessions over HTTP. Everything below `/api/auth` speaks the protocol of
[Better Auth](https://www.better-auth.com), so its official JavaScript client works unchanged; the
rest is plain JSON.

**Try it here.** Send `POST /api/auth/sign-up/email` with its example. The response sets the session
cookie, and your browser keeps it. Now protected endpoints such as `GET /api/me` work.

**Authentication.** Send the session cookie, or `Authorization: Bearer` with the token that a
sign-in returns. With the cookie, every `POST` also needs a trusted `Origin`; the server's own pages
and those of `FRONTEND_URL` are trusted.

**Errors.** Every error has the same body: a `message`, and usually a `code`, listed at each
endpoint. Below `/api/auth`, an unknown path or method is a 404 without a body. With `429` and
`503`, `Retry-After` says how many seconds to wait. Every response has an `X-Request-Id`, which also
appears in the server's log.

**Dates** are UTC with three decimals: `2026-11-22T15:04:05.678Z`.
"""
