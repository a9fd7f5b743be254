"""The app's server passes /api/auth on, and its session cookie is first-party."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.checks.frontend import cookie
from doctor.checks.frontend.cookie import app_browser
from doctor.checks.http.origins import STRANGER
from doctor.checks.http.streaming import STREAM, check_stream
from doctor.client.browser import SimulatedBrowser
from doctor.client.throwaway_account import (
    GET_SESSION,
    SIGN_OUT,
    fetch_session,
    ip_address_of,
    observed_address,
)
from doctor.deployment import PROTECTED_PATHS
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

_GUIDE = "docs/frontend.md has a proxy.ts that does it."
_KEY = (
    "Set FRONTEND_PROXY_KEY on the server, and let the app's server send it in X-Gatehouse-Key, "
    f"with the visitor's address in X-Gatehouse-Client-IP. {_GUIDE}"
)
_NOT_CACHED = "Let the app's server cache nothing below /api/auth."
_FORGED = {
    "x_forwarded_for": "198.51.100.21",
    "x_real_ip": "198.51.100.22",
    "x_gatehouse_client_ip": "198.51.100.23",
    "forwarded": "for=198.51.100.24",
}


@check("frontend.reaches", "The app passes /api/auth on to the server", "reach.ready")
def reaches(context: CheckContext) -> CheckResult:
    """Otherwise the app's pages cannot sign anybody in."""
    reply = _browser(context).send_once("GET", "/api/auth/ok")
    if reply.status == 200 and reply.field("ok") is True:
        return passed(f"{context.deployment.frontend}/api/auth/ok answered 200")
    return failed(
        f"/api/auth/ok answered {reply.summary}, Content-Type: {reply.content_type}",
        f"Let the app's server pass /api/auth/* on to {context.deployment.url}. {_GUIDE}",
    )


@check(
    "frontend.sign-in", "Signing in through the app works", "frontend.reaches", "account.sign-in"
)
def sign_in(context: CheckContext) -> CheckResult:
    """As a page of the app does, with the app's origin."""
    browser = _browser(context)
    context.shared["app sign-in reply"] = reply = context.account.sign_in(browser)
    context.shared["app browser"] = browser
    if reply.status == 200:
        return passed("200, with the account created on the server")
    if reply.field("code") in {"INVALID_ORIGIN", "MISSING_OR_NULL_ORIGIN"}:
        return failed(
            reply.summary, f"Set FRONTEND_URL={context.deployment.frontend} on the server."
        )
    if reply.status == 401:
        return failed(
            f"{reply.summary}: {context.deployment.url} knows the account, but not through the app",
            "Let the app pass /api/auth on to the same server: this one has another database.",
        )
    return failed(reply.summary, f"Let the app pass bodies and headers on unchanged. {_GUIDE}")


@check("frontend.session", "get-session works through the app", "frontend.cookie")
def session(context: CheckContext) -> CheckResult:
    """With the right user: an app that caches responses shows one user another's session."""
    session_data = fetch_session(app_browser(context))
    if session_data is None:
        return failed(
            "get-session returned null through the app",
            f"Let the app's server pass the Cookie header on, and cache nothing. {_GUIDE}",
        )
    if session_data["user"].get("email") != context.account.email:
        return failed("get-session returns another user", _NOT_CACHED)
    if fetch_session(_browser(context)) is not None:
        return failed(
            "get-session returns a user to a visitor without a cookie",
            f"{_NOT_CACHED} Nor may it add cookies of its own.",
        )
    context.shared["app session"] = session_data
    return passed("the account's session, and null without a cookie")


@check(
    "frontend.address",
    "The visitor's address reaches the server through the app",
    "frontend.session",
)
def address(context: CheckContext) -> CheckResult:
    """Otherwise all visitors share one rate limit, and a few of them lock out everybody."""
    direct = fetch_session(context.signed_in_browser())
    through = ip_address_of(context.shared["app session"])
    directly = ip_address_of(direct or {"session": {}})
    evidence = f"directly the server saw {directly or 'no address'}, through the app {through}"
    if not through:
        return warned("through the app the server saw no client address", _KEY)
    if directly == through:
        if not context.deployment.is_public:
            return passed(f"{evidence}, which proves little on one machine or network")
        return passed(evidence)
    if (":" in directly) != (":" in through):
        return warned(
            f"{evidence}: IPv4 and IPv6 addresses cannot be compared",
            f"Check whether the second is the app server's address. If it is: {_KEY}",
        )
    return failed(f"{evidence}: all visitors share one rate limit", _KEY)


