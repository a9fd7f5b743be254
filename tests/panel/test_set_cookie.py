"""Set-Cookie lines, read and explained; and the cookies of the panel itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.client.set_cookie import parse_set_cookie
from panel.client.visitor import CookieKind
from panel.pages.tester.cookie_view import drop_reason, explain_cookie, flags
from panel.server.cookies import PanelCookies

SESSION = "__Secure-better-auth.session_token=abc.def%3D; Max-Age=604800; Path=/; HttpOnly; Secure"


def explain_line(line: str) -> dict[str, str]:
    return dict(explain_cookie(parse_set_cookie(line)))


def test_a_line_is_read_as_a_browser_reads_it():
    cookie = parse_set_cookie(f" {SESSION} ;  SAMESITE = lax ")
    assert (cookie.name, cookie.value) == ("__Secure-better-auth.session_token", "abc.def%3D")
    assert cookie.attributes == {
        "max-age": "604800",
        "path": "/",
        "httponly": "",
        "secure": "",
        "samesite": "lax",
    }


def test_each_part_is_explained_and_so_is_what_is_missing():
    assert explain_line(f"{SESSION}; SameSite=Lax") == {
        "__Secure-": "accepted only over https",
        "Max-Age=604800": "kept for 7 days, even when the browser is closed",
        "HttpOnly": "scripts in a page cannot read it",
        "Secure": "sent over https only",
        "SameSite=Lax": "sent from another site only when a link to this one is followed",
        "no Domain": "sent to this host only, not to its subdomains",
        "Path=/": "sent to every path",
    }
    assert explain_line("a=b") == {
        "no Max-Age": "deleted when the browser is closed",
        "no HttpOnly": "scripts in a page can read it",
        "no Secure": "sent over plain http too",
        "no SameSite": "sent from another site only when a link to this one is followed",
        "no Domain": "sent to this host only, not to its subdomains",
        "Path=/": "sent to every path",
    }


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("SameSite=Strict", "never sent with a request from another site"),
        ("SameSite=None", "sent with every request, including those from other sites"),
        ("Partitioned", "kept separately for each site that shows this one in a frame"),
        ("Domain=example.com", "sent to that domain and all its subdomains"),
        ("Path=/api", "sent only to this path and below"),
        ("Max-Age=90", "kept for 90 seconds, even when the browser is closed"),
        ("Max-Age=3600", "kept for 1 hour, even when the browser is closed"),
        ("Max-Age=300", "kept for 5 minutes, even when the browser is closed"),
        (
            "Expires=Fri, 01 Jan 2027 00:00:00 GMT",
            "kept until Fri, 01 Jan 2027 00:00:00 GMT, even when the browser is closed",
        ),
    ],
)
def test_the_rarer_parts_are_explained_too(part, expected):
    assert explain_line(f"a=b; {part}")[part] == expected


@pytest.mark.parametrize(
    ("line", "deletes"),
    [
        ("a=; Max-Age=0; Path=/", True),
        ("a=; Max-Age=-1", True),
        ("a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
        ("a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", False),
        ("a=b; Max-Age=1", False),
        ("a=b; Max-Age=soon", False),
        ("a=b; Expires=soon", False),
        ("a=", False),
    ],
)
def test_what_deletes_a_cookie(line, deletes):
    assert parse_set_cookie(line).is_deletion is deletes
    assert ("deletes the cookie" in str(explain_line(line))) is deletes


def test_what_guards_a_cookie_is_named_in_short():
    assert flags(parse_set_cookie(SESSION)) == ["HttpOnly", "Secure", "SameSite=Lax"]
    assert flags(parse_set_cookie("a=b; SameSite=none; Partitioned; Secure")) == [
        *("Secure", "Partitioned", "SameSite=None"),
    ]


def test_what_a_browser_would_not_keep_is_told_with_the_reason():
    cookie = parse_set_cookie(SESSION)
    assert drop_reason(cookie, "https://gate.example") == ""
    assert drop_reason(cookie, "http://gate.example") == (
        "A browser on http://gate.example would drop this cookie: Secure, over plain http."
    )


@given(st.text())
def test_no_line_is_too_odd_to_be_read_and_explained(line):
    assert explain_cookie(parse_set_cookie(line))
    assert flags(parse_set_cookie(line))
    assert isinstance(drop_reason(parse_set_cookie(line), "https://gate.example"), str)


HEADERS = [
    ("gatehouse_panel=abc.def%3D", "abc.def%3D"),
    ("x=1; gatehouse_panel=abc; y=2", "abc"),
    ('x={"a":1}; gatehouse_panel=abc', "abc"),
    ("gatehouse_panel=first; gatehouse_panel=second", "first"),
    ("gatehouse_panel=; gatehouse_panel=a b; gatehouse_panel=second", "second"),
    ("xgatehouse_panel=abc", None),
    ("gatehouse_panel_device=abc", None),
    ("gatehouse_panel=a b", None),
    ('gatehouse_panel="abc"', None),
    ("gatehouse_panel=", None),
    ("gatehouse_panel", None),
    ("", None),
]


@pytest.mark.parametrize(("header", "value"), HEADERS)
def test_the_panels_own_cookie_is_found_among_others(header, value):
    values = PanelCookies(secure=False).values_in(header, CookieKind.SESSION)
    assert next(iter(values), None) == value


def test_of_many_a_few_are_found_each_once():
    header = "; ".join(f"gatehouse_panel={number // 2}" for number in range(300))
    assert PanelCookies(secure=False).values_in(header, CookieKind.SESSION) == [
        "0",
        "1",
        "2",
        "3",
        "4",
    ]


def test_a_direct_visits_comes_before_one_that_is_left_of_a_frame():
    header = "__Host-gatehouse_panel_embed=framed; __Host-gatehouse_panel=direct"
    assert PanelCookies(secure=True).values_in(header, CookieKind.SESSION) == ["direct", "framed"]


def test_what_is_handed_over_is_found_again():
    values = {kind: f"{kind}.sig%3D" for kind in CookieKind}
    for secure in (False, True):
        for framed in (False, True):
            cookies = PanelCookies(secure=secure)
            lines = cookies.set_cookies(values, framed=framed)
            header = "; ".join(line.partition(";")[0] for line in lines)
            assert {kind: cookies.values_in(header, kind) for kind in CookieKind} == {
                kind: [value] for kind, value in values.items()
            }
