"""Access control: no session, forged cookies, ended sessions, missing roles."""

import base64
import hmac
from urllib.parse import quote

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply, SimulatedBrowser
from doctor.client.secret_text import SecretText
from doctor.client.set_cookie import SetCookie
from doctor.client.throwaway_account import GET_SESSION, seconds_left
from doctor.clock import random_hex
from doctor.deployment import ADMIN_PATHS, PROTECTED_PATHS
from doctor.findings import CheckResult, CheckSkipped, failed, passed

_MAX_WAIT = 30  # seconds
_REQUIRE_SESSION = (
    "Give every endpoint of your own app `session: Protected`. If it is one of Gatehouse's own "
    "paths, let the proxy pass it on: something else answers in the server's place."
)
_NOT_CACHED = "Switch off caching below /api in the proxy or CDN: the server rejects this cookie."


@check(
    "protection.no-session", "Without a session, every protected path answers 401", "reach.errors"
)
def no_session(context: CheckContext) -> CheckResult:
    """The first thing an attacker tries."""
    return _check_rejected_everywhere(context, context.anonymous_browser(), "no session")


@check(
    "protection.forged",
    "A forged cookie or token is rejected",
    "protection.no-session",
    "cookies.name",
    "session.read",
)
def forged(context: CheckContext) -> CheckResult:
    """Guessed, or a real one with a character changed."""
    cookie = context.session_cookie()
    token = random_hex(42)
    bearer = context.anonymous_browser()
    bearer.bearer = SecretText(token)
    values = {
        "an invented cookie": f"{token}.{random_hex(43)}=",
        "a real cookie with a character changed": _change_first_letter(cookie.value),
    }
    browsers = {name: _browser_with_cookie(context, cookie, it) for name, it in values.items()}
    return _check_all_rejected(context, {**browsers, "an invented bearer token": bearer})


@check(
    "protection.foreign",
    "A cookie signed by another server is rejected",
    "protection.no-session",
    "cookies.name",
    "session.read",
)
def foreign_cookie(context: CheckContext) -> CheckResult:
    """Well-formed, but signed with another key."""
    cookie = context.session_cookie()
    token = random_hex(32)
    mac = hmac.digest(b"the key of another server", token.encode(), "sha256")
    signed = quote(f"{token}.{base64.b64encode(mac).decode()}", safe="")
    browser = _browser_with_cookie(context, cookie, signed)
    return _check_all_rejected(context, {"a cookie of another server": browser})


@check(
    "protection.signed-out",
    "The cookie of an ended session is rejected everywhere",
    "session.sign-out",
    "protection.no-session",
)
def signed_out(context: CheckContext) -> CheckResult:
    """On all protected paths, not only those that `session.sign-out` has tried."""
    return _check_rejected_everywhere(
        context, context.shared["signed-out"], "a signed-out cookie", cached=True
    )


@check(
    "protection.plain-user",
    "Users without the admin role cannot use admin endpoints",
    "session.read",
    "reach.errors",
)
def plain_user(context: CheckContext) -> CheckResult:
    """The throw-away account has no role."""
    browser = context.signed_in_browser()
    statuses = {path: browser.send("GET", path).status for path in ADMIN_PATHS}
    wrong = [f"{path} answered {status}" for path, status in statuses.items() if status != 403]
    if wrong:
        return failed(
            "; ".join(wrong), "The server answers 403: let the proxy pass these paths on to it."
        )
    return passed(f"403 on {len(statuses)} paths")


@check(
    "protection.expired", "An expired session is rejected", "session.read", "protection.no-session"
)
def expired(context: CheckContext) -> CheckResult:
    """Checked only where sessions are short: the doctor does not wait for a week."""
    # Nothing has ended the visitor's own session, so only its lifetime can.
    browser = context.signed_in_browser().copy()
    left = seconds_left(browser, context.clock)
    if left > _MAX_WAIT:
        raise CheckSkipped(
            f"sessions last {_format_duration(left)} here; try it on a test deployment with "
            "SESSION_LIFETIME=20"
        )
    for path in (GET_SESSION, *PROTECTED_PATHS):  # gives a cache in between the chance to keep them
        browser.copy().send("GET", path)
    left = seconds_left(browser, context.clock)
    context.report_progress(f"waiting {left:.0f} s for the session to expire")
    context.clock.wait(max(left, 0) + 1)
    if browser.copy().get(GET_SESSION).json() is not None:
        return failed("get-session still returns the expired session", _NOT_CACHED)
    return _check_rejected_everywhere(context, browser, "an expired cookie", cached=True)


def _check_rejected_everywhere(
    context: CheckContext, browser: SimulatedBrowser, name: str, *, cached: bool = False
) -> CheckResult:
    paths = (*PROTECTED_PATHS, *ADMIN_PATHS, *context.deployment.protected)
    replies = {path: browser.copy().send("GET", path) for path in paths}
    wrong = [
        f"{path} answered {reply.summary}"
        for path, reply in replies.items()
        if not _is_rejected(path, reply, context)
    ]
    if wrong:
        return failed(
            f"with {name}: {'; '.join(wrong)}", _NOT_CACHED if cached else _REQUIRE_SESSION
        )
    return passed(f"{name}: 401 on {len(paths)} paths")


def _is_rejected(path: str, reply: Reply, context: CheckContext) -> bool:
    if reply.status == 404 and path not in context.deployment.protected:
        return True  # an older server does not have this path
    return reply.status == 401


def _check_all_rejected(
    context: CheckContext, browsers: dict[str, SimulatedBrowser]
) -> CheckResult:
    accepted = []
    for name, browser in browsers.items():
        me, session = browser.copy().send("GET", "/api/me"), browser.copy().send("GET", GET_SESSION)
        if me.status != 401 or session.status != 200 or session.json() is not None:
            accepted.append(f"{name}: /api/me {me.summary}, get-session {session.summary}")
    if accepted:
        return failed("; ".join(accepted), _REQUIRE_SESSION)
    return passed(f"rejected: {', '.join(browsers)}")


def _browser_with_cookie(context: CheckContext, like: SetCookie, value: str) -> SimulatedBrowser:
    browser = context.anonymous_browser()
    browser.jar[like.name] = SetCookie(like.name, value)
    return browser


def _change_first_letter(value: str) -> str:
    return ("B" if value[0] == "A" else "A") + value[1:]


def _format_duration(seconds: float) -> str:
    return f"{seconds / 86_400:.0f} days" if seconds > 172_800 else f"{seconds / 60:.0f} minutes"


CHECKS = (no_session, forged, foreign_cookie, signed_out, plain_user, expired)
