"""Which sites may act for a signed-in browser, and where it may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.refusals import Refusal
from backend.web.edge.origins import TrustedOrigins, origin_of

APP, OWN = "https://app.example.test", "https://auth.example.test"
PATTERNS = [
    OWN,
    APP,
    "http://localhost:3000",
    "https://[2001:db8::1]:8443",
    "https://*.vercel.app",
    "https://pr-?.preview.test",
    "*.wild.test",
    "http://192.168.*.*:3000",
    "10.1.*.*",
    "myapp://",
    "exp://phone.test:8081/--/",
    "exp://192.168.*.*:*/**",
    "desk://*.desk.test/open",
    "no-scheme.test",
    "not a url",
]
ORIGINS = TrustedOrigins(PATTERNS)

TRUSTED = [
    APP,
    "HTTPS://APP.Example.TEST",
    f"{APP}:443",
    f"{APP}/some/path?query#fragment",
    "http://localhost:3000",
    "https://[2001:db8::1]:8443",
    "https://[2001:DB8::1]:8443",
    "https://x.vercel.app",
    "https://a.b.vercel.app",
    "https://pr-7.preview.test",
    "https://a.wild.test",
    "http://a.wild.test",
    "http://192.168.1.20:3000",
    "https://10.1.2.3",
    "http://10.1.2.3",
    "myapp://",
    "myapp://anything/at/all",
    "MyApp://x",
    "myapp:///x?next=/../y#z",
    "exp://phone.test:8081/--/callback",
    "exp://PHONE.test:8081/--/a/../callback?x=1",
    "exp://192.168.1.20:8081",
    "exp://192.168.1.20:8081/--/callback",
    "desk://a.desk.test/open",
]
UNTRUSTED = [
    "",
    "null",
    "https://evil.example",
    "http://app.example.test",
    f"{APP}:8443",
    f"{APP}:80",
    f"{APP}.evil.example",
    f"{APP}@evil.example",
    f"{APP}:443@evil.example",
    "https://evil.example@app.example.test",
    "https://user:pass@app.example.test",
    f"{APP}.",
    "https://evil-app.example.test",
    "https://xapp.example.test",
    "https://sub.app.example.test",
    "https://example.test",
    "//app.example.test",
    "app.example.test",
    "https:app.example.test",
    "https:/app.example.test",
    "https:///app.example.test",
    f"{APP}\\.evil.example",
    f" {APP}",
    f"{APP} ",
    f"{APP}\n",
    f"{APP}\t",
    f"{APP}, https://evil.example",
    f"{APP}:port",
    f"{APP}:99999",
    "https://[app.example.test]",
    "https://[::1",
    "https://2001:db8::1:8443",
    "https://[2001:db8::2]:8443",
    "https://[::ffff:127.0.0.1]:3000",
    "http://localhost",
    "http://localhost:30000",
    "http://127.0.0.1:3000",
    "https://localhost:3000",
    "http://localhost:3000@evil.example",
    "http://x.vercel.app",
    "https://vercel.app",
    "https://.evil.example/.vercel.app",
    "https://evil.example#.vercel.app",
    "https://evil.example?.vercel.app",
    "https://evil.example\\.vercel.app",
    "https://evil.example%2f.vercel.app",
    "https://evil.example%00.vercel.app",
    "https://x.vercel.app.evil.example",
    "https://xvercel.app",
    "https://x.vercel.app:8443",
    "https://pr-77.preview.test",
    "https://pr-.preview.test",
    "https://wild.test",
    "https://a.wild.test:8443",
    "http://192.168.evil.example:3000",
    "http://192.168.1.evil:3000",
    "https://10.1.evil.example",
    "https://10.1.2.3.evil.example",
    "myapp:anything",
    "myappx://x",
    "exp://phone.test.evil.example:8081/--/",
    "exp://phone.test:8081/--x",
    "exp://phone.test:8081/--/../other",
    "exp://phone.test:8081/--/%2e%2e/other",
    "exp://phone.test:8081/%2d-%2f..",
    "exp://192.168.evil.example:8081/--/",
    "exp://evil.example:8081/--/",
    "exp://192.168.1.20:8081@evil.example:1/--/",
    "desk://a.desk.test/other",
    "desk://a.desk.test/open/more",
    "desk://desk.test.evil.example/open",
    "desk://evil.example/.desk.test/open",
    "desk:/a.desk.test/open",
    "exp://phone.test:8081/",
    "exp://phone.test:8081",
    "http://phone.test:8081",
    "https://no-scheme.test",
    "javascript://app.example.test/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://app.ex\u0430mple.test",
]


@pytest.mark.parametrize("url", TRUSTED)
def test_a_trusted_origin_in_every_spelling(url):
    assert ORIGINS.trusts(url)


@pytest.mark.parametrize("url", UNTRUSTED)
def test_a_look_alike_is_not_trusted(url):
    assert not ORIGINS.trusts(url)


def test_with_nobody_named_nobody_is_trusted():
    assert not TrustedOrigins([]).trusts(APP)


def test_an_origin_is_scheme_host_and_port():
    assert origin_of("HTTPS://App.example:8443/x?y#z") == "https://app.example:8443"
    assert origin_of("http://app.example:80/") == "http://app.example"
    assert origin_of("https://[::1]:443") == "https://[::1]"


@given(st.text())
def test_every_text_has_an_origin_or_none(text):
    assert origin_of(text) is None or "://" in str(origin_of(text))


def code_for(headers: dict[str, str], path: str = "/api/auth/update-user", method: str = "POST"):
    """The code with which a request is refused, or None."""
    try:
        encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        ORIGINS.check_request(method, path, encoded)
    except Refusal as refusal:
        return refusal.code
    return None


COOKIE = {"cookie": "any=1"}
WITH_COOKIE = [
    ({"origin": APP}, None),
    ({"origin": OWN}, None),
    ({"referer": f"{APP}/page?x=1"}, None),
    ({"origin": "", "referer": f"{APP}/page"}, None),
    ({"origin": APP, "referer": "https://evil.example/"}, None),
    ({"origin": "null", "sec-fetch-site": "same-origin"}, None),
    ({}, "MISSING_OR_NULL_ORIGIN"),
    ({"origin": ""}, "MISSING_OR_NULL_ORIGIN"),
    ({"origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
    ({"origin": "null", "sec-fetch-site": "same-site"}, "MISSING_OR_NULL_ORIGIN"),
    ({"origin": "null", "sec-fetch-site": "cross-site"}, "MISSING_OR_NULL_ORIGIN"),
    ({"origin": "null", "referer": f"{APP}/"}, "MISSING_OR_NULL_ORIGIN"),
    ({"referer": "null"}, "MISSING_OR_NULL_ORIGIN"),
    ({"sec-fetch-site": "same-origin"}, "MISSING_OR_NULL_ORIGIN"),
    ({"origin": "https://evil.example"}, "INVALID_ORIGIN"),
    ({"origin": "https://evil.example", "referer": f"{APP}/"}, "INVALID_ORIGIN"),
    ({"origin": f"{APP}, https://evil.example"}, "INVALID_ORIGIN"),
    ({"referer": f"https://evil.example/{APP}"}, "INVALID_ORIGIN"),
    ({"origin": "https://\xff.example"}, "INVALID_ORIGIN"),
]


@pytest.mark.parametrize(("headers", "code"), WITH_COOKIE)
def test_with_a_cookie_a_change_needs_a_trusted_origin(headers, code):
    assert code_for({**COOKIE, **headers}) == code


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_needs_none(method):
    assert code_for({**COOKIE, "origin": "https://evil.example"}, method=method) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_other_method_does(method):
    assert code_for(COOKIE, method=method) == "MISSING_OR_NULL_ORIGIN"


@pytest.mark.parametrize("headers", [headers for headers, _ in WITH_COOKIE])
def test_without_a_cookie_there_is_nothing_to_steal(headers):
    assert code_for(headers) is None


NAVIGATED = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
SIGNING_IN = [
    ({}, None),
    ({"origin": APP}, None),
    ({"referer": f"{APP}/sign-in"}, None),
    ({"origin": "https://evil.example"}, "INVALID_ORIGIN"),
    ({"referer": "https://evil.example/"}, "INVALID_ORIGIN"),
    ({"origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
    ({"sec-fetch-site": "cross-site"}, "MISSING_OR_NULL_ORIGIN"),
    ({"sec-fetch-mode": "cors"}, "MISSING_OR_NULL_ORIGIN"),
    ({"sec-fetch-dest": "empty"}, "MISSING_OR_NULL_ORIGIN"),
    ({"sec-fetch-site": "same-origin", "origin": APP}, None),
    ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "origin": APP}, None),
    (NAVIGATED, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
    ({**NAVIGATED, "origin": APP}, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
    ({**NAVIGATED, "sec-fetch-site": "same-origin", "origin": APP}, None),
]


@pytest.mark.parametrize("path", ["/api/auth/sign-in/email", "/api/auth/sign-up/email"])
@pytest.mark.parametrize(("headers", "code"), SIGNING_IN)
def test_signing_in_needs_one_as_soon_as_a_browser_is_seen(path, headers, code):
    assert code_for(headers, path) == code


def find_target_refusal(name: str, target: object) -> Refusal | None:
    try:
        ORIGINS.check_targets({name: target})
    except Refusal as refusal:
        return refusal
    return None


TARGET_FIELDS = {
    "callbackURL": "INVALID_CALLBACK_URL",
    "redirectTo": "INVALID_REDIRECT_URL",
    "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL",
    "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
}


@pytest.mark.parametrize(("name", "code"), TARGET_FIELDS.items())
def test_each_target_has_its_own_code(name, code):
    assert find_target_refusal(name, "https://evil.example").code == code
    assert find_target_refusal(name, "/fine") is None


@pytest.mark.parametrize("target", [7, ["/x"], {"a": 1}, True])
def test_a_target_is_a_string(target):
    refusal = find_target_refusal("callbackURL", target)
    assert (refusal.status, refusal.code) == (400, None)
    assert refusal.message == "Invalid callbackURL: expected a string"


@pytest.mark.parametrize("target", ["", None, 0, False, []])
def test_an_empty_target_is_none(target):
    assert find_target_refusal("callbackURL", target) is None


@pytest.mark.parametrize("target", ["/ok", "/", "/a?b=//x", "/a%20b", "/@evil.com", "/a#b", APP])
def test_a_path_of_ours_or_a_trusted_url_is_allowed(target):
    assert ORIGINS.allows_target(target)


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.com", "///evil.com", "/\\evil.com", "\\\\evil.com", "\\/evil.com"),
        *("/%2f%2fevil", "/%2Fevil.com", "/%5cevil", "/%5Cevil", "/a/%2f/b"),
        *("ok", "ok/path", "javascript:alert(1)", "data:text/html,x", "https://trusted@evil.com"),
        *("/..//evil.com", "/.//evil.com", "/a/..//evil.com", "/%2e%2e//evil.com"),
        *("/%2e//evil.com", "/\t/evil.com", "/\n/evil.com", "/ /evil.com", "/\0", "/a\x7fb"),
        *("https://evil.com", "HTTPS://EVIL.COM", "http:evil.com", "//app.example.test"),
        *(f"{APP}@evil.com", f"{APP}.evil.com", f" {APP}", f"{APP}\\@evil.com"),
    ],
    ids=ascii,
)
def test_anything_else_is_not(target):
    assert not ORIGINS.allows_target(target)
