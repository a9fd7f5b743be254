"""A second factor: set up, asked for, given and removed, with the throw-away account."""

from email.utils import parsedate_to_datetime
from typing import Any

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply, SimulatedBrowser
from doctor.client.secret_text import SecretText
from doctor.client.set_cookie import SetCookie
from doctor.client.throwaway_account import SIGN_IN, fetch_session
from doctor.client.totp import PERIOD
from doctor.deployment import PROTECTED_PATHS
from doctor.findings import CheckResult, CheckSkipped, Verdict, failed, passed

TWO_FACTOR = "/api/auth/two-factor"
_CHALLENGE, _TRUSTED = "better-auth.two_factor", "better-auth.trust_device"
_LIFETIMES = {"max-age", "expires"}
_ENABLE, _DISABLE, _VERIFY = (f"{TWO_FACTOR}/{it}" for it in ("enable", "disable", "verify-totp"))
_READ_LOG = "Read the server's log for this time."
_PROXY = (
    "Let the proxy or firewall pass requests below /api/auth/two-factor on: the server did not "
    "send this response."
)


@check(
    "second-factor.app",
    "The first code of an authenticator app is accepted",
    "session.write",
    "reach.errors",
)
def add_app(context: CheckContext) -> CheckResult:
    """Codes depend on the clock: where the server's is wrong, nobody can sign in with one."""
    if context.verdicts.get("clock.right") is Verdict.FAIL:
        raise CheckSkipped("needs clock.right: with a wrong clock every code is refused")
    if context.account.backup_codes:
        return passed("enrolled when it signed up, as REQUIRE_TWO_FACTOR_FOR=everybody demands")
    if not _offered(context).get("enabled"):
        raise CheckSkipped("TWO_FACTOR=off, or an older server: there are no second factors")
    return enrol(context, context.signed_in_browser())


def is_required(context: CheckContext) -> bool:
    """Tell whether everybody must have a second factor: a new session opens nothing else."""
    return _offered(context).get("requiredFor") == "everybody"


def _offered(context: CheckContext) -> dict[str, Any]:
    offered = context.anonymous_browser().get("/api/sign-in-methods").field("twoFactor")
    return offered if isinstance(offered, dict) else {}


def enrol(context: CheckContext, browser: SimulatedBrowser) -> CheckResult:
    """Set up an authenticator app for the throw-away account."""
    account = context.account
    reply = browser.post(_ENABLE, {"password": account.password.reveal()})
    uri, codes = reply.field("totpURI"), reply.field("backupCodes")
    if reply.status != 200 or not isinstance(uri, str) or not isinstance(codes, list):
        return failed(f"two-factor/enable answered {reply.summary}", _remedy(reply))
    context.server.redactor.add(uri, *map(str, codes))
    account.read_app(uri)
    reply = browser.post(_VERIFY, {"code": account.totp_code(context.clock)})
    if reply.status != 200:
        return _explain_refusal(context, reply)
    account.replace_session(reply, browser)
    account.backup_codes = [SecretText(code) for code in codes]
    return passed("enrolled, and its first code was accepted")


def _explain_refusal(context: CheckContext, reply: Reply) -> CheckResult:
    date = reply.headers.get("date")
    if reply.field("code") != "INVALID_CODE" or date is None:
        return failed(f"verify-totp answered {reply.summary}", _remedy(reply))
    ahead = parsedate_to_datetime(date).timestamp() - context.clock.now().timestamp()
    if abs(ahead) < PERIOD - 5:
        return failed(f"codes are refused: verify-totp answered {reply.summary}", _READ_LOG)
    direction = "ahead of" if ahead > 0 else "behind"
    return failed(
        f"codes are refused: the server's clock is {abs(ahead):.0f} s {direction} this machine's "
        "by the Date header",
        "Synchronise the clock that is wrong with a time server (systemd-timesyncd or chrony): the "
        f"codes of authenticator apps are accepted up to {PERIOD} s too early or too late.",
    )


@check(
    "second-factor.asked",
    "After the password, no endpoint opens before the second step",
    "second-factor.app",
)
def cannot_be_skipped(context: CheckContext) -> CheckResult:
    """Otherwise the second factor protects nobody."""
    if context.verdicts.get("limits.told") is Verdict.FAIL:
        raise CheckSkipped("needs limits.told: without Retry-After it cannot wait for the limit")
    browser = context.anonymous_browser()
    reply = browser.post(SIGN_IN, context.account.credentials)
    if reply.status != 200:
        raise CheckSkipped(f"signing in answered {reply.summary}")
    context.account.remember_session(reply, browser)
    context.shared["challenge"] = reply, browser
    opened = _list_opened(browser)
    if reply.field("token") or reply.headers.get("set-auth-token"):
        opened.insert(0, "the response has a session token")
    if opened:
        return failed(
            f"without a code: {', '.join(opened)}",
            "Update the server, and report this: it signs in without the second step. Until then "
            "treat passwords as the only protection.",
        )
    if reply.field("twoFactorRedirect") is not True:
        return failed(
            "signing in answered 200 without twoFactorRedirect, and without a session", _PROXY
        )
    return passed(f"asked for a code; {len(PROTECTED_PATHS) + 1} paths stay closed")


