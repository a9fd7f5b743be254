"""Nobody gets in who does not belong: without a session, and with cookies that open nothing."""

import base64
import hmac
from urllib.parse import quote

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.credential import Credential
from doctor.client.set_cookie import SetCookie
from doctor.client.simulated_browser import Reply, SimulatedBrowser
from doctor.client.throwaway_account import GET_SESSION, seconds_left
from doctor.clock import random_hex
from doctor.deployment import ADMIN_PATHS, PROTECTED_PATHS
from doctor.findings import CheckResult, CheckSkipped, failed, passed

_WORTH_WAITING = 30  # seconds
_OPEN = (
    "Whoever answers there does not ask for a session. In an app of your own every endpoint needs "
    "`session: Protected`; if it is Gatehouse's own path, a proxy answers in its place."
)
_CACHED = (
    "The server refuses this cookie, so something in front of it answers from memory: nothing "
    "below /api may be cached."
)


@check("protection.no-session", "Without a session, every protected path answers 401", "reach.api")
def no_session(context: CheckContext) -> CheckResult:
    """The first thing a stranger tries."""
    return _refused_everywhere(context, context.anonymous_browser(), "no session")


@check(
    "protection.forged",
    "A made-up cookie or token opens nothing",
    "protection.no-session",
    "cookies.name",
    "session.read",
)
def forged(context: CheckContext) -> CheckResult:
    """Guessed, or one's own with a letter changed."""
    cookie = context.session_cookie()
    token = random_hex(42)
    bearer = context.anonymous_browser()
    bearer.bearer = Credential(token)
    return _none_lets_in(
        context,
        {
            "an invented cookie": _holding(context, cookie, f"{token}.{random_hex(43)}="),
            "a real one with another letter": _holding(
                context, cookie, _one_letter_off(cookie.value)
            ),
            "an invented bearer token": bearer,
        },
    )


@check(
    "protection.foreign",
    "A cookie signed by another server opens nothing",
    "protection.no-session",
    "cookies.name",
    "session.read",
)
def foreign(context: CheckContext) -> CheckResult:
    """Right in form, under a key that is not ours."""
    cookie = context.session_cookie()
    token = random_hex(32)
    mac = hmac.digest(b"the key of another server", token.encode(), "sha256")
    signed = quote(f"{token}.{base64.b64encode(mac).decode()}", safe="")
    return _none_lets_in(context, {"a cookie of another server": _holding(context, cookie, signed)})


@check(
    "protection.signed-out",
    "The cookie of an ended session opens nothing",
    "session.sign-out",
    "protection.no-session",
)
def signed_out(context: CheckContext) -> CheckResult:
    """Everywhere, not only where it was tried first."""
    return _refused_everywhere(
        context, context.shared["signed-out"], "a signed-out cookie", cached=True
    )


@check("protection.plain-user", "Who is no admin is not let in where admins are", "session.read")
def plain_user(context: CheckContext) -> CheckResult:
    """The throw-away account has no role."""
    browser = context.signed_in_browser()
    told = {path: browser.send("GET", path).status for path in ADMIN_PATHS}
    wrong = [f"{path} answered {status}" for path, status in told.items() if status != 403]
    if wrong:
        return failed(
            "; ".join(wrong), "Only 403 is right there. Does a proxy answer in its place?"
        )
    return passed(f"403 on {len(told)} paths")


@check(
    "protection.expired",
    "A session that has run out is refused",
    "session.read",
    "protection.no-session",
)
def expired(context: CheckContext) -> CheckResult:
    """Seen only where sessions are short: nobody waits a week."""
    # The visitor's own: nothing has ended it, so nothing but its time does.
    browser = context.signed_in_browser().copy()
    left = seconds_left(browser, context.clock)
    if left > _WORTH_WAITING:
        raise CheckSkipped(
            f"sessions live {_days(left)} here. A test deployment with SESSION_LIFETIME=20 shows it"
        )
    for path in (
        GET_SESSION,
        *PROTECTED_PATHS,
    ):  # what a cache keeps of them, it would show afterwards
        browser.copy().send("GET", path)
    left = seconds_left(browser, context.clock)
    context.report_progress(f"waiting {left:.0f} s until the session has run out")
    context.clock.wait(max(left, 0) + 1)
    if browser.copy().get(GET_SESSION).json() is not None:
        return failed("get-session still knows a session that has run out", _CACHED)
    return _refused_everywhere(context, browser, "an expired cookie", cached=True)


def _refused_everywhere(
    context: CheckContext, browser: SimulatedBrowser, what: str, *, cached: bool = False
) -> CheckResult:
    paths = (*PROTECTED_PATHS, *ADMIN_PATHS, *context.deployment.protected)
    replies = {path: browser.copy().send("GET", path) for path in paths}
    wrong = [
        f"{path} answered {reply.summary}"
        for path, reply in replies.items()
        if not _is_refused(path, reply, context)
    ]
    if wrong:
        return failed(f"with {what}: {'; '.join(wrong)}", _CACHED if cached else _OPEN)
    return passed(f"{what}: 401 on {len(paths)} paths")


def _is_refused(path: str, reply: Reply, context: CheckContext) -> bool:
    if reply.status == 404 and path not in context.deployment.protected:
        return True  # an older server does not have it
    return reply.status == 401


def _none_lets_in(context: CheckContext, browsers: dict[str, SimulatedBrowser]) -> CheckResult:
    let_in = []
    for what, browser in browsers.items():
        me, session = browser.copy().send("GET", "/api/me"), browser.copy().send("GET", GET_SESSION)
        if me.status != 401 or session.status != 200 or session.json() is not None:
            let_in.append(f"{what}: /api/me {me.summary}, get-session {session.summary}")
    if let_in:
        return failed("; ".join(let_in), _OPEN)
    return passed(f"refused: {', '.join(browsers)}")


def _holding(context: CheckContext, like: SetCookie, value: str) -> SimulatedBrowser:
    browser = context.anonymous_browser()
    browser.jar[like.name] = SetCookie(like.name, value)
    return browser


def _one_letter_off(value: str) -> str:
    return ("B" if value[0] == "A" else "A") + value[1:]


def _days(seconds: float) -> str:
    return f"{seconds / 86_400:.0f} days" if seconds > 172_800 else f"{seconds / 60:.0f} minutes"


CHECKS = (no_session, forged, foreign, signed_out, plain_user, expired)
