"""Pages of other sites: what they may make a visitor's browser do, and what they may read."""

from dataclasses import dataclass

import httpx

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.simulated_browser import Reply
from doctor.client.throwaway_account import GET_SESSION, SIGN_IN
from doctor.findings import CheckResult, failed, passed, warned

STRANGER = "https://evil.example"
_UPDATE = "/api/auth/update-user"
_REWRITTEN = (
    "The server refuses foreign origins by itself. A proxy that drops or rewrites the Origin "
    "header opens this: it must pass Origin on as it came."
)
_SOMEBODY_ELSE = (
    "The server names only its own address and FRONTEND_URL. Look for a proxy or CDN that adds "
    "Access-Control headers, and for too wide a pattern in FRONTEND_URL."
)


@check("origins.foreign-refused", "A write that a foreign page sends is refused", "session.write")
def foreign_refused(context: CheckContext) -> CheckResult:
    """Otherwise any page could act as whoever visits it (ASVS 3.5.1)."""
    browser = context.signed_in_browser()
    accepted = []
    for origin in (STRANGER, "null"):
        reply = browser.copy().post(_UPDATE, {"name": "Written by another site"}, origin=origin)
        if reply.status != 403:
            accepted.append(f"update-user from {origin} answered {reply.summary}")
    said = {"email": context.account.email, "password": context.account.password.reveal()}
    reply = context.anonymous_browser().post(SIGN_IN, said, origin=STRANGER)
    if reply.status != 403:
        accepted.append(f"signing in from {STRANGER} answered {reply.summary}")
    if accepted:
        return failed("; ".join(accepted), _REWRITTEN)
    return passed(f"403 to {STRANGER} and to null, with a session and when signing in")


@dataclass(frozen=True)
class Told:
    """What the server lets a page of some origin do."""

    preflight: Reply
    actual: Reply

    def reads(self, origin: str) -> bool:
        """Whether the page may read answers."""
        return _allowed(self.actual.headers) in {origin, "*"}

    def reads_as_user(self, origin: str) -> bool:
        """Whether it may do so with the visitor's cookies."""
        return _allowed(self.actual.headers) == origin and _credentials(self.actual.headers)

    def may_ask(self, origin: str) -> bool:
        """Whether the browser is told beforehand that the page may send a request."""
        return _allowed(self.preflight.headers) in {origin, "*"}


@check("cors.allowed", "The app's own pages may use the API", "cors.foreign")
def allowed(context: CheckContext) -> CheckResult:
    """Needed only where pages call the server directly; through the app's proxy nothing is."""
    origin = context.deployment.frontend or context.deployment.url
    told = _ask(context, origin)
    if told.reads_as_user(origin) and told.may_ask(origin):
        if origin != context.deployment.url and not _credentials(told.preflight.headers):
            return _edge_allows_no_cookies(origin)
        return passed(f"{origin}: allowed, with cookies")
    evidence = (
        f"{origin}: preflight says {_shown(told.preflight.headers)}, "
        f"the answer says {_shown(told.actual.headers)}"
    )
    if told.reads_as_user(origin):
        return failed(
            f"{evidence}; it was answered {told.preflight.summary}",
            "A proxy answers OPTIONS in the server's place, or refuses it: it must pass it on.",
        )
    return failed(
        evidence,
        f"Set FRONTEND_URL={origin} at the server. If it is set, a proxy changes the "
        "Access-Control headers.",
    )


@check("cors.foreign", "Foreign pages may read nothing", "origins.foreign-refused")
def foreign(context: CheckContext) -> CheckResult:
    """With it, any page could read who its visitor is, and the session's token."""
    return _closed_to(context, STRANGER)


@check("cors.null", "Pages without an origin may read nothing", "cors.foreign")
def without_origin(context: CheckContext) -> CheckResult:
    """Every page can send `Origin: null` from a sandboxed frame."""
    return _closed_to(context, "null")


def _edge_allows_no_cookies(origin: str) -> CheckResult:
    return warned(
        f"{origin}: the answer allows cookies, and the preflight does not",
        "An edge in front, such as the Hub's, answers preflights by itself. Pages there cannot "
        "send JSON with the visitor's cookies directly: let the app pass /api/auth on "
        "(docs/frontend.md), which needs no CORS.",
    )


def _closed_to(context: CheckContext, origin: str) -> CheckResult:
    told = _ask(context, origin)
    if told.reads(origin):
        return failed(f"{origin} may read: {_shown(told.actual.headers)}", _SOMEBODY_ELSE)
    if not told.may_ask(origin):
        return passed(f"{origin}: no Access-Control-Allow-Origin")
    evidence = f"{origin}: only the preflight says {_shown(told.preflight.headers)}"
    who = "The Hub's edge" if _is_the_hub(told.preflight.headers, context) else "An edge in front"
    return warned(
        f"{evidence}, and the answer itself allows nothing",
        f"{who} answers preflights by itself and lets everybody ask. Nobody can read the answers, "
        "and the server refuses what foreign pages send. Nothing to mend at the server.",
    )


def _ask(context: CheckContext, origin: str) -> Told:
    anonymous_browser = context.anonymous_browser()
    asked = {
        "origin": origin,
        "access_control_request_method": "POST",
        "access_control_request_headers": "content-type",
    }
    preflight = anonymous_browser.send("OPTIONS", SIGN_IN, None, asked)
    return Told(preflight, anonymous_browser.send("GET", GET_SESSION, None, {"origin": origin}))


def _is_the_hub(headers: httpx.Headers, context: CheckContext) -> bool:
    return "x-proxied-host" in headers or context.deployment.url.endswith(".hf.space")


def _allowed(headers: httpx.Headers) -> str:
    return str(headers.get("access-control-allow-origin", ""))


def _credentials(headers: httpx.Headers) -> bool:
    return bool(headers.get("access-control-allow-credentials") == "true")


def _shown(headers: httpx.Headers) -> str:
    if not _allowed(headers):
        return "nothing"
    return _allowed(headers) + (" with credentials" if _credentials(headers) else "")


CHECKS = (foreign_refused, foreign, without_origin, allowed)
