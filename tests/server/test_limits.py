import contextlib
import socket
from contextlib import ExitStack, closing

import pytest

from backend.web.server.connections import ConnectionLimits
from backend.web.server.server import listen
from tests.rig import background
from tests.rig.background import in_background
from tests.server.toy import PAGE
from tests.server.wire_client import TIMEOUT, WireClient

HEAD = 32 * 1024
BODY = 64 * 1024


def head_of(size, start="GET /health HTTP/1.1\r\nHost: localhost\r\nX: "):
    return (start + "x" * (size - len(start) - 4) + "\r\n\r\n").encode()


def chunked(*chunks, tail=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + tail


def post(client, framing, body=b""):
    return client.send("POST /echo HTTP/1.1", "Host: localhost", framing, body=body)


def test_a_head_of_exactly_the_limit_is_served(connect):
    assert connect().send_bytes(head_of(HEAD)).response().status == 200


@pytest.mark.parametrize(
    "head",
    [
        head_of(HEAD + 1),
        head_of(3_000_000),
        head_of(HEAD + 1, start="GET /"),
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 6000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A" * 40_000,
    ],
    ids=["one byte more", "3 MB", "a long target", "many headers", "an endless name"],
)
def test_a_larger_head_is_answered_431(connect, toy, head):
    client = connect()
    with contextlib.suppress(ConnectionError):
        client.send_bytes(head)

    assert client.response().status == 431
    assert client.is_closed()
    assert toy.paths == []


def test_a_large_head_in_small_pieces_is_answered_431(connect):
    client = connect().send_bytes(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")

    with contextlib.suppress(ConnectionError):
        for _ in range(HEAD // 20):
            client.send_bytes(b"X-Header: some value\r\n")

    assert client.response().status == 431


def test_the_limit_of_the_head_starts_anew_with_each_request(connect):
    client = connect()
    for _ in range(3):
        assert client.send_bytes(head_of(HEAD)).response().status == 200


def test_a_head_that_follows_a_body_at_once_is_not_charged_for_it(connect):
    client = post(connect(), f"Content-Length: {BODY}", b"x" * BODY + head_of(HEAD)[:-1])
    assert client.response().json == {"size": BODY}

    client.send_bytes(b"\n")

    assert client.response().status == 200


def test_a_body_of_exactly_the_limit_is_served(connect):
    client = connect()

    announced = post(client, f"Content-Length: {BODY}", b"x" * BODY).response()
    counted = post(client, "Transfer-Encoding: chunked", chunked(b"x" * BODY)).response()
    in_crumbs = post(client, "Transfer-Encoding: chunked", chunked(*[b"x"] * BODY)).response()

    assert announced.json == counted.json == in_crumbs.json == {"size": BODY}


@pytest.mark.parametrize("also", ["Expect: 100-continue", "X: y"])
def test_a_larger_announced_body_is_answered_413_before_it_comes(connect, toy, also):
    client = post(connect(), f"Content-Length: {BODY + 1}\r\n{also}")

    response = client.response()

    assert (response.status, response.json["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert client.is_closed()
    assert toy.paths == []


@pytest.mark.parametrize(
    "body",
    [
        chunked(b"x" * (BODY + 1)),
        chunked(b"x" * BODY, b"x"),
        b"1;" + b"x" * 2_000_000,
        chunked(b"x", tail=b"0\r\nX: " + b"x" * 2_000_000),
        chunked(b"x", tail=b"0\r\n" + b"X: y\r\n" * 300_000),
    ],
    ids=["one chunk", "many chunks", "a chunk extension", "a trailer", "many trailers"],
)
def test_a_chunked_body_is_answered_413_as_soon_as_it_is_too_large(connect, toy, body):
    client = connect()
    with contextlib.suppress(ConnectionError):
        post(client, "Transfer-Encoding: chunked", body)

    assert client.response().status == 413
    assert client.is_closed()
    assert toy.departures.acquire(timeout=TIMEOUT), "the application was not told"


def test_a_body_that_grows_too_large_after_its_answer_gets_no_second_one(connect):
    client = connect().send(
        "POST /health HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked"
    )
    assert client.response().status == 200

    client.send_bytes(chunked(b"x" * (BODY + 1)))

    assert client.is_closed()


REFUSALS = {
    400: b"nonsense\r\n\r\n",
    405: b"FETCH /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    413: b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
    431: head_of(HEAD + 1),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_every_refusal_is_flat_json_that_nobody_keeps(connect, status):
    response = connect().send_bytes(REFUSALS[status]).response()

    assert response.status == status
    assert set(response.json) == {"message", "code"}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["connection"] == "close"
    assert "date" in response.headers
    assert "server" not in response.headers


def test_no_answer_names_the_server(connect):
    assert "server" not in connect().get("/health").response().headers


class Alone:
    @pytest.fixture
    def connect(self, toy, limits):
        """Connect to a server of the test's own: on another's, clients may not have left yet."""
        with in_background(toy, limits) as address, ExitStack() as clients:
            yield lambda: clients.enter_context(closing(WireClient(address)))


class TestCrowds(Alone):
    @pytest.fixture
    def limits(self):
        return ConnectionLimits(connections=3, connections_per_address=3)

    @pytest.fixture
    def busy(self, connect):
        """Three clients that wait for an answer: all that the house takes."""
        return [connect().get("/stream") for _ in range(3)]

    def test_a_connection_too_many_is_answered_503_at_once(self, connect, busy):
        for client in busy:
            client.response()

        one_too_many = connect()
        response = one_too_many.response()

        assert (response.status, response.json["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert int(response.headers["retry-after"]) > 0
        assert one_too_many.is_closed()

    def test_the_place_of_a_client_that_left_is_free(self, connect, toy, busy):
        for client in busy:
            client.response()
        busy[0].close()
        assert toy.departures.acquire(timeout=TIMEOUT)

        assert connect().get("/health").response().status == 200

    def test_who_holds_connections_and_asks_nothing_makes_room(self, connect):
        for _ in range(9):
            assert connect().get("/health").response().status == 200

    def test_so_does_who_never_ends_a_request_but_after_the_idle(self, connect):
        half = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        slow_head, slow_body = connect().send_bytes(half), connect().send_bytes(half + b"\r\nhe")
        idle = connect()
        assert idle.get("/health").response().status == 200

        assert connect().get("/health").response().status == 200
        assert idle.is_closed()
        streams = [connect().get("/stream") for _ in range(3)]

        assert {client.response().status for client in streams} == {200}
        assert slow_head.response().status == slow_body.response().status == 503
        assert slow_head.is_closed()
        assert slow_body.is_closed()

    def test_an_answer_is_owed_though_the_next_request_has_begun(self, connect):
        for _ in range(3):
            begun = connect().send("GET /stream HTTP/1.1", "Host: localhost", body=b"GET /hea")
            begun.response()

        assert connect().response().status == 503


class TestAnswersThatNobodyTakes:
    @pytest.fixture
    def limits(self):
        return ConnectionLimits(connections=2, connections_per_address=2)

    @pytest.fixture
    def connect(self, toy, limits, monkeypatch):
        """Both sides have small buffers, so that most of an answer stays with the server."""
        monkeypatch.setattr(background, "listen", _listen_with_small_buffers)
        with in_background(toy, limits) as address, ExitStack() as clients:
            yield lambda: clients.enter_context(closing(WireClient(address, 2048)))

    def test_they_keep_their_place_and_are_not_cut(self, connect):
        taking = [connect().get("/page").wait_for_bytes() for _ in range(2)]

        refused = [connect().response().status for _ in range(5)]

        assert refused == [503] * 5
        assert [client.response().body for client in taking] == [PAGE, PAGE]
        assert taking[0].get("/health").response().status == 200


def _listen_with_small_buffers(host, port):
    listening = listen(host, port)
    for each in listening:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return listening


class TestTheShareOfAnAddress(Alone):
    @pytest.fixture
    def limits(self):
        return ConnectionLimits(connections=6, connections_per_address=2)

    def test_who_has_it_makes_room_for_their_own_next_connection(self, connect):
        held = [connect(), connect()]
        for client in held:
            assert client.get("/health").response().status == 200

        assert connect().get("/health").response().status == 200

        assert held[0].get("/health").is_closed() or held[1].get("/health").is_closed()

    def test_and_is_refused_when_all_of_it_is_busy(self, connect):
        for client in [connect().get("/stream") for _ in range(2)]:
            client.response()

        assert connect().response().status == 503

    def test_a_trusted_proxy_has_no_share_for_it_speaks_for_many(self, toy, limits):
        with in_background(toy, limits, ["127.0.0.0/8"]) as address, ExitStack() as stack:
            clients = [stack.enter_context(closing(WireClient(address))) for _ in range(6)]
            for client in clients:
                assert client.get("/health").response().status == 200
            for client in clients:
                assert client.get("/health").response().status == 200


def test_health_answers_beside_two_hundred_half_sent_requests(connect):
    held = [connect().send_bytes(b"GET /health HTTP/1.1\r\nX: y\r\n") for _ in range(200)]

    assert connect().get("/health").response().status == 200

    for client in held:
        client.send_bytes(b"Host: localhost\r\n\r\n")
    assert {client.response().status for client in held} == {200}


def test_a_client_that_leaves_in_the_middle_is_no_error(connect, toy, caplog):
    client = connect()
    post(client, "Content-Length: 10", b"half")
    client.close()

    assert toy.departures.acquire(timeout=TIMEOUT)
    assert caplog.records == []
