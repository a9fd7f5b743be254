"""The Tester sends as other pages do, hears streams, tells limits, remembers, and masks."""

import httpx
import pytest

from doctor.client.set_cookie import parse_set_cookie
from panel.client.loopback import Call, InvalidCall
from panel.pages.tester import exchange_view
from panel.tester import words
from panel.tester.masking import MASK, mask, secrets_in
from tests.panel.stub_server import TOKEN, make_admin

ELSEWHERE = "https://another-site.example"


class TestAPageOfAnotherSite:
    def test_its_origin_is_said_and_a_preflight_goes_before(self, loop, service, server):
        call = Call("POST", "/api/me", "{}", origin=ELSEWHERE)
        exchange = loop.run(service.send(make_admin(), "A", call))
        preflight, request = server.requests
        assert (preflight.method, preflight.headers["access-control-request-method"]) == (
            "OPTIONS",
            "POST",
        )
        assert preflight.headers["access-control-request-headers"] == "content-type"
        assert request.headers["origin"] == preflight.headers["origin"] == ELSEWHERE
        assert request.headers["sec-fetch-site"] == "cross-site"
        assert exchange.preflight is not None
        assert not exchange.preflight.allows
        assert words.PREFLIGHT in exchange_view.format_requests(exchange)
        assert words.PREFLIGHT_REFUSES in exchange_view.render_card(exchange, [])

    def test_a_preflight_that_names_the_origin_allows(self, loop, service, server):
        response_headers = {
            "access-control-allow-origin": ELSEWHERE,
            "access-control-allow-headers": "*",
        }
        response_headers |= {"access-control-allow-credentials": "true"}
        call = Call("POST", "/api/me", "{}", origin=ELSEWHERE)

        def is_allowed(allowed_headers: str) -> bool:
            response_headers["access-control-allow-headers"] = allowed_headers
            server.response = httpx.Response(204, headers=response_headers)
            exchange = loop.run(service.send(make_admin(), "A", call))
            return exchange.preflight.allows

        # With credentials a star is no wildcard (Fetch standard, section 3.3.5).
        assert (is_allowed("Content-Type"), is_allowed("*"), is_allowed("")) == (True, False, False)

    def test_a_plain_reading_asks_nothing_before(self, loop, service, server):
        loop.run(service.send(make_admin(), "A", Call("GET", "/api/me", origin=ELSEWHERE)))
        assert len(server.requests) == 1

    def test_cookies_a_browser_would_keep_back_are_named(self, loop, service, server):
        server.response = httpx.Response(200, headers=[("set-cookie", TOKEN)])
        loop.run(service.send(make_admin(), "A", Call("GET", "/")))
        exchange = loop.run(service.send(make_admin(), "A", Call("GET", "/", origin=ELSEWHERE)))
        assert exchange.withheld_cookies == ("better-auth.session_token",)
        assert words.withheld_cookies(exchange.withheld_cookies) in exchange_view.render_card(
            exchange, []
        )

    @pytest.mark.parametrize("origin", ["another-site", "https://a/b", "https://a\r\nX: y"])
    def test_what_is_no_origin_is_refused_in_words(self, loop, loopback, server, origin):
        with pytest.raises(InvalidCall, match="origin"):
            loop.run(loopback().send(Call("GET", "/", origin=origin), "", ""))
        assert server.requests == []


@pytest.mark.parametrize("header", [("Host", "a"), ("Cookie", "a"), ("a b", "c"), ("X", "ä")])
def test_headers_that_cannot_be_said_are_refused_in_words(loop, loopback, server, header):
    with pytest.raises(InvalidCall):
        loop.run(loopback().send(Call("GET", "/", headers=(header,)), "", ""))
    assert server.requests == []


def test_headers_of_ones_own_come_on_top(loop, loopback, server):
    headers = (("Authorization", "Bearer abc"), ("accept", "text/csv"))
    loop.run(loopback().send(Call("GET", "/", headers=headers), "", ""))
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer abc"
    assert request.headers.get_list("accept") == ["text/csv"]


