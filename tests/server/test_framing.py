"""What proxies and servers have been known to read differently, and who pays for it."""

import contextlib
import logging

import pytest

from tests.server.wire_client import TIMEOUT

NEXT = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
GET = "GET /health HTTP/1.1\r\n"
POST = "POST /echo HTTP/1.1\r\n"
HOST = "Host: localhost\r\n"
LENGTH = "Content-Length: 5\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
EMPTY_CHUNKS = "0\r\n\r\n"

REFUSED = {
    "a length and a coding": POST + HOST + LENGTH + CHUNKED + "\r\n" + EMPTY_CHUNKS,
    "a coding and a length": POST + HOST + CHUNKED + LENGTH + "\r\n" + EMPTY_CHUNKS,
    "two equal lengths": POST + HOST + LENGTH + LENGTH + "\r\nhello",
    "two different lengths": POST + HOST + LENGTH + "Content-Length: 6\r\n\r\nhello",
    "a list of lengths": POST + HOST + "Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": POST + HOST + "Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + HOST + "Content-Length: -5\r\n\r\nhello",
    "a hexadecimal length": POST + HOST + "Content-Length: 0x5\r\n\r\nhello",
    "a length with an underscore": POST + HOST + "Content-Length: 0_5\r\n\r\nhello",
    "a length without digits": POST + HOST + "Content-Length:\r\n\r\nhello",
    "an astronomical length": POST + HOST + f"Content-Length: {10**30}\r\n\r\nhello",
    "an unknown coding": POST + HOST + "Transfer-Encoding: xchunked\r\n\r\n" + EMPTY_CHUNKS,
    "identity": POST + HOST + "Transfer-Encoding: identity\r\n\r\n" + EMPTY_CHUNKS,
    "chunked, then another": POST + HOST + "Transfer-Encoding: chunked, x\r\n\r\n" + EMPTY_CHUNKS,
    "another, then chunked": POST
    + HOST
    + "Transfer-Encoding: gzip, chunked\r\n\r\n"
    + EMPTY_CHUNKS,
    "an empty coding, then chunked": POST
    + HOST
    + "Transfer-Encoding: ,chunked\r\n\r\n"
    + EMPTY_CHUNKS,
    "chunked twice": POST + HOST + CHUNKED + CHUNKED + "\r\n" + EMPTY_CHUNKS,
    "a quoted coding": POST + HOST + 'Transfer-Encoding: "chunked"\r\n\r\n' + EMPTY_CHUNKS,
    "a coding with a parameter": POST
    + HOST
    + "Transfer-Encoding: chunked;q=1\r\n\r\n"
    + EMPTY_CHUNKS,
    "a coding after a vertical tab": POST
    + HOST
    + "Transfer-Encoding: \vchunked\r\n\r\n"
    + EMPTY_CHUNKS,
    "a coding in HTTP/1.0": POST.replace("1.1", "1.0") + HOST + CHUNKED + "\r\n" + EMPTY_CHUNKS,
    "a space before the colon": POST + HOST + "Transfer-Encoding : chunked\r\n\r\n" + EMPTY_CHUNKS,
    "a space before the first name": POST + " " + CHUNKED + HOST + "\r\n" + EMPTY_CHUNKS,
    "a space before a later name": POST + HOST + " " + CHUNKED + "\r\n" + EMPTY_CHUNKS,
    "a folded line": GET + HOST + "X: a\r\n b\r\n\r\n",
    "a folded coding": POST + HOST + "Transfer-Encoding:\r\n chunked\r\n\r\n" + EMPTY_CHUNKS,
    "line feeds alone": (GET + HOST + "\r\n").replace("\r\n", "\n"),
    "one line feed alone": GET + "Host: localhost\nX: y\r\n\r\n",
    "a line feed alone at the end": GET + HOST + "\n",
    "a carriage return alone": GET + "Host: localhost\rX: y\r\n\r\n",
    "a line without a colon": GET + HOST + "header\r\n\r\n",
    "a header without a name": GET + HOST + ": value\r\n\r\n",
    "a NUL": GET + HOST + "X: a\0b\r\n\r\n",
    "a chunk size ended by a line feed": POST + HOST + CHUNKED + "\r\n5\nhello\r\n" + EMPTY_CHUNKS,
    "a chunk ended by a line feed": POST + HOST + CHUNKED + "\r\n5\r\nhello\n" + EMPTY_CHUNKS,
    "an extension ended by a line feed": POST
    + HOST
    + CHUNKED
    + "\r\n5;x\nhello\r\n"
    + EMPTY_CHUNKS,
    "a chunk size with a prefix": POST + HOST + CHUNKED + "\r\n0x5\r\nhello\r\n" + EMPTY_CHUNKS,
    "a signed chunk size": POST + HOST + CHUNKED + "\r\n+5\r\nhello\r\n" + EMPTY_CHUNKS,
    "a space before a chunk size": POST + HOST + CHUNKED + "\r\n 5\r\nhello\r\n" + EMPTY_CHUNKS,
    "a space after a chunk size": POST + HOST + CHUNKED + "\r\n5 \r\nhello\r\n" + EMPTY_CHUNKS,
    "an astronomical chunk size": POST + HOST + CHUNKED + "\r\n" + "f" * 20 + "\r\nhello\r\n",
    "a chunk longer than its size": POST
    + HOST
    + CHUNKED
    + "\r\n5\r\nhelloworld\r\n"
    + EMPTY_CHUNKS,
    "a length in the trailers": POST + HOST + CHUNKED + "\r\n0\r\n" + LENGTH + "\r\n",
    "a coding in the trailers": POST + HOST + CHUNKED + "\r\n0\r\n" + CHUNKED + "\r\n",
    "an upgrade with a length and a coding": POST
    + HOST
    + LENGTH
    + CHUNKED
    + "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    + EMPTY_CHUNKS,
    "an upgrade whose chunks are none": POST
    + HOST
    + CHUNKED
    + "Connection: upgrade\r\nUpgrade: x\r\n\r\n5\r\nhelloworld\r\n"
    + EMPTY_CHUNKS,
    "no host": GET + "\r\n",
    "two equal hosts": GET + HOST + HOST + "\r\n",
    "two different hosts": GET + HOST + "Host: example.com\r\n\r\n",
    "an empty host": GET + "Host:\r\n\r\n",
    "a list of hosts": GET + "Host: localhost, example.com\r\n\r\n",
    "a host with a path": GET + "Host: example.com/path\r\n\r\n",
    "a host with a user": GET + "Host: me@example.com\r\n\r\n",
    "a host with a space": GET + "Host: local host\r\n\r\n",
    "a host that is a URL": GET + "Host: http://localhost\r\n\r\n",
    "a host with a strange port": GET + "Host: localhost:http\r\n\r\n",
    "a host with letters nobody sees": GET + "Host: loc\u00adalhost\r\n\r\n",
    "the wrong host in the target": "GET http://example.com/ HTTP/1.1\r\n" + HOST + "\r\n",
    "another scheme in the target": "GET ftp://localhost/ HTTP/1.1\r\n" + HOST + "\r\n",
    "a user in the target": "GET http://me@localhost/ HTTP/1.1\r\n" + HOST + "\r\n",
    "a target without a path": "GET http://localhost HTTP/1.1\r\n" + HOST + "\r\n",
    "a target without a slash": "GET health HTTP/1.1\r\n" + HOST + "\r\n",
    "an asterisk": "GET * HTTP/1.1\r\n" + HOST + "\r\n",
    "a fragment": "GET /health#x HTTP/1.1\r\n" + HOST + "\r\n",
    "a space in the target": "GET /health /x HTTP/1.1\r\n" + HOST + "\r\n",
    "letters beyond ASCII in the target": "GET /h\u00e9alth HTTP/1.1\r\n" + HOST + "\r\n",
    "a NUL in the target": "GET /\0 HTTP/1.1\r\n" + HOST + "\r\n",
    "HTTP/0.9": "GET /health\r\n\r\n",
    "HTTP/0.9 with headers": "GET /health HTTP/0.9\r\n" + HOST + "\r\n",
    "HTTP/1.2": "GET /health HTTP/1.2\r\n" + HOST + "\r\n",
    "HTTP/2": "GET /health HTTP/2.0\r\n" + HOST + "Connection: keep-alive\r\n\r\n",
    "HTTP/2 with prior knowledge": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a space before the method": " " + GET + HOST + "\r\n",
    "TLS": "\x16\x03\x01\x02\0\x01\0",
}

