"""The session cookie as the app's server passes it on and a browser on the app keeps it."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply, SimulatedBrowser
from doctor.client.cookie_domain import describe_siblings, is_set_by_server
from doctor.client.set_cookie import SetCookie
from doctor.client.sites import is_same_site
from doctor.findings import CheckResult, failed, passed, warned

_KEEP_SECURE = (
    "Let the app's server pass Set-Cookie on unchanged: the server sets HttpOnly, and Secure with "
    "every cookie whose name begins with __Secure-."
)


@check("frontend.cookie", "The app sets the session cookie on its own host", "frontend.sign-in")
def cookie_set(context: CheckContext) -> CheckResult:
    """It is first-party there, so no browser blocks it as a tracker's."""
    app, server = context.deployment.frontend or "", context.deployment.url
    cookie = app_browser(context).session_cookie()
    if cookie is None:
        return failed(
            "the sign-in response has no session cookie",
            "Let the app's server pass every Set-Cookie header on separately, as the proxy.ts in "
            "docs/frontend.md does.",
        )
    reply: Reply = context.shared["app sign-in reply"]
    if is_set_by_server(cookie, reply.cookies):
        return warned(f"Domain={cookie.domain}", describe_siblings(cookie.domain))
    if cookie.domain:
        return failed(
            f"Domain={cookie.domain}",
            "Let the app's server or host add no Domain: all hosts below it receive the session.",
        )
    return passed(f"first-party on {app}. {_describe_direct_call(cookie, app, server)}")


@check("frontend.cookie-kept", "Browsers keep the cookie the app sets", "frontend.cookie")
def cookie_kept(context: CheckContext) -> CheckResult:
    """Prefix, Secure, SameSite, Partitioned and Domain, judged as a browser on the app does."""
    app = context.deployment.frontend or ""
    reply: Reply = context.shared["app sign-in reply"]
    if dropped := reply.dropped_cookies(app):
        return failed(
            f"a browser on {app} drops {'; '.join(dropped)}",
            _KEEP_SECURE
            if _has_lost_secure(_session_cookie(context))
            else "Use https for the app and in PUBLIC_URL, or http on localhost for both.",
        )
    return passed("; ".join(cookie.without_value() for cookie in reply.cookies))


@check("frontend.cookie-safe", "The app keeps the cookie's security attributes", "frontend.cookie")
def cookie_safe(context: CheckContext) -> CheckResult:
    """The app's server may weaken the cookie when it changes it."""
    app, cookie = context.deployment.frontend or "", _session_cookie(context)
    lacking = [] if cookie.has("httponly") else ["no HttpOnly"]
    if app.startswith("https://") and not cookie.has("secure"):
        lacking.append("no Secure, although the app uses https")
    if lacking:
        is_set_for_http = not cookie.has("secure") and not _has_lost_secure(cookie)
        return failed(
            "; ".join(lacking),
            "Set PUBLIC_URL to the https address."
            if is_set_for_http and cookie.has("httponly")
            else _KEEP_SECURE,
        )
    if cookie.same_site == "none" or cookie.has("partitioned"):
        return warned(
            cookie.without_value(),
            "Let the app pass Set-Cookie on unchanged. A first-party cookie needs neither "
            "SameSite=None, with which every site's requests carry it, nor Partitioned.",
        )
    prefix = ", with the prefix __Secure-" if cookie.name.startswith("__Secure-") else ""
    return passed(f"HttpOnly, SameSite={cookie.same_site.capitalize()}{prefix}")


def app_browser(context: CheckContext) -> SimulatedBrowser:
    """Return the browser that signed in through the app."""
    browser: SimulatedBrowser = context.shared["app browser"]
    return browser


def _has_lost_secure(cookie: SetCookie) -> bool:
    """Tell whether the app took Secure away: the server sets it with this name."""
    return cookie.name.startswith("__Secure-") and not cookie.has("secure")


def _session_cookie(context: CheckContext) -> SetCookie:
    cookie = app_browser(context).session_cookie()
    assert cookie is not None, "frontend.cookie has passed"  # noqa: S101
    return cookie


def _describe_direct_call(cookie: SetCookie, app: str, server: str) -> str:
    if is_same_site(app, server):
        return f"{server} is the same site, so its own cookie would work too"
    direct = f"If pages called {server} directly, the cookie would be third-party: "
    if cookie.same_site != "none":
        return f"{direct}with SameSite={cookie.same_site.capitalize()}, neither kept nor sent"
    return f"{direct}dropped by Safari, by Firefox and in private windows"


CHECKS = (cookie_set, cookie_kept, cookie_safe)
