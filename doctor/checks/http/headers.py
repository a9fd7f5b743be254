"""The security headers, one by one (ASVS 3.4)."""

import httpx

from doctor.check import Check, check
from doctor.check_context import CheckContext
from doctor.client.browser import is_short_number
from doctor.client.throwaway_account import GET_SESSION
from doctor.findings import CheckResult, failed, passed, warned

_PROXY = "Let the proxy pass this header on unchanged: the server itself sets it correctly."
_YEAR = 31_536_000  # seconds


def _headers(context: CheckContext) -> httpx.Headers:
    if "headers" not in context.shared:
        reply = context.anonymous_browser().send_once("GET", GET_SESSION)
        context.shared["headers"] = reply.headers
    headers: httpx.Headers = context.shared["headers"]
    return headers


def _header_check(name: str, header: str, accepted: tuple[str, ...], title: str) -> Check:
    @check(f"headers.{name}", title, "reach.api")
    def check_header(context: CheckContext) -> CheckResult:
        value = _headers(context).get(header)
        if value is None:
            return failed(f"no {header}", _PROXY)
        if value.lower() in accepted:
            return passed(f"{header}: {value}")
        return failed(f"{header}: {value}", _PROXY)

    return check_header


@check("headers.csp", "API responses can neither run scripts nor be framed", "reach.api")
def csp(context: CheckContext) -> CheckResult:
    """Even a response that a browser renders as a page must not run anything."""
    policy = _headers(context).get("content-security-policy", "")
    if "default-src 'none'" in policy and "frame-ancestors 'none'" in policy:
        return passed(policy)
    return failed(policy or "no Content-Security-Policy", _PROXY)


@check("headers.hsts", "Browsers are told to stay on https", "reach.api")
def hsts(context: CheckContext) -> CheckResult:
    """Without HSTS the first request of a visit can be intercepted on plain http (RFC 6797)."""
    hsts_value = _headers(context).get("strict-transport-security", "")
    if not hsts_value and not _is_meant_for_https(context):
        return passed("plain http, where browsers ignore the header")
    age = _max_age(hsts_value)
    if age >= _YEAR:
        return passed(hsts_value)
    if age > 0:
        return warned(hsts_value, "Let the proxy send max-age=31536000 (a year) or more.")
    return failed(
        hsts_value or "no Strict-Transport-Security",
        "Let the proxy pass this header on: the server sends it, as the prefix __Secure- of its "
        "cookies shows."
        if _has_https_cookies(context)
        else "Set PUBLIC_URL to the https address; then the server sends the header.",
    )


@check("headers.private", "Responses about users are not cached", "reach.api")
def no_store(context: CheckContext) -> CheckResult:
    """A cache would show one user's session to another."""
    value = _headers(context).get("cache-control", "")
    if "no-store" in value:
        return passed(f"Cache-Control: {value}")
    return failed(f"Cache-Control: {value}" if value else "no Cache-Control", _PROXY)


@check("headers.silent", "Responses do not name the server software", "reach.api")
def silent(context: CheckContext) -> CheckResult:
    """A version number tells an attacker which vulnerabilities to try."""
    names = ("server", "x-powered-by")
    headers = [f"{name}: {value}" for name in names if (value := _headers(context).get(name))]
    if not headers:
        return passed("neither Server nor X-Powered-By")
    return warned(
        ", ".join(headers),
        "Switch it off in the proxy: the server sends neither header. On a Space the Hub adds it, "
        "which cannot be changed.",
    )


def _is_meant_for_https(context: CheckContext) -> bool:
    """Tell whether browsers use https, even if the doctor reaches the server over http."""
    return context.deployment.https or _has_https_cookies(context)


def _has_https_cookies(context: CheckContext) -> bool:
    """Tell by the cookies' names whether PUBLIC_URL is an https address."""
    cleared = context.anonymous_browser().send_once("POST", "/api/auth/sign-out", {}).cookies
    return any(each.name.startswith("__Secure-") for each in cleared)


def _max_age(header: str) -> int:
    for part in header.lower().split(";"):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and is_short_number(value.strip('"')):
            return int(value.strip('"'))
    return 0


CHECKS = (
    csp,
    hsts,
    no_store,
    _header_check(
        "nosniff", "x-content-type-options", ("nosniff",), "Browsers do not guess content types"
    ),
    _header_check(
        "frames", "x-frame-options", ("deny",), "Old browsers cannot frame responses either"
    ),
    _header_check(
        "referrer",
        "referrer-policy",
        ("no-referrer", "same-origin", "strict-origin"),
        "URLs are not sent to other sites",
    ),
    _header_check(
        "corp",
        "cross-origin-resource-policy",
        ("same-origin", "same-site"),
        "Other sites cannot load responses as images or scripts",
    ),
    _header_check(
        "coop",
        "cross-origin-opener-policy",
        ("same-origin",),
        "Windows of other sites are isolated",
    ),
    silent,
)
