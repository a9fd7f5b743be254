"""The Tester's quick actions and browsers, against a stub server."""

import contextlib
import json
from html import unescape

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctor.client.set_cookie import parse_set_cookie
from panel.client import words as client_words
from panel.client.loopback import Call, InvalidCall, NoResponse
from panel.pages.tester import exchange_view
from panel.tester import words
from panel.tester.browsers import Browser, BrowserStore
from panel.tester.quick_actions import QUICK_ACTIONS, Person, new_person
from tests.clocks import SeededRandomness
from tests.panel.stub_server import TOKEN, make_admin, make_tester

ADA = Person("Ada", "ada@example.com", "correct horse")
NO_TOKEN = "better-auth.session_token=; Max-Age=0; Path=/"


@pytest.mark.parametrize(
    ("action", "method", "path", "expected_body"),
    [
        (
            words.SIGN_UP,
            "POST",
            "/api/auth/sign-up/email",
            {"name": "Ada", "email": "ada@example.com", "password": "correct horse"},
        ),
        (
            words.SIGN_IN,
            "POST",
            "/api/auth/sign-in/email",
            {"email": "ada@example.com", "password": "correct horse", "rememberMe": True},
        ),
        (words.READ_SESSION, "GET", "/api/auth/get-session", None),
        (words.CALL_ME, "GET", "/api/me", None),
        (words.LIST_SESSIONS, "GET", "/api/auth/list-sessions", None),
        (words.SIGN_OUT, "POST", "/api/auth/sign-out", {}),
    ],
)
def test_each_button_sends_what_it_is_called_after(
    loop, service, server, action, method, path, expected_body
):
    loop.run(service.send(make_admin(), "A", QUICK_ACTIONS[action](ADA)))
    (request,) = server.requests
    assert (request.method, request.url.path) == (method, path)
    assert (json.loads(request.content) if request.content else None) == expected_body


def test_a_request_comes_from_a_page_of_our_own_at_the_public_url(loop, server, clock, tmp_path):
    payload = {"public_url": "https://auth.example", "port": 7999}
    service = make_tester(server, clock, tmp_path, **payload)
    loop.run(service.send(make_admin(), "A", QUICK_ACTIONS[words.SIGN_IN](ADA)))
    (request,) = server.requests
    assert str(request.url) == "http://127.0.0.1:7999/api/auth/sign-in/email"
    assert request.headers["host"] == "auth.example"
    assert request.headers["origin"] == "https://auth.example"
    assert request.headers["x-forwarded-for"] == "203.0.113.7"


@pytest.mark.parametrize(
    ("host", "reached"),
    [("", "127.0.0.1"), ("::", "[::1]"), ("10.0.0.5", "10.0.0.5"), ("::1", "[::1]")],
)
def test_the_server_is_reached_where_it_listens(loop, loopback, server, host, reached):
    loop.run(loopback(host=host).send(Call("GET", "/health"), "", ""))
    assert str(server.requests[0].url) == f"http://{reached}:7860/health"


def test_what_an_answer_sets_comes_along_next_time_and_only_from_that_browser(
    loop, service, server
):
    server.response = httpx.Response(200, json={}, headers=[("set-cookie", TOKEN)])
    exchange = loop.run(service.send(make_admin(), "A", Call("GET", "/api/me")))
    assert [cookie.name for cookie in exchange.cookies] == ["better-auth.session_token"]
    for admin, name in ((make_admin(), "A"), (make_admin(), "B"), (make_admin("session two"), "A")):
        loop.run(service.send(admin, name, Call("GET", "/api/me")))
    sent = [request.headers.get("cookie") for request in server.requests]
    assert sent == [None, "better-auth.session_token=abc.def", None, None]


def test_the_browser_knows_who_is_signed_in_until_the_cookie_goes(loop, service, server):
    person = {"user": {"email": "ada@example.com"}}
    server.response = httpx.Response(200, json=person, headers=[("set-cookie", TOKEN)])
    loop.run(service.send(make_admin(), "A", QUICK_ACTIONS[words.SIGN_IN](ADA)))
    browser = service.browser(make_admin(), "A")
    assert browser.signed_in_as == "ada@example.com"
    server.response = httpx.Response(200, json={}, headers=[("set-cookie", NO_TOKEN)])
    loop.run(service.send(make_admin(), "A", QUICK_ACTIONS[words.SIGN_OUT](ADA)))
    assert (browser.signed_in_as, list(browser.cookies)) == (None, [])


