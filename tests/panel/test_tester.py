"""The Tester's deeds and browsers, against a server that answers as the test says."""

import contextlib
import json

import gradio as gr
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from panel import shown, tester, words
from panel.browsers import Browser, Desks
from panel.guard import OWNER
from panel.loopback import Call, CallRefused, Loopback, NoAnswer
from panel.pages import tester as page
from panel.set_cookie import read_set_cookie
from panel.tester import DEEDS, Person, new_person
from panel.tools import Tools
from panel.visitor import Owner, Visitor
from tests.clocks import SeededRandomness
from tests.make import make_settings

ADA = Person("Ada", "ada@example.com", "correct horse")
TOKEN = "better-auth.session_token=abc.def; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"
NO_TOKEN = "better-auth.session_token=; Max-Age=0; Path=/"


class Server:
    """Answers with `answer`, and remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.answer = httpx.Response(200, json={})

    def __call__(self, request):
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def owner(name="session one"):
    visitor = Visitor(("198.51.100.9", 1), None, "Browser/1.0", framed=False, token=name)
    return Owner(visitor, name, "owner@example.com", "203.0.113.7")


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def loopback(server, clock, tmp_path):
    def reach(**told):
        return Loopback(make_settings(tmp_path, **told), clock, httpx.MockTransport(server))

    return reach


@pytest.fixture
def service(loopback, clock):
    return tester.Tester(loopback(), Desks(clock))


@pytest.mark.parametrize(
    ("deed", "method", "path", "said"),
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
def test_each_button_sends_what_it_is_called_after(loop, service, server, deed, method, path, said):
    loop.run(service.perform(owner(), "A", DEEDS[deed](ADA)))
    (request,) = server.asked
    assert (request.method, request.url.path) == (method, path)
    assert (json.loads(request.content) if request.content else None) == said


def test_a_request_comes_from_a_page_of_our_own_at_the_public_url(loop, loopback, server, clock):
    service = tester.Tester(loopback(public_url="https://auth.example", port=7999), Desks(clock))
    loop.run(service.perform(owner(), "A", DEEDS[words.SIGN_IN](ADA)))
    (request,) = server.asked
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
    assert str(server.asked[0].url) == f"http://{reached}:7860/health"


def test_what_an_answer_sets_comes_along_next_time_and_only_from_that_browser(
    loop, service, server
):
    server.answer = httpx.Response(200, json={}, headers=[("set-cookie", TOKEN)])
    exchange = loop.run(service.perform(owner(), "A", Call("GET", "/api/me")))
    assert [cookie.name for cookie in exchange.cookies] == ["better-auth.session_token"]
    for who, letter in ((owner(), "A"), (owner(), "B"), (owner("session two"), "A")):
        loop.run(service.perform(who, letter, Call("GET", "/api/me")))
    sent = [request.headers.get("cookie") for request in server.asked]
    assert sent == [None, "better-auth.session_token=abc.def", None, None]


def test_the_browser_knows_who_is_signed_in_until_the_cookie_goes(loop, service, server):
    person = {"user": {"email": "ada@example.com"}}
    server.answer = httpx.Response(200, json=person, headers=[("set-cookie", TOKEN)])
    loop.run(service.perform(owner(), "A", DEEDS[words.SIGN_IN](ADA)))
    browser = service.browser(owner(), "A")
    assert browser.signed_in_as == "ada@example.com"
    server.answer = httpx.Response(200, json={}, headers=[("set-cookie", NO_TOKEN)])
    loop.run(service.perform(owner(), "A", DEEDS[words.SIGN_OUT](ADA)))
    assert (browser.signed_in_as, list(browser.cookies)) == (None, [])


def test_a_new_person_is_never_the_same(service):
    chance = SeededRandomness()
    (name, email, password), another = new_person(chance), new_person(chance)
    assert name.startswith("Test person ")
    assert email.endswith("@example.com")
    assert len(password) == 16
    assert another != (name, email, password)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("api/me", words.PATH_WITHOUT_SLASH),
        ("https://evil.example/", words.PATH_WITHOUT_SLASH),
        ("", words.PATH_WITHOUT_SLASH),
        ("/a b", words.PATH_WITH_ODD_CHARACTERS),
        ("/a\r\nX-Evil: 1", words.PATH_WITH_ODD_CHARACTERS),
        ("/a#b", words.PATH_WITH_ODD_CHARACTERS),
        ("/ä", words.PATH_WITH_ODD_CHARACTERS),
        ("/" + "x" * 2000, words.PATH_WITH_ODD_CHARACTERS),
    ],
)
def test_a_path_that_cannot_be_sent_is_refused_in_words(loop, loopback, server, path, why):
    with pytest.raises(CallRefused, match=why[:20]):
        loop.run(loopback().send(Call("GET", path), "", ""))
    assert server.asked == []


@pytest.mark.parametrize("path", ["//evil.example/x", "/@evil.example", "/..//evil.example"])
def test_no_path_leads_to_another_server(loop, loopback, server, path):
    sent, _ = loop.run(loopback().send(Call("GET", path), "", ""))
    assert (server.asked[0].url.host, sent.path) == ("127.0.0.1", path.removeprefix("/.."))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(max_codepoint=300)).map("/".__add__))
def test_a_path_is_sent_or_refused_in_words_whatever_it_is(loop, loopback, path):
    with contextlib.suppress(CallRefused):
        loop.run(loopback().send(Call("GET", path), "", ""))


def test_a_body_may_be_anything_that_can_be_typed(loop, loopback, server):
    loop.run(loopback().send(Call("POST", "/", "ä \ud800 \0"), "", ""))
    assert server.asked[0].content == b"\xc3\xa4 \xed\xa0\x80 \0"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (httpx.ReadTimeout("slow"), words.NO_ANSWER_IN_TIME),
        (httpx.ConnectError("refused"), "No answer came from http://127.0.0.1:7860: refused."),
        (httpx.RemoteProtocolError(""), "RemoteProtocolError"),
    ],
)
def test_no_answer_is_told_in_words(loop, loopback, server, error, told):
    server.answer = error
    with pytest.raises(NoAnswer) as caught:
        loop.run(loopback().send(Call("GET", "/health"), "", ""))
    assert told in str(caught.value)


def test_a_long_answer_is_cut(loop, loopback, server):
    server.answer = httpx.Response(200, content=b"x" * 1_000_000)
    _, response = loop.run(loopback().send(Call("GET", "/"), "", ""))
    assert (len(response.body), response.cut) == (256 * 1024, True)
    assert shown.body(response).endswith(words.CUT)


HOSTILE = "<img src=x onerror=alert(1)>\n\n# $x$"


def test_nothing_from_outside_is_shown_as_html(loop, service, server):
    headers = [("x-evil", "<script>"), ("set-cookie", f"{TOKEN}; Path=/<b>")]
    server.answer = httpx.Response(418, json={"message": HOSTILE}, headers=headers)
    exchange = loop.run(service.perform(owner(), "A", Call("GET", "/<b>?<i>")))
    texts = [shown.card(exchange), shown.headers(exchange.response), shown.cookies(exchange)]
    texts += [shown.failure(HOSTILE), shown.held(HOSTILE, 1)]
    raw = ("<img", "<script", "<i>", "/<b>", "\n", "$")
    assert [(piece, text) for text in texts for piece in raw if piece in text] == []


@pytest.mark.parametrize(
    ("path", "response", "told"),
    [
        ("/api/me", httpx.Response(200, json={}), "The protected endpoint let this browser in."),
        ("/api/me", httpx.Response(401, json={}), "this browser is not signed in."),
        ("/api/auth/get-session", httpx.Response(200, content=b"null"), words.NO_SESSION),
        ("/x", httpx.Response(429, headers={"retry-after": "7"}), "too often. Wait 7 seconds."),
        ("/x", httpx.Response(429, headers={"retry-after": "soon"}), "Refused: too often."),
        ("/x", httpx.Response(400, json={"message": "No"}), "The server says: “No”."),
        ("/x", httpx.Response(400, json=["odd"]), "but not what it says."),
        ("/x", httpx.Response(299), "<p class='told'></p>"),
    ],
)
def test_the_outcome_is_told_in_words(loop, service, server, path, response, told):
    server.answer = response
    exchange = loop.run(service.perform(owner(), "A", Call("GET", path)))
    assert told.replace("'", "&#x27;" if "<p" not in told else "'") in shown.card(exchange)


def test_a_body_is_shown_indented_or_as_it_is(loop, loopback, server):
    def body(**what):
        server.answer = httpx.Response(200, **what)
        return shown.body(loop.run(loopback().send(Call("GET", "/"), "", ""))[1])

    assert body(json={"ä": [1]}) == '{\n  "ä": [\n    1\n  ]\n}'
    assert body(content=b"null") == "null"
    assert body(content=b"\xff<p>") == "�<p>"
    assert body() == words.NO_BODY


def test_the_request_is_shown_as_it_went_out(loop, service):
    exchange = loop.run(service.perform(owner(), "A", Call("POST", "/api/x?y=1", '{"a": 1}')))
    lines = shown.request(exchange.request).splitlines()
    assert lines[0] == "POST /api/x?y=1 HTTP/1.1"
    assert {"Host: localhost:7860", "Origin: http://localhost:7860"} <= set(lines)
    assert lines[-2:] == ["", '{"a": 1}']


def test_a_browser_sends_a_cookie_only_where_its_path_fits():
    browser = Browser()
    for line in ("a=1; Path=/", "b=2; Path=/api", "c=3; Path=relative", "d=4; Path=/api/"):
        browser.keep(read_set_cookie(line))
    assert browser.cookie_header("/api/me?x=/") == "a=1; b=2; c=3; d=4"
    assert browser.cookie_header("/api") == "a=1; b=2; c=3"
    assert browser.cookie_header("/apiary") == "a=1; c=3"


def test_a_browser_keeps_a_bounded_number_of_cookies_of_bounded_size():
    browser = Browser()
    for number in range(60):
        browser.keep(read_set_cookie(f"c{number}=x"))
    browser.keep(read_set_cookie("long=" + "x" * 5000))
    assert len(browser.cookies) == 50
    assert not {"c0", "long"} & set(browser.cookies)


def test_browsers_are_forgotten_with_the_session_or_after_a_day(clock):
    desks = Desks(clock)
    desks.browser("one", "A").signed_in_as = "ada"
    assert desks.browser("one", "A").signed_in_as == "ada"
    desks.forget("one")
    assert desks.browser("one", "A").signed_in_as is None
    desks.browser("one", "A").signed_in_as = "ada"
    clock.advance(days=1)
    assert desks.browser("one", "A").signed_in_as is None


def test_the_browsers_of_a_bounded_number_of_sessions_are_kept(clock):
    desks = Desks(clock)
    for number in range(51):
        desks.browser(f"session {number}", "A").signed_in_as = "ada"
    assert desks.browser("session 1", "A").signed_in_as == "ada"
    assert desks.browser("session 0", "A").signed_in_as is None


class TestTheEventsOfThePage:
    @pytest.fixture
    def tools(self, service):
        return Tools(service, SeededRandomness())

    @pytest.fixture
    def request_of_owner(self):
        return gr.Request(request=Request({"type": "http", "headers": [], OWNER: owner()}))

    def test_a_deed_shows_what_came_and_fills_in_what_was_sent(
        self, loop, tools, server, request_of_owner
    ):
        server.answer = httpx.Response(200, json={"user": {}}, headers=[("set-cookie", TOKEN)])
        on_deed = page.on_deed(tools, DEEDS[words.SIGN_IN])
        held, card, _, body, tab, cookies, _, sent, *call = loop.run(
            on_deed("A", "Ada", "ada@example.com", "correct horse", False, request_of_owner)
        )
        assert "1 cookie" in held
        assert "200 OK" in card
        assert json.loads(body) == {"user": {}}
        assert tab.label == "Cookies (1)"
        assert "better-auth.session_token" in cookies
        assert sent.startswith("POST /api/auth/sign-in/email")
        assert call[:2] == ["POST", "/api/auth/sign-in/email"]
        assert json.loads(call[2])["rememberMe"] is False

    def test_a_free_request_is_sent_as_it_is_written(self, loop, tools, server, request_of_owner):
        loop.run(page.on_send(tools)("B", "DELETE", "/x", "not json", request_of_owner))
        assert (server.asked[0].method, server.asked[0].content) == ("DELETE", b"not json")

    def test_what_cannot_be_sent_is_told_and_leaves_the_rest(self, loop, tools, request_of_owner):
        _, card, *kept = loop.run(page.on_send(tools)("A", "GET", "x", None, request_of_owner))
        assert words.PATH_WITHOUT_SLASH in card
        assert kept == [gr.skip()] * 6

    def test_an_emptied_browser_holds_nothing(self, loop, tools, server, request_of_owner):
        server.answer = httpx.Response(200, json={}, headers=[("set-cookie", TOKEN)])
        loop.run(page.on_send(tools)("A", "GET", "/x", "", request_of_owner))
        assert "1 cookie" in loop.run(page.on_letter(tools)("A", request_of_owner))
        assert "No cookies" in loop.run(page.on_empty(tools)("A", request_of_owner))
        assert "No cookies" in loop.run(page.on_letter(tools)("A", request_of_owner))