def _list_opened(browser: SimulatedBrowser) -> list[str]:
    replies = {path: browser.copy().send("GET", path) for path in PROTECTED_PATHS}
    opened = [path for path, reply in replies.items() if 200 <= reply.status < 300]
    return [*opened, *(["get-session"] if fetch_session(browser.copy()) else [])]


@check(
    "second-factor.cookie",
    "The cookie of the second step arrives as the server sets it",
    "second-factor.asked",
    "cookies.lines",
)
def challenge_cookie(context: CheckContext) -> CheckResult:
    """Without it the browser cannot complete the sign-in, and everybody with an app is kept out."""
    reply, _ = context.shared["challenge"]
    return _judge_cookie(context, reply, _CHALLENGE)


@check(
    "second-factor.wrong-code",
    "A wrong code is refused",
    "second-factor.cookie",
    "protection.no-session",
)
def wrong_code(context: CheckContext) -> CheckResult:
    """A server that accepts every code has no second step."""
    _, browser = context.shared["challenge"]
    right = context.account.totp_code(context.clock)
    wrong = f"{(int(right) + 500_000) % 1_000_000:06}"
    reply = browser.post(_VERIFY, {"code": wrong})
    if reply.status == 200:
        return failed(
            "a wrong code completed the sign-in",
            "Update the server, and report this: it accepts every code. Let nothing in between "
            "change the body of a request.",
        )
    if reply.field("code") != "INVALID_CODE":
        return failed(f"verify-totp answered {reply.summary} to a wrong code", _remedy(reply))
    if opened := _list_opened(browser):
        return failed(f"refused, but it opened {', '.join(opened)}", _READ_LOG)
    return passed(f"{reply.status} INVALID_CODE")


@check("second-factor.code", "The code of the app completes a sign-in", "second-factor.wrong-code")
def right_code(context: CheckContext) -> CheckResult:
    """Through every proxy, with the cookies that the browser got."""
    _, browser = context.shared["challenge"]
    code = context.account.totp_code(context.clock)
    reply = browser.post(_VERIFY, {"code": code, "trustDevice": True})
    if reply.status != 200:
        return failed(f"verify-totp answered {reply.summary}", _remedy(reply))
    context.account.remember_session(reply, browser)
    context.shared["second step"] = reply
    if fetch_session(browser.copy()) is None:
        return failed(
            "verify-totp answered 200, and get-session null: the session cookie was lost",
            "Let the proxy pass Set-Cookie on for every path below /api/auth.",
        )
    return passed("signed in with password and code")


@check(
    "second-factor.trusted-browser",
    "The cookie of a trusted browser arrives as the server sets it",
    "second-factor.code",
)
def trusted_browser(context: CheckContext) -> CheckResult:
    """Without it "trust this browser" does nothing, and people are asked each time."""
    return _judge_cookie(context, context.shared["second step"], _TRUSTED)


@check("second-factor.removed", "The second factor can be removed", "second-factor.app")
def remove(context: CheckContext) -> CheckResult:
    """With the password, as its user does."""
    if is_required(context):
        raise CheckSkipped("REQUIRE_TWO_FACTOR_FOR=everybody: the account must keep it")
    browser, account = context.signed_in_browser(), context.account
    reply = browser.post(_DISABLE, {"password": account.password.reveal()})
    if reply.status != 200 or reply.field("status") is not True:
        return failed(f"two-factor/disable answered {reply.summary}", _remedy(reply))
    account.backup_codes = []
    account.replace_session(reply, browser)
    session = fetch_session(browser)
    if session is None or session["user"].get("twoFactorEnabled"):
        return failed(
            "disable answered 200, but get-session still says that the second factor is on",
            "Switch off caching below /api: a proxy or CDN caches session responses.",
        )
    return passed("the password signs in alone again")


def _judge_cookie(context: CheckContext, reply: Reply, expected: str) -> CheckResult:
    """Compare a cookie with the session cookie: the server sets both with the same attributes."""
    cookie = _find_cookie(reply, expected)
    if cookie is None:
        others = ", ".join(each.name for each in reply.cookies if not each.is_deletion) or "none"
        return failed(
            f"there is no cookie {expected}; the response sets {others}",
            f"Let the proxy pass the cookie {expected} on, under this name: a list of allowed or "
            "renamed cookies must have it too.",
        )
    own, session = _attributes(cookie), _attributes(context.session_cookie())
    if own == session:
        return passed(cookie.without_value())
    different = ", ".join(sorted(name for name, _ in own ^ session))
    return failed(
        f"{cookie.without_value()}; the session cookie differs in {different}",
        f"Let the proxy leave the attributes of {expected} in Set-Cookie alone, as it does with "
        "the session cookie's.",
    )


def _find_cookie(reply: Reply, name: str) -> SetCookie | None:
    names = {name, f"__Secure-{name}"}
    return next((it for it in reply.cookies if it.name in names and not it.is_deletion), None)


def _attributes(cookie: SetCookie) -> set[tuple[str, str]]:
    return {
        (name, "" if name in _LIFETIMES else value) for name, value in cookie.attributes.items()
    }


def _remedy(reply: Reply) -> str:
    """The server's own refusals have a code."""
    return _READ_LOG if isinstance(reply.field("code"), str) else _PROXY


CHECKS = (
    add_app,
    cannot_be_skipped,
    challenge_cookie,
    wrong_code,
    right_code,
    trusted_browser,
    remove,
)
