"""Through the app: its server passes /api/auth on, and the session is first-party there."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.checks.frontend import cookie
from doctor.checks.frontend.cookie import app_browser
from doctor.checks.http.streaming import STREAM, watch
from doctor.client.simulated_browser import SimulatedBrowser
from doctor.client.throwaway_account import (
    GET_SESSION,
    SIGN_OUT,
    fetch_session,
    ip_address_of,
    observed_address,
)
from doctor.deployment import PROTECTED_PATHS
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_GUIDE = "docs/frontend.md has the proxy.ts that passes it on."
_KEY = (
    "Set FRONTEND_PROXY_KEY at the server, and let the app's server send it in X-Gatehouse-Key "
    f"with the visitor's address in X-Gatehouse-Client-IP. {_GUIDE}"
)
_FORGED = {
    "x_forwarded_for": "198.51.100.21",
    "x_real_ip": "198.51.100.22",
    "x_gatehouse_client_ip": "198.51.100.23",
    "forwarded": "for=198.51.100.24",
}
_STRANGER = "https://evil.example"


@check("frontend.reaches", "The app passes /api/auth on to the server", "reach.ready")
def reaches(context: CheckContext) -> CheckResult:
    """Without it the app's pages sign nobody in."""
    reply = _browser(context).send_once("GET", "/api/auth/ok")
    if reply.status == 200 and reply.field("ok") is True:
        return passed(f"{context.deployment.frontend}/api/auth/ok answered 200")
    kind = reply.headers.get("content-type", "of no type")
    return failed(
        f"/api/auth/ok answered {reply.summary}, a body {kind}",
        f"Does the app's server rewrite /api/auth/* to {context.deployment.url}? {_GUIDE}",
    )


@check(
    "frontend.sign-in", "Signing in through the app works", "frontend.reaches", "account.sign-in"
)
def sign_in(context: CheckContext) -> CheckResult:
    """As a page of the app does it, with the app's origin."""
    browser = _browser(context)
    context.shared["app sign-in"] = reply = context.account.sign_in(browser)
    context.shared["app browser"] = browser
    if reply.status == 200:
        return passed("200, with the account that was made at the server")
    if reply.field("code") in {"INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN"}:
        return failed(
            reply.summary, f"Set FRONTEND_URL={context.deployment.frontend} at the server."
        )
    if reply.status == 401:
        return failed(
            f"{reply.summary}: the account is known at {context.deployment.url} "
            "but not through the app",
            "The app passes on to another server, or to one with another database.",
        )
    return failed(reply.summary, f"Does the app pass bodies and headers on as they are? {_GUIDE}")


@check("frontend.session", "The session is known through the app", "frontend.cookie")
def session(context: CheckContext) -> CheckResult:
    """And it is the right user's: an app that keeps answers shows one user another's."""
    found = fetch_session(app_browser(context))
    if found is None:
        return failed(
            "get-session answered null through the app",
            f"The app's server does not pass the Cookie header on, or keeps answers. {_GUIDE}",
        )
    if found["user"].get("email") != context.account.email:
        return failed(
            "get-session names somebody else",
            "The app's server keeps answers: it must not cache anything below /api/auth.",
        )
    if fetch_session(_browser(context)) is not None:
        return failed(
            "get-session names a user to a visitor without a cookie",
            "The app's server keeps answers, or sends cookies of its own: it must do neither.",
        )
    context.shared["app session"] = found
    return passed("the account's, and nobody without a cookie")


@check("frontend.address", "The visitor's address comes through", "frontend.session")
def address(context: CheckContext) -> CheckResult:
    """Otherwise all visitors share the rate limits of the app's server: a few lock out everyone."""
    direct = fetch_session(context.signed_in_browser())
    through = ip_address_of(context.shared["app session"])
    seen_directly = ip_address_of(direct or {"session": {}})
    evidence = f"directly the server saw {seen_directly or 'none'}, through the app {through}"
    if not through:
        return warned("through the app the server saw no address at all", _KEY)
    if seen_directly == through:
        if not context.deployment.is_public:
            return passed(f"{evidence}; on one machine or network that proves little")
        return passed(evidence)
    if (":" in seen_directly) != (":" in through):
        return warned(
            f"{evidence}: one IPv4, one IPv6, which cannot be compared",
            f"Compare the second with this machine's own address. If it is the app's: {_KEY}",
        )
    return failed(f"{evidence}: all visitors share one rate limit", _KEY)


