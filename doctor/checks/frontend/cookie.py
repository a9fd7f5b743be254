"""The session's cookie as the app's server hands it on, and as a browser on the app takes it."""

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.set_cookie import SetCookie
from doctor.client.simulated_browser import Reply, SimulatedBrowser
from doctor.client.sites import is_same_site
from doctor.findings import CheckResult, failed, passed, warned


@check("frontend.cookie", "It sets the session's cookie on the app's own host", "frontend.sign-in")
def cookie_set(context: CheckContext) -> CheckResult:
    """First-party there: no browser takes it for a tracker's."""
    app, server = context.deployment.frontend or "", context.deployment.url
    cookie = app_browser(context).session_cookie()
    if cookie is None:
        return failed(
            "the answer to the sign-in came without the session's cookie",
            "The app's server drops Set-Cookie: it must pass every line on by itself, as the "
            "proxy.ts in docs/frontend.md does.",
        )
    if cookie.domain:
        return failed(
            f"Domain={cookie.domain}",
            "The server sets no Domain, so the app's server or host adds it: every neighbour "
            "below it gets the session.",
        )
    return passed(f"first-party on {app}. {_if_called_directly(cookie, app, server)}")


@check("frontend.cookie-kept", "A browser on the app keeps it", "frontend.cookie")
def cookie_kept(context: CheckContext) -> CheckResult:
    """Prefix, Secure, SameSite, Partitioned and Domain, as a browser on this origin takes them."""
    app = context.deployment.frontend or ""
    reply: Reply = context.shared["app sign-in"]
    if dropped := reply.dropped_cookies(app):
        return failed(
            f"a browser on {app} drops {'; '.join(dropped)}",
            "Open the app over https, as PUBLIC_URL does the server, or both over http on "
            "localhost.",
        )
    return passed("; ".join(cookie.without_value() for cookie in reply.cookies))


@check("frontend.cookie-safe", "It is as safe there as at the server", "frontend.cookie")
def cookie_safe(context: CheckContext) -> CheckResult:
    """What the app's server changes about it, it can spoil."""
    app, cookie = context.deployment.frontend or "", _session_cookie(context)
    lacking = [] if cookie.has("httponly") else ["no HttpOnly"]
    if app.startswith("https://") and not cookie.has("secure"):
        lacking.append("no Secure, though the app is on https (is PUBLIC_URL of the server http?)")
    if lacking:
        return failed(
            "; ".join(lacking),
            "Set PUBLIC_URL to an https address, and let the app's server leave Set-Cookie alone.",
        )
    if cookie.same_site == "none" or cookie.has("partitioned"):
        return warned(
            cookie.without_value(),
            "First-party cookies need neither SameSite=None nor Partitioned: the first lets every "
            "site send it along. The app's server should leave Set-Cookie alone.",
        )
    prefix = ", with the prefix __Secure-" if cookie.name.startswith("__Secure-") else ""
    return passed(f"HttpOnly, SameSite={cookie.same_site.capitalize()}{prefix}")


def app_browser(context: CheckContext) -> SimulatedBrowser:
    """Return the browser that signed in through the app."""
    found: SimulatedBrowser = context.shared["app browser"]
    return found


def _session_cookie(context: CheckContext) -> SetCookie:
    cookie = app_browser(context).session_cookie()
    assert cookie is not None, "frontend.cookie has passed"  # noqa: S101
    return cookie


def _if_called_directly(cookie: SetCookie, app: str, server: str) -> str:
    if is_same_site(app, server):
        return f"{server} is the same site: its cookie would come along too"
    told = f"Had the page called {server} itself, the cookie would be third-party: "
    if cookie.same_site != "none":
        return f"{told}SameSite={cookie.same_site.capitalize()}, neither kept nor sent"
    return f"{told}dropped by Safari, by Firefox and in private windows"


CHECKS = (cookie_set, cookie_kept, cookie_safe)
