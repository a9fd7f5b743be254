"""Answers that are whole leave in one write; what they may not be is refused there too."""

from typing import Any

import pytest

from backend.web.server.protocol import GuardedProtocol
from tests.server.toy import Toy

GREETING = b"hello"
LENGTH = (b"content-length", b"5")


class FixedResponse(Toy):
    """Answers with the headers and the body it is given."""

    def __init__(self, *headers: tuple[bytes, bytes], status: int = 200, body: bytes = GREETING):
        super().__init__()
        self.response_start = {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers],
        }
        self.response_body = {"type": "http.response.body", "body": body}

    async def on_health(self, receive: Any, send: Any) -> None:
        await send(self.response_start)
        await send(self.response_body)


@pytest.fixture
def toy() -> FixedResponse:
    return FixedResponse(LENGTH)


@pytest.fixture
def writes(monkeypatch) -> list[bytes]:
    """What the server hands to its connections, one entry for each write."""
    written: list[bytes] = []
    connection_made = GuardedProtocol.connection_made

    class RecordingTransport:
        def __init__(self, transport: Any) -> None:
            self.transport = transport

        def write(self, data: bytes) -> None:
            written.append(data)
            self.transport.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.transport, name)

    monkeypatch.setattr(
        GuardedProtocol,
        "connection_made",
        lambda self, to: connection_made(self, RecordingTransport(to)),
    )
    return written


def test_head_and_body_are_one_write(writes, connect):
    response = connect().get("/health").response()
    assert (response.status, response.body) == (200, GREETING)
    assert len(writes) == 1


def test_the_connection_is_kept_for_the_next_request(connect):
    client = connect()
    assert [client.get("/health").response().body for _ in range(3)] == [GREETING] * 3


def test_pipelined_requests_are_answered_in_their_order(connect):
    client = connect().get("/health").get("/echo").get("/health")
    assert [client.response().body for _ in range(3)] == [GREETING, b'{"size": 0}', GREETING]


def test_head_gets_the_headers_without_the_body(connect):
    client = connect().send("HEAD /health HTTP/1.1", "Host: localhost").get("/echo")
    head = client._reader.readline()
    while (line := client._reader.readline()) != b"\r\n":
        head += line
    assert b"content-length: 5" in head
    assert client.response().body == b'{"size": 0}'


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_wants_it_closed_gets_it_closed(connect, version):
    client = connect().send(f"GET /health HTTP/{version}", "Host: localhost", "Connection: close")
    response = client.response()
    assert (response.headers["connection"], response.body) == ("close", GREETING)
    assert client.is_closed()


class TestAnAnswerWithoutALength:
    @pytest.fixture
    def toy(self) -> FixedResponse:
        return FixedResponse()

    def test_gets_one(self, connect):
        response = connect().get("/health").response()
        assert (response.headers["content-length"], response.body) == ("5", GREETING)


class TestAnEmptyAnswer:
    @pytest.fixture
    def toy(self) -> FixedResponse:
        return FixedResponse(status=204, body=b"")

    def test_has_no_length(self, connect):
        client = connect()
        assert "content-length" not in client.get("/health").response().headers
        assert client.get("/health").response().status == 204


@pytest.mark.parametrize(
    "broken",
    [
        FixedResponse((b"content-length", b"4")),
        FixedResponse((b"content-length", b"6")),
        FixedResponse(LENGTH, (b"x-split", b"a\r\nset-cookie: b=c")),
        FixedResponse(LENGTH, (b"x-split", b"a\nb")),
        FixedResponse(LENGTH, (b"x split", b"a")),
        FixedResponse(LENGTH, (b"set-cookie", b"a=b\r\n\r\n<script>")),
    ],
    ids=["too long", "too short", "a header in a header", "a line", "a name", "a cookie"],
)
class TestAnAnswerThatWouldBeReadWrongly:
    @pytest.fixture
    def toy(self, broken) -> FixedResponse:
        return broken

    def test_is_not_sent_and_the_caller_hears_500(self, connect):
        response = connect().get("/health").response()
        assert (response.status, response.body) == (500, b"Internal Server Error")