def test_a_stream_is_told_while_it_comes(loop, service, server, clock):
    async def events():
        for number in range(3):
            clock.advance(seconds=1)
            yield f"data: {number}\n\n".encode()

    kind = {"content-type": "text/event-stream"}
    server.response = httpx.Response(200, headers=kind, content=events())

    async def collect():
        return [each async for each in service.stream(make_admin(), "A", Call("GET", "/s"))]

    exchanges = loop.run(collect())
    assert [len(each.response.arrivals) for each in exchanges] == [1, 2, 3, 3]
    assert [each.number for each in exchanges] == [0, 0, 0, 1]
    assert exchange_view.format_body(exchanges[-1].response).split() == [
        *("1,000", "ms", "data:", "0"),
        *("2,000", "ms", "data:", "1"),
        *("3,000", "ms", "data:", "2"),
    ]
    assert words.STREAM_RUNS in exchange_view.render_card(exchanges[0], [])
    assert words.STREAM_FLOWS in exchange_view.render_card(exchanges[-1], [])


def test_a_limit_that_bites_is_on_the_lamp_until_it_is_over(loop, service, server, clock):
    server.response = httpx.Response(429, headers={"retry-after": "9"})
    loop.run(service.send(make_admin(), "A", Call("POST", "/api/x?y=1")))
    notice = exchange_view.render_limits(service.limited(make_admin()), clock.now())
    assert "/api/x is refused for 9 seconds" in notice
    assert "<img class='countdown'" in notice
    clock.advance(seconds=9)
    assert service.limited(make_admin()) == {}


class TestTheHistory:
    def test_the_last_fifty_are_kept_the_newest_first(self, loop, service):
        for number in range(55):
            loop.run(service.send(make_admin(), "A", Call("GET", f"/{number}")))
        kept = list(service.history(make_admin()))
        assert [each.number for each in kept] == list(range(55, 5, -1))
        assert service.history(make_admin()).find(55).call.path == "/54"
        assert service.history(make_admin()).find(1) is None
        assert list(service.history(make_admin("session two"))) == []

    def test_long_answers_leave_room_for_fewer(self, loop, service, server):
        server.response = httpx.Response(200, content=b"x" * 300_000)
        for _ in range(12):
            loop.run(service.send(make_admin(), "A", Call("GET", "/")))
        assert len(list(service.history(make_admin()))) == 8


def test_secrets_are_found_wherever_they_stand(loop, service, server):
    payload = {"session": {"token": "body-token"}, "list": [{"secret": "in a list"}], "name": "Ada"}
    headers = [("set-cookie", TOKEN), ("set-auth-token", "header-token")]
    server.response = httpx.Response(200, json=payload, headers=headers)
    service.browser(make_admin(), "A").keep(parse_set_cookie("held=held-value%3D; Path=/"))
    call = Call(
        "POST", "/api/auth/reset-password?token=query-token", '{"password": "the \\"one\\""}'
    )
    secrets = secrets_in(loop.run(service.send(make_admin(), "A", call)))
    expected = {
        "body-token",
        "in a list",
        "abc.def",
        "header-token",
        "query-token",
        "held-value%3D",
    }
    assert expected | {'the "one"'} <= set(secrets)
    assert "Ada" not in secrets
    assert mask("Bearer body-token for Ada", secrets) == f"Bearer {MASK} for Ada"


def test_a_link_in_the_text_of_a_mail_is_a_secret_too(loop, service, server):
    link = "https://auth.example.com/api/auth/reset-password/" + "aB3" * 14
    server.response = httpx.Response(
        200, json={"mails": [{"url": link, "text": f"Open {link} now"}]}
    )
    exchange = loop.run(service.send(make_admin(), "A", Call("GET", "/api/admin/outbox")))
    masked = mask(exchange_view.format_body(exchange.response), secrets_in(exchange))
    assert masked.count(MASK) == 2
    assert "aB3aB3" not in masked


def test_the_lamp_of_a_limit_does_not_show_the_link_that_was_tried(clock):
    path = "/api/auth/reset-password/a-live-token"
    notice = exchange_view.render_limits({path: clock.now()}, clock.now())
    assert "a-live-token" not in notice
    assert "/api/auth/reset-password/" in notice