SERVED = {
    "a path": (GET + HOST + "\r\n", 200),
    "a host with a port": (GET + "Host: localhost:7860\r\n\r\n", 200),
    "an IPv6 host": (GET + "Host: [::1]:7860\r\n\r\n", 200),
    "a host of a container": (GET + "Host: my_backend\r\n\r\n", 200),
    "a URL of the same host": ("GET http://LOCALHOST/health?x HTTP/1.1\r\n" + HOST + "\r\n", 200),
    "a blank line before": ("\r\n" + GET + HOST + "\r\n", 200),
    "a length with zeros": (POST + HOST + "Content-Length: 0005\r\n\r\nhello", 200),
    "a length and a space": (POST + HOST + "Content-Length: 5 \r\n\r\nhello", 200),
    "chunks and a space": (POST + HOST + CHUNKED[:-2] + " \r\n\r\n" + EMPTY_CHUNKS, 200),
    "shouted chunks": (
        POST + HOST + CHUNKED.upper() + "\r\n5;x=y\r\nhello\r\n" + EMPTY_CHUNKS,
        200,
    ),
}


@pytest.mark.parametrize("request_text", REFUSED.values(), ids=REFUSED.keys())
def test_an_ambiguous_request_is_refused_and_nothing_after_it_is_heard(connect, toy, request_text):
    client = connect().send_bytes(request_text.encode() + NEXT)

    assert client.response().status == 400
    client.send_bytes(NEXT)
    assert client.is_closed()
    assert connect().get("/health").response().status == 200
    assert "/smuggled" not in toy.paths


