"""The session's cookie, attribute by attribute, as a browser on this address would treat it."""

import re

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.set_cookie import SetCookie
from doctor.client.simulated_browser import Reply, session_cookie_in
from doctor.client.throwaway_account import SIGN_OUT
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

NAME = "better-auth.session_token"
_JOINED = re.compile(r",\s*[^\s=;,]+=")  # a date has a comma too, and no name after it
_ONE_EACH = "A proxy must pass every Set-Cookie line on, each by itself."
_PROXY = "The server sets it right by itself, so a proxy in between changes Set-Cookie: look there."


@check("cookies.set", "Signing in sets a cookie", "account.sign-up")
def is_set(context: CheckContext) -> CheckResult:
    """Without it nobody is signed in, whatever the answer says."""
    reply: Reply = context.shared["signed up"]
    cookie = session_cookie_in(reply.cookies)
    if cookie is not None:
        return passed(cookie.without_value())
    return failed(
        "the answer to the sign-up came without the session's cookie",
        "Something between takes Set-Cookie away. A CDN does so where it may cache the path. "
        + _ONE_EACH,
    )


@check("cookies.lines", "Several cookies come in a line each", "cookies.set")
def lines(context: CheckContext) -> CheckResult:
    """Browsers read a line as one cookie: of two that are joined, the second is lost."""
    reply = context.anonymous_browser().post(SIGN_OUT, {})
    told = reply.headers.get_list("set-cookie")
    if not told:
        raise CheckSkipped("signing out set no cookie")
    if any(_JOINED.search(line) for line in told):
        return failed("sign-out clears several cookies in one Set-Cookie line", _ONE_EACH)
    return passed(f"{len(told)} Set-Cookie lines")


@check("cookies.name", "It has the name that Better Auth's tools look for", "cookies.set")
def name(context: CheckContext) -> CheckResult:
    """Better Auth's getSessionCookie, in a Next.js proxy, finds it by its name."""
    cookie = _cookie(context)
    expected = {NAME, f"__Secure-{NAME}"}
    if cookie.name not in expected:
        return failed(f"it is called {cookie.name}", f"A proxy renames it. It must stay {NAME}.")
    if context.deployment.https and not cookie.name.startswith("__Secure-"):
        return failed(
            f"{cookie.name}, without the prefix __Secure-",
            "Set PUBLIC_URL to the https address (or COOKIE_SECURE=on).",
        )
    return passed(cookie.name)


@check("cookies.http-only", "Scripts in a page cannot read it", "cookies.set")
def http_only(context: CheckContext) -> CheckResult:
    """A script that slips into the app must not carry the session away (ASVS 3.3.4)."""
    if _cookie(context).has("httponly"):
        return passed("HttpOnly")
    return failed("no HttpOnly", _PROXY)


@check("cookies.secure", "It travels over https only", "cookies.set")
def secure(context: CheckContext) -> CheckResult:
    """Over plain http it could be read on the way (ASVS 3.3.1)."""
    if _cookie(context).has("secure"):
        return passed("Secure")
    if context.deployment.https:
        return failed("no Secure", "Set PUBLIC_URL to the https address (or COOKIE_SECURE=on).")
    return passed("not Secure, as plain http needs it")


@check("cookies.same-site", "Other sites cannot send it along", "cookies.set")
def same_site(context: CheckContext) -> CheckResult:
    """SameSite is the second wall against forged requests; the check of Origin is the first."""
    cookie = _cookie(context)
    if not cookie.has("samesite"):
        return failed("no SameSite: Firefox and Safari take that for None", _PROXY)
    if cookie.same_site in {"lax", "strict"}:
        return passed(f"SameSite={cookie.same_site.capitalize()}")
    if not cookie.has("secure"):
        return failed("SameSite=None without Secure: browsers refuse it", _PROXY)
    return warned(
        "SameSite=None" + (", Partitioned" if cookie.has("partitioned") else ""),
        "Every site can send it along, and Safari, Firefox and private windows drop it. Gatehouse "
        f"sets Lax. {_PROXY}",
    )


@check("cookies.scope", "It belongs to this host alone", "cookies.set")
def scope(context: CheckContext) -> CheckResult:
    """With a Domain every neighbour below it gets the session (ASVS 3.3.3)."""
    cookie = _cookie(context)
    if cookie.domain or cookie.path != "/":
        return failed(f"Domain={cookie.domain or '(none)'}, Path={cookie.path}", _PROXY)
    return passed("no Domain, Path=/")


@check(
    "cookies.kept",
    "A browser on this address keeps it",
    "cookies.secure",
    "cookies.same-site",
    "cookies.scope",
)
def kept(context: CheckContext) -> CheckResult:
    """A cookie that is dropped leaves no trace but a user who is not signed in."""
    signed_up: Reply = context.shared["signed up"]
    page = context.deployment.url
    if dropped := signed_up.dropped_cookies(page):
        return failed(
            f"a browser on {page} drops {'; '.join(dropped)}",
            "Open the app by the address that PUBLIC_URL names, with https in both or in neither.",
        )
    if not {"max-age", "expires"} & set(_cookie(context).attributes):
        return warned(f"kept on {page} until the browser is closed: no Max-Age", _PROXY)
    return passed(f"every cookie is kept on {page}")


def _cookie(context: CheckContext) -> SetCookie:
    reply: Reply = context.shared["signed up"]
    cookie = session_cookie_in(reply.cookies)
    assert cookie is not None, "cookies.set has passed"  # noqa: S101
    return cookie


CHECKS = (is_set, lines, name, http_only, secure, same_site, scope, kept)
