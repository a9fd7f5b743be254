"""The session cookie: its name and attributes, and whether a browser keeps it."""

import re

from doctor.check import check
from doctor.check_context import CheckContext
from doctor.client.browser import Reply, session_cookie_in
from doctor.client.cookie_domain import describe_siblings, is_set_by_server
from doctor.client.set_cookie import SetCookie
from doctor.client.throwaway_account import SIGN_OUT
from doctor.findings import CheckResult, CheckSkipped, failed, passed, warned

NAME = "better-auth.session_token"
_JOINED = re.compile(r",\s*[^\s=;,]+=")  # a date has a comma too, and no name after it
_FORWARD_EACH = "Let the proxy pass every Set-Cookie header on separately."
_HTTPS = "Set PUBLIC_URL to the https address (or COOKIE_SECURE=on)."
_PROXY = "Let the proxy pass Set-Cookie on unchanged: the server itself sets this correctly."


@check("cookies.set", "Signing in sets the session cookie", "account.sign-up")
def is_set(context: CheckContext) -> CheckResult:
    """Without the cookie nobody stays signed in, whatever the response says."""
    reply: Reply = context.shared["sign-up reply"]
    cookie = session_cookie_in(reply.cookies)
    if cookie is not None:
        return passed(cookie.without_value())
    return failed(
        "the sign-up response has no session cookie",
        "Switch off caching below /api: some proxies and CDNs remove Set-Cookie where they cache. "
        f"{_FORWARD_EACH}",
    )


@check("cookies.lines", "Each cookie has its own Set-Cookie header", "cookies.set")
def lines(context: CheckContext) -> CheckResult:
    """Browsers read each header as one cookie: of two that are joined, the second is lost."""
    reply = context.anonymous_browser().post(SIGN_OUT, {})
    headers = reply.headers.get_list("set-cookie")
    if not headers:
        raise CheckSkipped("signing out set no cookie")
    if any(_JOINED.search(header) for header in headers):
        return failed("sign-out clears several cookies in one Set-Cookie header", _FORWARD_EACH)
    return passed(f"{len(headers)} Set-Cookie headers")


@check("cookies.name", "The session cookie has the name Better Auth expects", "cookies.set")
def name(context: CheckContext) -> CheckResult:
    """Better Auth's getSessionCookie, in a Next.js proxy, looks it up by name."""
    cookie = _cookie(context)
    expected = {NAME, f"__Secure-{NAME}"}
    if cookie.name not in expected:
        return failed(f"it is called {cookie.name}", f"Let the proxy keep the name {NAME}.")
    if context.deployment.https and not cookie.name.startswith("__Secure-"):
        fix = f"Let the proxy keep the name __Secure-{NAME}." if cookie.has("secure") else _HTTPS
        return failed(f"{cookie.name}, without the prefix __Secure-", fix)
    return passed(cookie.name)


@check("cookies.http-only", "Scripts cannot read the session cookie", "cookies.set")
def http_only(context: CheckContext) -> CheckResult:
    """A script injected into the app must not steal the session (ASVS 3.3.4)."""
    if _cookie(context).has("httponly"):
        return passed("HttpOnly")
    return failed("no HttpOnly", _PROXY)


@check("cookies.secure", "The session cookie is sent over https only", "cookies.set")
def secure(context: CheckContext) -> CheckResult:
    """Over plain http it could be read in transit (ASVS 3.3.1)."""
    if _cookie(context).has("secure"):
        return passed("Secure")
    if _cookie(context).name.startswith("__Secure-"):
        return failed(
            "the prefix __Secure- and no Secure: browsers reject such a cookie",
            "Let the proxy keep Secure in Set-Cookie: the server sets it with every cookie of this "
            "name (nginx: no `proxy_cookie_flags ... nosecure`).",
        )
    if context.deployment.https:
        return failed("no Secure", _HTTPS)
    return passed("no Secure, which plain http does not allow")


@check("cookies.same-site", "Other sites' requests do not carry the session cookie", "cookies.set")
def same_site(context: CheckContext) -> CheckResult:
    """SameSite is the second defence against CSRF; the check of Origin is the first."""
    cookie = _cookie(context)
    if not cookie.has("samesite"):
        return failed("no SameSite, which Firefox and Safari treat as None", _PROXY)
    if cookie.same_site in {"lax", "strict"}:
        return passed(f"SameSite={cookie.same_site.capitalize()}")
    if not cookie.has("secure"):
        return failed("SameSite=None without Secure: browsers reject the cookie", _PROXY)
    return warned(
        "SameSite=None" + (", Partitioned" if cookie.has("partitioned") else ""),
        "Requests from every site carry it, and Safari, Firefox and private windows drop it. "
        f"Gatehouse sets Lax. {_PROXY}",
    )


@check("cookies.scope", "The session cookie is limited to this host", "cookies.set")
def scope(context: CheckContext) -> CheckResult:
    """With a Domain attribute all hosts below it receive the session (ASVS 3.3.3)."""
    cookie, reply = _cookie(context), context.shared["sign-up reply"]
    if cookie.path == "/" and is_set_by_server(cookie, reply.cookies):
        return warned(f"Domain={cookie.domain}, Path=/", describe_siblings(cookie.domain))
    if cookie.domain or cookie.path != "/":
        changed = "Domain" if cookie.domain else "Path"
        return failed(
            f"Domain={cookie.domain or '(none)'}, Path={cookie.path}",
            f"Let the proxy leave {changed} in Set-Cookie alone (nginx: no "
            f"`proxy_cookie_{changed.lower()}`): the server sets Path=/ and no Domain.",
        )
    return passed("no Domain, Path=/")


@check(
    "cookies.kept",
    "Browsers keep the session cookie",
    "cookies.secure",
    "cookies.same-site",
    "cookies.scope",
)
def kept_by_browsers(context: CheckContext) -> CheckResult:
    """If the browser drops the cookie, the user just is not signed in, without an error."""
    reply: Reply = context.shared["sign-up reply"]
    page = context.deployment.url
    if dropped := reply.dropped_cookies(page):
        return failed(
            f"a browser on {page} drops {'; '.join(dropped)}",
            "Open the app under the address in PUBLIC_URL, with the same scheme (http or https).",
        )
    if not {"max-age", "expires"} & set(_cookie(context).attributes):
        return warned(f"no Max-Age: {page} keeps it only until the browser is closed", _PROXY)
    return passed(f"a browser on {page} keeps every cookie")


def _cookie(context: CheckContext) -> SetCookie:
    reply: Reply = context.shared["sign-up reply"]
    cookie = session_cookie_in(reply.cookies)
    assert cookie is not None, "cookies.set has passed"  # noqa: S101
    return cookie


CHECKS = (is_set, lines, name, http_only, secure, same_site, scope, kept_by_browsers)