@check("frontend.forged-address", "A visitor cannot forge it on the way", "frontend.session")
def forged_address(context: CheckContext) -> CheckResult:
    """With the key in its hand the app's server must not pass on what visitors claim."""
    believed = observed_address(_browser(context), context.account, _FORGED)
    named = [
        name.replace("_", "-") for name, told in _FORGED.items() if believed and believed in told
    ]
    if not named:
        return passed(f"{len(_FORGED)} forged headers were sent, and the server saw {believed}")
    return failed(
        f"the server believed {named[0]}, which the visitor wrote",
        "Let the app's server set X-Gatehouse-Client-IP always, from what its own host tells it: "
        "the last X-Forwarded-For entry, or the header that this host overwrites.",
    )


@check("frontend.foreign", "Other sites get no say through the app", "frontend.session")
def foreign(context: CheckContext) -> CheckResult:
    """The app is one origin with itself and needs no CORS; some hosts add it all the same."""
    browser = app_browser(context).copy()
    reply = browser.post(
        "/api/auth/update-user", {"name": "Written by another site"}, origin=_STRANGER
    )
    if reply.status != 403:
        return failed(
            f"a write with the Origin {_STRANGER} answered {reply.summary}",
            "The app's server must pass the Origin header on as it came.",
        )
    allowed = browser.get(GET_SESSION, origin=_STRANGER).headers.get("access-control-allow-origin")
    if allowed in {_STRANGER, "*"}:
        return failed(
            f"Access-Control-Allow-Origin: {allowed} to {_STRANGER}",
            "Take the CORS headers out of the app's server or host: its own pages need none.",
        )
    return passed("no CORS needed and none given; a foreign Origin's write is refused")


@check("frontend.protected", "Protected paths stay protected through it", "frontend.session")
def protected(context: CheckContext) -> CheckResult:
    """A path that is not passed on at all may answer 404, or with a page of the app."""
    passed_on, let_in = [], []
    for path in PROTECTED_PATHS:
        reply = _browser(context).get(path)
        if reply.status == 401:
            passed_on.append(path)
        elif reply.status == 200 and isinstance(reply.json(), dict | list):
            let_in.append(path)
    context.shared["passed on"] = passed_on
    if let_in:
        return failed(
            f"without a session: {', '.join(let_in)} answered 200",
            "The app's server adds a session of its own, or keeps answers.",
        )
    return passed(f"401 on {', '.join(passed_on)}" if passed_on else "none of them is passed on")


@check("frontend.stream", "An event stream arrives piece by piece through it", "frontend.protected")
def stream(context: CheckContext) -> CheckResult:
    """Rewrites of some hosts collect an answer before they pass it on."""
    if STREAM not in context.shared["passed on"]:
        raise CheckSkipped(f"the app does not pass {STREAM} on")
    return watch(app_browser(context), context.clock)


@check(
    "frontend.sign-out",
    "Signing out through it ends the session everywhere",
    "frontend.session",
    "frontend.foreign",
)
def sign_out(context: CheckContext) -> CheckResult:
    """Last, as it ends what the checks before it used."""
    browser = app_browser(context)
    copied = browser.copy()
    reply = browser.post(SIGN_OUT, {})
    if reply.status != 200:
        return failed(f"sign-out answered {reply.summary}", f"Does the app pass POST on? {_GUIDE}")
    if browser.session_cookie() is not None:
        return failed("the cookie was not cleared", "The app's server drops Set-Cookie lines.")
    if fetch_session(copied) is not None:
        return failed(
            "a copy of the cookie still opens the session through the app",
            "The app's server keeps answers: nothing below /api/auth may be cached.",
        )
    direct = SimulatedBrowser(context.server, context.deployment.url, copied.jar)
    if fetch_session(direct) is not None:
        return failed(
            "a copy of the cookie still opens the session at the server",
            "The app's server answers sign-out by itself: it must pass it on.",
        )
    return passed("cleared in the browser, and a copy opens nothing")


def _browser(context: CheckContext) -> SimulatedBrowser:
    if context.app is None or context.deployment.frontend is None:
        raise CheckSkipped("no app was given: --frontend https://my-app.example")
    return SimulatedBrowser(context.app, context.deployment.frontend)


CHECKS = (
    reaches,
    sign_in,
    *cookie.CHECKS,
    session,
    address,
    forged_address,
    foreign,
    protected,
    stream,
    sign_out,
)
