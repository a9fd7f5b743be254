"""What pages of other sites can change (CSRF) and read (CORS) with a visitor's browser."""

from dataclasses import dataclass

import httpx

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply
from doctor.client.throwaway_account import GET_SESSION, SIGN_IN
from doctor.findings import CheckResult, failed, passed, warned

STRANGER = "https://evil.example"
_UPDATE = "/api/auth/update-user"
_KEEP_ORIGIN = (
    "Let the proxy pass the Origin header on unchanged: the server rejects foreign origins."
)
_NARROW_CORS = (
    "Remove the Access-Control headers that a proxy or CDN adds: the server trusts this origin "
    "with nothing, as its refusal of writes shows."
)


@check(
    "origins.foreign-refused",
    "Writes from other sites' pages are rejected",
    "session.write",
    "reach.errors",
)
def foreign_refused(context: CheckContext) -> CheckResult:
    """Otherwise any page could act on behalf of its visitors (ASVS 3.5.1)."""
    browser = context.signed_in_browser()
    accepted = []
    for origin in (STRANGER, "null"):
        reply = browser.copy().post(_UPDATE, {"name": "Written by another site"}, origin=origin)
        if reply.status != 403:
            accepted.append(f"update-user with Origin: {origin} answered {reply.summary}")
    reply = context.anonymous_browser().post(SIGN_IN, context.account.credentials, origin=STRANGER)
    if reply.status != 403:
        accepted.append(f"signing in with Origin: {STRANGER} answered {reply.summary}")
    if accepted and _fetch_cors(context, STRANGER).can_read_as_user(STRANGER):
        return failed(
            f"{'; '.join(accepted)}; and its pages may read responses",
            "Name your app's own origin in FRONTEND_URL: the server trusts every site, as with "
            "FRONTEND_URL=* or https://*.",
        )
    if accepted:
        return failed("; ".join(accepted), _KEEP_ORIGIN)
    return passed(f"403 to {STRANGER} and to null, with a session and when signing in")


@dataclass(frozen=True)
class CorsPolicy:
    """What the server allows pages of one origin."""

    preflight: Reply
    actual: Reply

    def can_read(self, origin: str) -> bool:
        """Whether the page may read responses."""
        return _allowed_origin(self.actual.headers) in {origin, "*"}

    def can_read_as_user(self, origin: str) -> bool:
        """Whether the page may read responses to requests with the visitor's cookies."""
        return _allowed_origin(self.actual.headers) == origin and _allows_credentials(
            self.actual.headers
        )

    def can_send(self, origin: str) -> bool:
        """Whether the preflight allows the page's requests."""
        return _allowed_origin(self.preflight.headers) in {origin, "*"}


@check("cors.allowed", "The app's own pages may use the API", "cors.foreign")
def cors_allowed(context: CheckContext) -> CheckResult:
    """Needed only where pages call the server directly, not through the app's proxy."""
    origin = context.deployment.frontend or context.deployment.url
    policy = _fetch_cors(context, origin)
    if policy.can_read_as_user(origin) and policy.can_send(origin):
        if origin != context.deployment.url and not _allows_credentials(policy.preflight.headers):
            return _warn_of_preflight(origin)
        return passed(f"{origin}: allowed, with cookies")
    evidence = (
        f"{origin}: the preflight allows {_format_allowed(policy.preflight.headers)}, "
        f"the response {_format_allowed(policy.actual.headers)}"
    )
    if "," in _allowed_origin(policy.actual.headers):
        return failed(
            f"{evidence}: two values, of which browsers accept none",
            "Remove the Access-Control headers that the proxy or CDN adds: the server sends its "
            "own.",
        )
    if policy.can_read_as_user(origin):
        return failed(
            f"{evidence}; the preflight answered {policy.preflight.summary}",
            "Let the proxy pass OPTIONS requests on to the server.",
        )
    return failed(
        evidence,
        f"Set FRONTEND_URL={origin} on the server. If it is set, let the proxy pass the "
        "Access-Control headers on unchanged.",
    )


@check("cors.foreign", "Other sites' pages cannot read responses", "origins.foreign-refused")
def cors_foreign(context: CheckContext) -> CheckResult:
    """Otherwise any page could read who its visitor is, and the session token."""
    return _check_closed_to(context, STRANGER)


@check("cors.null", "Pages with Origin: null cannot read responses", "cors.foreign")
def cors_null(context: CheckContext) -> CheckResult:
    """Any page can send `Origin: null` from a sandboxed frame."""
    return _check_closed_to(context, "null")


def _warn_of_preflight(origin: str) -> CheckResult:
    return warned(
        f"{origin}: the response allows cookies, the preflight does not",
        "Let the app pass /api/auth on to the server (docs/frontend.md), which needs no CORS. A "
        "proxy such as the Hub's answers preflights itself, so pages cannot send JSON with the "
        "visitor's cookies directly.",
    )


def _check_closed_to(context: CheckContext, origin: str) -> CheckResult:
    policy = _fetch_cors(context, origin)
    if policy.can_read(origin):
        return failed(f"{origin} can read: {_format_allowed(policy.actual.headers)}", _NARROW_CORS)
    if not policy.can_send(origin):
        return passed(f"{origin}: no Access-Control-Allow-Origin")
    proxy = "The Hub" if _is_the_hub(policy.preflight.headers, context) else "A proxy"
    return warned(
        f"{origin}: the preflight allows {_format_allowed(policy.preflight.headers)}, the response "
        "nothing",
        f"{proxy} answers preflights itself. Nothing has to be fixed on the server: other sites "
        "cannot read its responses, and it rejects what their pages send.",
    )


def _fetch_cors(context: CheckContext, origin: str) -> CorsPolicy:
    browser = context.anonymous_browser()
    headers = {
        "origin": origin,
        "access_control_request_method": "POST",
        "access_control_request_headers": "content-type",
    }
    preflight = browser.send("OPTIONS", SIGN_IN, None, headers)
    return CorsPolicy(preflight, browser.send("GET", GET_SESSION, None, {"origin": origin}))


def _is_the_hub(headers: httpx.Headers, context: CheckContext) -> bool:
    return "x-proxied-host" in headers or context.deployment.url.endswith(".hf.space")


def _allowed_origin(headers: httpx.Headers) -> str:
    return str(headers.get("access-control-allow-origin", ""))


def _allows_credentials(headers: httpx.Headers) -> bool:
    return bool(headers.get("access-control-allow-credentials") == "true")


def _format_allowed(headers: httpx.Headers) -> str:
    if not _allowed_origin(headers):
        return "nothing"
    return _allowed_origin(headers) + (" with credentials" if _allows_credentials(headers) else "")


CHECKS = (foreign_refused, cors_foreign, cors_null, cors_allowed)
