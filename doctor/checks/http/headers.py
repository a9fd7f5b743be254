"""The headers that browsers act on, one by one (ASVS 3.4)."""

import httpx

from doctor.check import Check, check
from doctor.check_context import CheckContext
from doctor.client.throwaway_account import GET_SESSION
from doctor.findings import CheckResult, failed, passed, warned

_PROXY = "The server sends this header by itself, so something in front of it takes it away or "
_PROXY += "changes it: look at the proxy's configuration."
_YEAR = 31_536_000  # seconds


def _headers(context: CheckContext) -> httpx.Headers:
    if "headers" not in context.shared:
        context.shared["headers"] = (
            context.anonymous_browser().send_once("GET", GET_SESSION).headers
        )
    found: httpx.Headers = context.shared["headers"]
    return found


def _exact(name: str, header: str, wanted: tuple[str, ...], title: str) -> Check:
    @check(f"headers.{name}", title, "reach.api")
    def look(context: CheckContext) -> CheckResult:
        told = _headers(context).get(header)
        if told is None:
            return failed(f"no {header}", _PROXY)
        if told.lower() in wanted:
            return passed(f"{header}: {told}")
        return failed(f"{header}: {told}", _PROXY)

    return look


@check("headers.csp", "Nothing may run inside an answer of the API", "reach.api")
def csp(context: CheckContext) -> CheckResult:
    """An answer that a browser shows as a page must not be able to do anything."""
    told = _headers(context).get("content-security-policy", "")
    if "default-src 'none'" in told and "frame-ancestors 'none'" in told:
        return passed(told)
    return failed(told or "no Content-Security-Policy", _PROXY)


@check("headers.hsts", "Browsers are told to stay on https", "reach.api")
def hsts(context: CheckContext) -> CheckResult:
    """Without it, the first request of a visit can be caught on plain http (RFC 6797)."""
    told = _headers(context).get("strict-transport-security", "")
    if not told and not _takes_itself_for_https(context):
        return passed("plain http, where the header would mean nothing")
    age = _max_age(told)
    if age >= _YEAR:
        return passed(told)
    if age > 0:
        return warned(told, "Let it hold for a year at least: max-age=31536000.")
    return failed(
        told or "no Strict-Transport-Security",
        "Set PUBLIC_URL to the https address; then the server sends the header. If it is set, "
        "a proxy takes the header away.",
    )


@check("headers.private", "No answer about a user is kept by a cache", "reach.api")
def no_store(context: CheckContext) -> CheckResult:
    """A cache between would show one user's session to another."""
    told = _headers(context).get("cache-control", "")
    if "no-store" in told:
        return passed(f"Cache-Control: {told}")
    return failed(f"Cache-Control: {told}" if told else "no Cache-Control", _PROXY)


@check("headers.silent", "The answers do not say what software made them", "reach.api")
def silent(context: CheckContext) -> CheckResult:
    """A version number tells which holes to try."""
    names = ("server", "x-powered-by")
    told = [f"{name}: {value}" for name in names if (value := _headers(context).get(name))]
    if not told:
        return passed("neither Server nor X-Powered-By")
    return warned(
        ", ".join(told),
        "The server sends neither; the proxy in front of it does. On a Space it is the Hub's edge "
        "and cannot be changed; elsewhere switch it off there.",
    )


def _takes_itself_for_https(context: CheckContext) -> bool:
    """Tell whether the deployment is meant for https, however the doctor reaches it."""
    cleared = context.anonymous_browser().send_once("POST", "/api/auth/sign-out", {}).cookies
    return context.deployment.https or any(each.name.startswith("__Secure-") for each in cleared)


def _max_age(told: str) -> int:
    for part in told.lower().split(";"):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.strip('"').isdecimal():
            return int(value.strip('"'))
    return 0


CHECKS = (
    csp,
    hsts,
    no_store,
    _exact("nosniff", "x-content-type-options", ("nosniff",), "Browsers do not guess at types"),
    _exact("frames", "x-frame-options", ("deny",), "Old browsers put no answer into a frame"),
    _exact(
        "referrer",
        "referrer-policy",
        ("no-referrer", "same-origin", "strict-origin"),
        "Addresses do not travel to other sites",
    ),
    _exact(
        "corp",
        "cross-origin-resource-policy",
        ("same-origin", "same-site"),
        "Other sites cannot load an answer as a picture or script",
    ),
    _exact(
        "coop",
        "cross-origin-opener-policy",
        ("same-origin",),
        "Windows of other sites are kept apart",
    ),
    silent,
)
