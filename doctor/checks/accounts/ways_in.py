"""The ways to sign in that the server offers besides the password, and what stands between."""

import re
from typing import Any
from urllib.parse import urlsplit

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply
from doctor.client.throwaway_account import unknown_email
from doctor.findings import CheckResult, CheckSkipped, failed, passed

METHODS = "/api/sign-in-methods"
OPTIONS = "/api/auth/passkey/generate-authenticate-options"
DEVICE_SESSIONS = "/api/auth/multi-session/list-device-sessions"
_CODE = "/api/auth/email-otp/check-verification-otp"
_ENDPOINTS = {
    "username": ("POST", "/api/auth/is-username-available", {"username": "gatehouse_doctor"}),
    "passkey": ("GET", OPTIONS, None),
    "magicLink": ("GET", "/api/auth/magic-link/verify?token=doctor&callbackURL=/", None),
    "emailOtp": ("POST", _CODE, {"email": unknown_email(), "type": "sign-in", "otp": "000000"}),
    "anonymous": ("POST", "/api/auth/delete-anonymous-user", {}),
    "multiSession": ("GET", DEVICE_SESSIONS, None),
}
"""For each way a call that changes nothing."""
_GUIDE = "docs/settings.md#the-domain-of-passkeys says which domain"


@check("ways.endpoints", "Each way to sign in that is offered can be used", "reach.errors")
def endpoints(context: CheckContext) -> CheckResult:
    """A firewall with a list of known paths lets pass those of yesterday."""
    methods = context.anonymous_browser().get(METHODS).json()
    if not isinstance(methods, dict):
        raise CheckSkipped(f"{METHODS} does not tell which ways there are")
    context.shared["sign-in methods"] = methods
    offered = [way for way in _ENDPOINTS if _is_enabled(methods, way)]
    blocked = []
    for way in offered:
        method, path, payload = _ENDPOINTS[way]
        reply = context.anonymous_browser().send(method, path, payload)
        if not _is_the_servers(reply):
            blocked.append(f"{path.partition('?')[0]} answered {reply.summary}")
    if blocked:
        return failed(
            "; ".join(blocked),
            "Let the proxy or firewall pass every path below /api/auth on: the server offers these "
            f"in {METHODS}.",
        )
    return passed(f"offered and reached: {', '.join(offered) or 'none but the password'}")


@check("ways.passkeys", "Passkeys belong to the domain of the pages", "ways.endpoints")
def passkeys(context: CheckContext) -> CheckResult:
    """A browser refuses a passkey of another domain, and says nothing to the server about it."""
    methods = context.shared["sign-in methods"]
    if not _is_enabled(methods, "passkey"):
        raise CheckSkipped("PASSKEYS=off, or no page has https and a domain, or is on localhost")
    parties = methods["passkey"]["relyingParties"]
    page = context.deployment.frontend or context.deployment.url
    party = next((each for each in parties if _covers(each["origins"], page)), None)
    pages = ", ".join(origin for each in parties for origin in each["origins"])
    if party is None and context.deployment.frontend is None:
        raise CheckSkipped(f"passkeys are for the pages at {pages}: give one with --frontend")
    if party is None:
        return failed(
            f"passkeys work at {pages}, and not at {page}",
            f"Set FRONTEND_URL={page} on the server, and unset PASSKEY_ORIGINS; {_GUIDE}.",
        )
    options = context.anonymous_browser().get(OPTIONS, referer=f"{page}/")
    rp_id = str(options.field("rpId"))
    host = urlsplit(page).hostname or ""
    if host == rp_id or host.endswith(f".{rp_id}"):
        return passed(f"rp id {rp_id} at {page}")
    return failed(
        f"a browser at {page} cannot use passkeys of {rp_id}",
        f"Unset PASSKEY_RP_ID, or set it to {host} or a parent of it; {_GUIDE}. Where a proxy "
        "changes the Referer header, let it pass that on.",
    )


@check(
    "ways.accounts",
    "Several accounts stay signed in in one browser",
    "ways.endpoints",
    "account.sign-up",
)
def accounts(context: CheckContext) -> CheckResult:
    """Each has a cookie of its own, besides that of the session."""
    if not _is_enabled(context.shared["sign-in methods"], "multiSession"):
        raise CheckSkipped("MULTI_SESSION=off")
    browser = context.new_signed_in_browser()
    listed = browser.get(DEVICE_SESSIONS).json()
    emails = [_email_of(each) for each in listed] if isinstance(listed, list) else []
    if context.account.email in emails:
        return passed(f"{len(emails)} in the list of a browser that has just signed in")
    kept = any("_multi-" in name for name in browser.jar)
    return failed(
        "a browser that has just signed in is in no list of its accounts"
        + ("" if kept else ": its cookie has not arrived"),
        "Let the proxy pass every Set-Cookie and Cookie header on unchanged, those of long names "
        "too.",
    )


def _is_enabled(methods: dict[str, Any], way: str) -> bool:
    offered = methods.get(way)
    return isinstance(offered, dict) and offered.get("enabled") is True


def _is_the_servers(reply: Reply) -> bool:
    """Tell whether an endpoint of the server answered, with whatever it says to such a call."""
    if reply.status == 404 or reply.status >= 500 or reply.status == 405:
        return False
    return reply.is_redirect or isinstance(reply.json(), dict | list)


def _covers(origins: list[str], page: str) -> bool:
    return any(re.fullmatch(re.escape(each).replace(r"\*", "[^/]*"), page) for each in origins)


def _email_of(entry: Any) -> str:
    return str(entry["user"]["email"]) if isinstance(entry, dict) else ""


CHECKS = (endpoints, passkeys, accounts)