def test_a_new_person_is_never_the_same(service):
    randomness = SeededRandomness()
    person, another = new_person(randomness), new_person(randomness)
    assert person.name.startswith("Test user ")
    assert person.email.endswith("@example.com")
    assert len(person.password) == 16
    assert another != person


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("api/me", client_words.PATH_WITHOUT_SLASH),
        ("https://evil.example/", client_words.PATH_WITHOUT_SLASH),
        ("", client_words.PATH_WITHOUT_SLASH),
        ("/a b", client_words.INVALID_PATH),
        ("/a\r\nX-Evil: 1", client_words.INVALID_PATH),
        ("/a#b", client_words.INVALID_PATH),
        ("/ä", client_words.INVALID_PATH),
        ("/" + "x" * 2000, client_words.INVALID_PATH),
    ],
)
def test_a_path_that_cannot_be_sent_is_refused_in_words(loop, loopback, server, path, message):
    with pytest.raises(InvalidCall, match=message[:20]):
        loop.run(loopback().send(Call("GET", path), "", ""))
    assert server.requests == []


@pytest.mark.parametrize("path", ["//evil.example/x", "/@evil.example", "/..//evil.example"])
def test_no_path_leads_to_another_server(loop, loopback, server, path):
    request, _ = loop.run(loopback().send(Call("GET", path), "", ""))
    assert (server.requests[0].url.host, request.path) == ("127.0.0.1", path.removeprefix("/.."))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(max_codepoint=300)).map("/".__add__))
def test_a_path_is_sent_or_refused_in_words_whatever_it_is(loop, loopback, path):
    with contextlib.suppress(InvalidCall):
        loop.run(loopback().send(Call("GET", path), "", ""))


def test_a_body_may_be_anything_that_can_be_typed(loop, loopback, server):
    loop.run(loopback().send(Call("POST", "/", "ä \ud800 \0"), "", ""))
    assert server.requests[0].content == b"\xc3\xa4 \xed\xa0\x80 \0"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ReadTimeout("slow"), client_words.TIMED_OUT),
        (httpx.ConnectError("refused"), "No response from http://127.0.0.1:7860: refused."),
        (httpx.RemoteProtocolError(""), "RemoteProtocolError"),
    ],
)
def test_no_answer_is_told_in_words(loop, loopback, server, error, expected):
    server.response = error
    with pytest.raises(NoResponse) as excinfo:
        loop.run(loopback().send(Call("GET", "/health"), "", ""))
    assert expected in str(excinfo.value)


def test_a_long_answer_is_cut(loop, loopback, server):
    server.response = httpx.Response(200, content=b"x" * 1_000_000)
    _, response = loop.run(loopback().send(Call("GET", "/"), "", ""))
    assert (len(response.body), response.is_truncated) == (256 * 1024, True)
    assert exchange_view.format_body(response).endswith(words.CUT)
    assert len(exchange_view.format_body(response)) < 70_000
    assert max(map(len, exchange_view.format_body(response).split("\n"))) <= 4000


HOSTILE = "<img src=x onerror=alert(1)>\n\n# $x$"


def test_nothing_from_outside_is_shown_as_html(loop, service, server):
    headers = [("x-evil", "<script>"), ("set-cookie", f"{TOKEN}; Path=/<b>")]
    server.response = httpx.Response(418, json={"message": HOSTILE}, headers=headers)
    exchange = loop.run(service.send(make_admin(), "A", Call("GET", "/<b>?<i>")))
    browser = service.browser(make_admin(), "A")
    browser.signed_in_as, page = HOSTILE, "https://<b>.example"
    texts = [
        exchange_view.render_card(exchange, []),
        exchange_view.render_headers(exchange.response, []),
    ]
    texts += [
        exchange_view.render_cookies(exchange, [], page),
        exchange_view.render_jar(browser, reveal=True),
    ]
    texts += [exchange_view.render_failure(HOSTILE), exchange_view.render_browser_state(browser)]
    forbidden = ("<img", "<script", "<i>", "/<b>", "\n", "$")
    assert [(fragment, text) for text in texts for fragment in forbidden if fragment in text] == []


@pytest.mark.parametrize(
    ("path", "response", "expected"),
    [
        ("/api/me", httpx.Response(200, json={}), "The protected endpoint let this browser in."),
        ("/api/me", httpx.Response(401, json={}), "this browser is not signed in."),
        ("/api/auth/get-session", httpx.Response(200, content=b"null"), words.NO_SESSION),
        (
            "/x",
            httpx.Response(429, headers={"retry-after": "7"}),
            "too many requests. Wait 7 seconds.",
        ),
        ("/x", httpx.Response(429, headers={"retry-after": "soon"}), "Refused: too many requests."),
        ("/x", httpx.Response(400, json={"message": "No"}), "The server says: “No”."),
        ("/x", httpx.Response(400, json=["odd"]), "The request is invalid."),
        ("/x", httpx.Response(299), "<p class='note'></p>"),
    ],
)
def test_the_outcome_is_told_in_words(loop, service, server, path, response, expected):
    server.response = response
    exchange = loop.run(service.send(make_admin(), "A", Call("GET", path)))
    assert expected in unescape(exchange_view.render_card(exchange, []))