@check(
    "frontend.forged-address",
    "Visitors cannot forge their address through the app",
    "frontend.session",
)
def forged_address(context: CheckContext) -> CheckResult:
    """The server trusts the app's server, which must not pass on what visitors claim."""
    observed = observed_address(_browser(context), context.account, _FORGED)
    trusted = [name for name, value in _FORGED.items() if observed and observed in value]
    if not trusted:
        return passed(f"the server ignored {len(_FORGED)} forged headers and saw {observed}")
    return failed(
        f"the server trusted {trusted[0].replace('_', '-')}, which the visitor forged",
        "Let the app's server always set X-Gatehouse-Client-IP itself, from the last entry of "
        "X-Forwarded-For or from the header in which its host gives the visitor's address.",
    )


@check("frontend.foreign", "Other sites get no access through the app", "frontend.session")
def frontend_foreign(context: CheckContext) -> CheckResult:
    """The app's own pages are same-origin and need no CORS; some hosts add it nevertheless."""
    browser = app_browser(context).copy()
    reply = browser.post(
        "/api/auth/update-user", {"name": "Written by another site"}, origin=STRANGER
    )
    if reply.status != 403:
        return failed(
            f"a write with Origin: {STRANGER} answered {reply.summary}",
            "Let the app's server pass the Origin header on unchanged.",
        )
    allowed = browser.get(GET_SESSION, origin=STRANGER).headers.get("access-control-allow-origin")
    if allowed in {STRANGER, "*"}:
        return failed(
            f"Access-Control-Allow-Origin: {allowed} for {STRANGER}",
            "Remove the CORS headers that the app's server or host adds: its own pages need none.",
        )
    return passed("no CORS headers, and a write with a foreign Origin is rejected")


@check("frontend.protected", "Protected paths stay protected through the app", "frontend.session")
def protected(context: CheckContext) -> CheckResult:
    """A path that the app does not pass on may answer 404, or with a page of the app."""
    forwarded, accepted = [], []
    for path in PROTECTED_PATHS:
        reply = _browser(context).get(path)
        if reply.status == 401:
            forwarded.append(path)
        elif reply.status == 200 and isinstance(reply.json(), dict | list):
            accepted.append(path)
    context.shared["forwarded"] = forwarded
    if accepted:
        return failed(
            f"without a session: {', '.join(accepted)} answered 200",
            f"{_NOT_CACHED} Nor may it add a session of its own.",
        )
    return passed(f"401 on {', '.join(forwarded)}" if forwarded else "the app passes none on")


@check(
    "frontend.stream",
    "An event stream arrives piece by piece through the app",
    "frontend.protected",
)
def stream(context: CheckContext) -> CheckResult:
    """The rewrites of some hosts buffer a response before they pass it on."""
    if STREAM not in context.shared["forwarded"]:
        raise CheckSkipped(f"the app does not pass {STREAM} on")
    return check_stream(app_browser(context), context.clock)


@check(
    "frontend.sign-out",
    "Signing out through the app ends the session everywhere",
    "frontend.session",
    "frontend.foreign",
)
def sign_out(context: CheckContext) -> CheckResult:
    """The last check here, as it ends the session that the others use."""
    browser = app_browser(context)
    copied = browser.copy()
    reply = browser.post(SIGN_OUT, {})
    if reply.status != 200:
        return failed(
            f"sign-out answered {reply.summary}", f"Let the app pass POST requests on. {_GUIDE}"
        )
    if browser.session_cookie() is not None:
        return failed("the cookie was not cleared", "Let the app's server pass Set-Cookie on.")
    if fetch_session(copied) is not None:
        return failed("the app still accepts a copy of the cookie", _NOT_CACHED)
    direct = SimulatedBrowser(context.server, context.deployment.url, copied.jar)
    if fetch_session(direct) is not None:
        return failed(
            "the server still accepts a copy of the cookie",
            "Let the app's server pass sign-out on instead of answering itself.",
        )
    return passed("cleared in the browser, and a copy is rejected")


def _browser(context: CheckContext) -> SimulatedBrowser:
    if context.app is None or context.deployment.frontend is None:
        raise CheckSkipped("no app given: --frontend https://my-app.example")
    return SimulatedBrowser(context.app, context.deployment.frontend)


CHECKS = (
    reaches,
    sign_in,
    *cookie.CHECKS,
    session,
    address,
    forged_address,
    frontend_foreign,
    protected,
    stream,
    sign_out,
)