@pytest.mark.parametrize("request_text", REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_byte_by_byte_too(connect, toy, request_text):
    client = connect()
    with contextlib.suppress(ConnectionError):
        for byte in request_text.encode() + NEXT:
            client.send_bytes(bytes((byte,)))

    assert client.response().status == 400
    assert client.is_closed()
    assert "/smuggled" not in toy.paths


@pytest.mark.parametrize(("request_text", "status"), SERVED.values(), ids=SERVED.keys())
def test_a_clear_request_is_served_and_so_is_the_next(connect, toy, request_text, status):
    client = connect().send_bytes(request_text.encode() + NEXT)

    assert client.response().status == status
    assert client.response().status == 200
    assert toy.paths[1] == "/smuggled"


def test_http_1_0_needs_no_host_and_gets_one_answer(connect, toy):
    client = connect().send_bytes(b"GET /health HTTP/1.0\r\n\r\n" + NEXT)

    assert client.response().status == 200
    assert client.is_closed()
    assert toy.paths == ["/health"]


@pytest.mark.parametrize("method", ["FETCH", "get", "CONNECT"])
def test_an_unknown_method_is_answered_405(connect, method):
    target = "localhost:80" if method == "CONNECT" else "/health"
    client = connect().send(f"{method} {target} HTTP/1.1", "Host: localhost")

    response = client.response()

    assert response.status == 405
    assert "POST" in response.headers["allow"]
    assert client.is_closed()


def test_trailers_never_become_headers(connect, toy):
    trailers = "0\r\nCookie: session=stolen\r\nOrigin: https://example.com\r\n\r\n"
    client = connect().send_bytes((POST + HOST + CHUNKED + "\r\n" + trailers).encode())

    assert client.response().status == 200
    assert toy.headers == [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")]


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
def test_an_upgrade_is_answered_in_http_1_1_and_ends_the_connection(connect, toy, protocol):
    upgrade = (
        "GET /health HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        f"Upgrade: {protocol}",
    )
    client = connect().send(*upgrade, body=NEXT)

    response = client.response()
    assert (response.status, response.headers["connection"]) == (200, "close")
    assert client.is_closed()
    assert toy.paths == ["/health"]


@pytest.mark.parametrize("one_by_one", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("framing", [LENGTH, CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "websocket", "no, such thing"])
def test_the_body_of_a_request_that_offers_an_upgrade_is_read(
    connect, toy, protocol, framing, one_by_one
):
    """As Java's HttpClient and `curl --http2` ask; an Upgrade may be ignored (RFC 9110 7.8)."""
    offer = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AA\r\n"
    body = "hello" if framing == LENGTH else "2\r\nhe\r\n3;x\r\nllo\r\n0\r\nCookie: a=b\r\n\r\n"
    sent = (POST + HOST + offer + framing + "\r\n" + body).encode() + NEXT
    client = connect()
    with contextlib.suppress(ConnectionError):
        for piece in [bytes((byte,)) for byte in sent] if one_by_one else [sent]:
            client.send_bytes(piece)

    response = client.response()

    assert (response.status, response.json, response.headers["connection"]) == (
        200,
        {"size": 5},
        "close",
    )
    assert client.is_closed()
    assert toy.paths == ["/echo"]
    assert b"cookie" not in dict(toy.headers)


def test_a_body_that_grows_too_large_beside_an_offered_upgrade_is_refused(connect):
    offer = ("Connection: Upgrade", "Upgrade: h2c", "Transfer-Encoding: chunked")
    client = connect().send("POST /echo HTTP/1.1", "Host: localhost", *offer)

    with contextlib.suppress(ConnectionError):
        client.send_bytes(b"20000\r\n" + b"x" * 0x20000)

    assert client.response().status == 413
    assert client.is_closed()


class TestRequestsSentTogether:
    def test_they_are_answered_in_their_order(self, connect):
        client = connect().get("/wait").get("/health").get("/echo")
        connect().get("/open").response()

        responses = [client.response().json for _ in range(3)]

        assert responses == [{"waited": True}, {"status": "ok"}, {"size": 0}]

    @pytest.mark.parametrize("bad", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"X" * 40_000])
    def test_the_answer_to_the_first_is_not_the_refusal_of_the_second(self, connect, toy, bad):
        client = connect().get("/wait").send_bytes(bad + NEXT)
        connect().get("/open").response()

        assert client.response().json == {"waited": True}
        assert client.is_closed()
        assert "/smuggled" not in toy.paths

    def test_a_second_body_that_is_refused_answers_nobody(self, connect, toy):
        client = connect().get("/wait").send_bytes((POST + HOST + CHUNKED).encode())

        client.send_bytes(b"\r\nnonsense\r\n" + NEXT)

        assert client.is_closed()
        connect().get("/open").response()
        assert toy.paths == ["/wait", "/open"]

    def test_only_so_many_wait_in_line(self, connect, toy):
        client = connect().send_bytes(NEXT * 500)
        while not client.is_closed():
            client.response()

        assert len(toy.paths) < 10

    def test_the_one_being_answered_learns_that_the_client_has_left(self, connect, toy):
        client = connect().get("/stream").get("/health").get("/health")
        client.response()

        client.close()

        assert toy.departures.acquire(timeout=TIMEOUT)


def test_the_log_keeps_nothing_of_what_was_refused(connect, caplog):
    caplog.set_level(logging.DEBUG)

    for text in REFUSED.values():
        canary = f"X-Canary: canary-4711\r\n{text}canary-4711"
        assert connect().send_bytes(canary.encode()).response().status >= 400
        assert connect().send_bytes(text.encode() + b"canary-4711").response().status == 400

    assert "canary" not in caplog.text