def test_a_body_is_shown_indented_or_as_it_is(loop, loopback, server):
    def format_body(**options):
        server.response = httpx.Response(200, **options)
        return exchange_view.format_body(loop.run(loopback().send(Call("GET", "/"), "", ""))[1])

    assert format_body(json={"ä": [1]}) == '{\n  "ä": [\n    1\n  ]\n}'
    assert format_body(content=b"null") == "null"
    assert format_body(content=b"\xff<p>") == "�<p>"
    assert (
        format_body(content=b"\xe9", headers={"content-type": "text/plain; charset=latin-1"}) == "é"
    )
    assert format_body(content=b"[" * 20_000).startswith("[[[")
    assert format_body(content=b"PK\0") == f"{words.bytes_of(3, '')}\n50 4b 00"
    assert format_body() == words.NO_BODY


def test_the_request_is_shown_as_it_went_out(loop, service):
    exchange = loop.run(service.send(make_admin(), "A", Call("POST", "/api/x?y=1", '{"a": 1}')))
    lines = exchange_view.format_request(exchange.request).splitlines()
    assert lines[0] == "POST /api/x?y=1 HTTP/1.1"
    assert {"Host: localhost:7860", "Origin: http://localhost:7860"} <= set(lines)
    assert lines[-2:] == ["", '{"a": 1}']


def test_a_browser_sends_a_cookie_only_where_its_path_fits():
    browser = Browser()
    for line in ("a=1; Path=/", "b=2; Path=/api", "c=3; Path=relative", "d=4; Path=/api/"):
        browser.keep(parse_set_cookie(line))
    assert browser.cookie_header("/api/me?x=/") == "a=1; b=2; c=3; d=4"
    assert browser.cookie_header("/api") == "a=1; b=2; c=3"
    assert browser.cookie_header("/apiary") == "a=1; c=3"


def test_a_browser_keeps_a_bounded_number_of_cookies_of_bounded_size():
    browser = Browser()
    for number in range(60):
        browser.keep(parse_set_cookie(f"c{number}=x"))
    browser.keep(parse_set_cookie("long=" + "x" * 5000))
    assert len(browser.cookies) == 50
    assert not {"c0", "long"} & set(browser.cookies)


def test_browsers_are_forgotten_with_the_session_or_after_a_day(clock):
    browser_store = BrowserStore(clock)
    browser_store.browser("one", "A").signed_in_as = "ada"
    assert browser_store.browser("one", "A").signed_in_as == "ada"
    browser_store.forget("one")
    assert browser_store.browser("one", "A").signed_in_as is None
    browser_store.browser("one", "A").signed_in_as = "ada"
    clock.advance(days=1)
    assert browser_store.browser("one", "A").signed_in_as is None


def test_the_browsers_of_a_bounded_number_of_sessions_are_kept(clock):
    browser_store = BrowserStore(clock)
    for number in range(51):
        browser_store.browser(f"session {number}", "A").signed_in_as = "ada"
    assert browser_store.browser("session 1", "A").signed_in_as == "ada"
    assert browser_store.browser("session 0", "A").signed_in_as is None


def test_a_browser_that_was_added_is_fresh_each_time_and_the_oldest_makes_room(clock):
    browser_store = BrowserStore(clock)
    browser_store.add("one", "as ada").signed_in_as = "ada"
    assert browser_store.add("one", "as ada").signed_in_as is None
    for number in range(6):
        browser_store.add("one", f"as user {number}")
    assert browser_store.names("one")[:3] == ["A", "B", "C"]
    assert len(browser_store.names("one")) == 8
    assert browser_store.names("one")[-1] == "as user 5"
    assert "as ada" not in browser_store.names("one")


def test_a_browser_that_has_made_room_gives_way_to_the_first(clock):
    browser_store = BrowserStore(clock)
    assert browser_store.browser("one", "gone") is browser_store.browser("one", "A")


def test_one_more_browser_gets_the_next_letter(service):
    assert [service.add_lettered(make_admin()) for _ in range(2)] == ["D", "E"]
    assert service.browser_names(make_admin()) == ["A", "B", "C", "D", "E"]


def test_a_browser_in_which_an_admin_acts_says_so_until_it_is_emptied(service):
    browser = service.add_browser(make_admin(), "Acting as ada", impersonates=True)
    browser.signed_in_as = "ada@example.com"
    assert words.IMPERSONATED in exchange_view.render_browser_state(browser)
    browser.clear()
    assert words.IMPERSONATED not in exchange_view.render_browser_state(browser)


def test_the_jar_tells_flags_and_end_and_the_value_only_when_asked(loop, service, server):
    server.response = httpx.Response(200, headers=[("set-cookie", TOKEN)])
    loop.run(service.send(make_admin(), "A", Call("GET", "/")))
    browser = service.browser(make_admin(), "A")
    assert "abc.def" not in exchange_view.render_jar(browser, reveal=False)
    assert "HttpOnly, SameSite=Lax; kept for 7 days" in exchange_view.render_jar(
        browser, reveal=False
    )
    assert "abc.def" in exchange_view.render_jar(browser, reveal=True)
