"""Set-Cookie lines as browsers take them (RFC 6265bis, sections 5.6 and 5.7)."""

from types import SimpleNamespace

import pytest

from doctor.checks.accounts.cookies import scope
from doctor.client.set_cookie import parse_set_cookie, rejection_reasons

APP = "https://app.example.com"
SPACE = "https://owner-auth.hf.space"
LOCAL = "http://localhost:3000"
LAN = "http://192.168.1.20:7860"

KEPT = [
    ("a=1", APP),
    ("a=1; Path=/; HttpOnly; SameSite=Lax", LAN),
    ("a=1; Secure", APP),
    ("a=1; Secure", LOCAL),
    ("a=1; Secure", "http://127.0.0.1:3000"),
    ("__Secure-a=1; Secure; Path=/", APP),
    ("__Secure-a=1; Secure; Path=/", LOCAL),
    ("__Host-a=1; Secure; Path=/", APP),
    ("__HOST-a=1; secure; PATH=/", APP),
    ("a=1; SameSite=None; Secure", APP),
    ("a=1; SameSite=None; Secure; Partitioned", APP),
    ("a=1; SameSite=Sometimes", APP),
    ("a=1; Domain=example.com", APP),
    ("a=1; Domain=.Example.com", APP),
    ("a=1; Domain=app.example.com", APP),
    ("a=1; Domain=", APP),
    ("a=1; Domain=evil.example; Domain=example.com", APP),
    ("a=1; Domain=owner-auth.hf.space", SPACE),
    ("a=1; Domain=192.168.1.20", LAN),
    ("a=" + "v" * 4095, APP),
]

DROPPED = [
    ("a=1; Secure", LAN, "over plain http"),
    ("__Secure-a=1", APP, "requires Secure"),
    ("__secure-a=1", APP, "requires Secure"),
    ("__Secure-a=1; Secure", LAN, "over plain http"),
    ("__Host-a=1; Path=/", APP, "requires Secure"),
    ("__Host-a=1; Secure", APP, "requires Path=/"),
    ("__Host-a=1; Secure; Path=/api", APP, "requires Path=/"),
    ("__Host-a=1; Secure; Path=/; Domain=example.com", APP, "no Domain"),
    ("a=1; SameSite=None", APP, "SameSite=None without Secure"),
    ("a=1; SameSite=none", LOCAL, "SameSite=None without Secure"),
    ("a=1; Partitioned", APP, "Partitioned without Secure"),
    ("a=1; Domain=other.example", APP, "not part of"),
    ("a=1; Domain=deep.app.example.com", APP, "not part of"),
    ("a=1; Domain=ple.com", APP, "not part of"),
    ("a=1; Domain=hf.space", SPACE, "shared by many"),
    ("a=1; Domain=com", APP, "shared by many"),
    ("a=1; Domain=168.1.20", LAN, "not part of"),
    ("a=" + "v" * 4096, APP, "longer than"),
]


@pytest.mark.parametrize(("line", "page"), KEPT, ids=lambda each: each[:50])
def test_a_browser_keeps(line, page):
    assert rejection_reasons(parse_set_cookie(line), page) == []


@pytest.mark.parametrize(("line", "page", "reason"), DROPPED, ids=lambda each: each[:50])
def test_a_browser_drops(line, page, reason):
    (actual,) = rejection_reasons(parse_set_cookie(line), page)
    assert reason in actual


def test_several_reasons_are_all_told():
    cookie = parse_set_cookie("__Secure-a=1; SameSite=None; Partitioned; Domain=other.example")
    assert len(rejection_reasons(cookie, APP)) == 4


@pytest.mark.parametrize(
    ("line", "is_deletion"),
    [
        ("a=; Max-Age=0", True),
        ("a=; Max-Age=-1", True),
        ("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
        ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", False),
        ("a=1; Max-Age=soon", False),
        ("a=1; Expires=some day", False),
        ("a=", False),
        ("a=1; Max-Age=604800", False),
    ],
)
def test_whether_a_line_deletes(line, is_deletion):
    assert parse_set_cookie(line).is_deletion is is_deletion


@pytest.mark.parametrize(
    ("line", "same_site"),
    [
        ("a=1", "lax"),
        ("a=1; SameSite=Strict", "strict"),
        ("a=1; samesite=NONE", "none"),
        ("a=1; SameSite=Sometimes", "lax"),
        ("a=1; SameSite", "lax"),
    ],
)
def test_what_same_site_comes_to(line, same_site):
    assert parse_set_cookie(line).same_site == same_site


def test_a_line_is_read_with_its_spaces_and_shown_without_its_value():
    cookie = parse_set_cookie(" session = a=b== ;  Path = / ; HttpOnly;SameSite=Lax")
    assert (cookie.name, cookie.value) == ("session", "a=b==")
    assert cookie.without_value() == "session=...; path=/; httponly; samesite=Lax"


DEVICE = "gatehouse.device=x; Path=/"
SHARED = "__Secure-better-auth.session_token=x; Path=/; Secure"


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([SHARED, DEVICE], "pass"),
        ([f"{SHARED}; Domain=example.com", DEVICE], "warn"),
        ([f"{SHARED}; Domain=example.com", f"__Secure-{DEVICE}"], "warn"),
        ([f"{SHARED}; Domain=example.com", f"{DEVICE}; Domain=example.com"], "fail"),
        ([f"{SHARED}; Domain=example.com"], "fail"),
        ([f"{SHARED}; Domain=hf.space", DEVICE], "fail"),
        ([f"{SHARED}; Domain=com", DEVICE], "fail"),
        ([f"{SHARED.replace('Path=/', 'Path=/a')}; Domain=example.com", DEVICE], "fail"),
    ],
)
def test_a_domain_of_the_servers_own_is_a_warning_and_a_proxys_a_failure(lines, verdict):
    reply = SimpleNamespace(cookies=[parse_set_cookie(line) for line in lines])
    context = SimpleNamespace(shared={"sign-up reply": reply})
    result = scope.function(context)
    assert result.verdict.value == verdict
    if verdict == "warn":
        assert (
            "COOKIE_DOMAIN sends the session cookie to every host below example.com" in result.fix
        )
    if verdict == "fail":
        assert "proxy" in result.fix
