"""Servers that send too much, too deep or for too long: the doctor ends, and repeats no orders."""

import gzip
import json
import socketserver
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import cache

import httpx
import pytest

from doctor import Deployment, examine
from doctor.client.body import MAX_BODY_BYTES, iterate_body, parse_json
from doctor.findings import Finding

SHORT, LONG = 0.5, 30  # seconds that a response may take
PACKED_BYTES = 20 * MAX_BODY_BYTES
ORDERS = "\x1b]0;TITLE\x07\x1b[2J\x1b[31mRED\x9b31m\u202e"
Send = Callable[[bytes], None]


class HostileServer(socketserver.ThreadingTCPServer):
    """Answers each request with what `answer` sends."""

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[[Send, threading.Event], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    server: HostileServer

    def handle(self) -> None:
        received = b""
        while not self.server.over.is_set():
            while b"\r\n\r\n" not in received:
                piece = self.request.recv(65536)
                if not piece:
                    return
                received += piece
            received = b""
            try:
                self.server.answer(self.request.sendall, self.server.over)
            except ConnectionError:  # the doctor has seen enough
                return


def whole(body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def nest_deeply(send: Send, over: threading.Event) -> None:
    send(whole(b"[" * 400_000 + b"]" * 400_000, b"Content-Type: application/json"))


def drip_the_body(send: Send, over: threading.Event) -> None:
    send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not over.wait(0.02):
        send(b"1\r\n \r\n")


def drip_the_headers(send: Send, over: threading.Event) -> None:
    send(b"HTTP/1.1 200 OK\r\n")
    while not over.wait(0.02):
        send(b"X-More: 1\r\n")


def send_headers_without_end(send: Send, over: threading.Event) -> None:
    send(b"HTTP/1.1 200 OK\r\n")
    while not over.is_set():
        send(b"X-More: 1\r\n" * 1000)


def send_events_without_end(send: Send, over: threading.Event) -> None:
    send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    while not over.is_set():
        send(b"data: 1\n\n" * 1000)


def redirect_to_itself(send: Send, over: threading.Event) -> None:
    send(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


def pack_a_bomb(send: Send, over: threading.Event) -> None:
    send(whole(build_bomb(), b"Content-Encoding: gzip, gzip"))


@cache
def build_bomb() -> bytes:
    return gzip.compress(gzip.compress(bytes(PACKED_BYTES)))


def give_orders(send: Send, over: threading.Event) -> None:
    fields = ("message", "code", "status", "version", "database", "sessions")
    body = json.dumps(dict.fromkeys(fields, ORDERS), ensure_ascii=False).encode()
    raw = ORDERS.encode()
    names = (b"Server", b"Location", b"Access-Control-Allow-Origin", b"Content-Type")
    headers = [name + b": " + raw for name in names]
    send(whole(body, *headers, b"Set-Cookie: better-auth.session_token=1; Path=/" + raw))


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Send, threading.Event], None]], str]]:
    servers: list[HostileServer] = []

    def start(answer: Callable[[Send, threading.Event], None]) -> str:
        server = HostileServer(answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server.url

    yield start
    for server in servers:
        server.over.set()
        server.shutdown()
        server.server_close()


def find(url: str, timeout: float) -> tuple[dict[str, Finding], list[str]]:
    """What is found, and what is shown meanwhile."""
    steps: list[str] = []
    findings = examine(Deployment(url, timeout=timeout), on_progress=steps.append)
    return {each.check: each for each in findings}, steps


@pytest.mark.parametrize(
    ("answer", "failed", "evidence"),
    [
        (nest_deeply, "reach.health", "Content-Type: application/json"),
        (drip_the_body, "reach.answers", "had not ended"),
        (drip_the_headers, "reach.answers", "had not ended"),
        (send_headers_without_end, "reach.answers", ""),
        (send_events_without_end, "reach.health", "text/event-stream"),
        (redirect_to_itself, "reach.health", "a redirect to /again"),
        (pack_a_bomb, "reach.health", "200"),
        (give_orders, "reach.health", "200"),
    ],
)
def test_it_ends_names_it_once_and_gives_a_terminal_no_orders(serve, answer, failed, evidence):
    timeout = SHORT if answer in {drip_the_body, drip_the_headers} else LONG
    findings, steps = find(serve(answer), timeout)
    assert [name for name, each in findings.items() if each.verdict == "fail"] == [failed]
    assert evidence in findings[failed].evidence
    assert findings[failed].fix
    texts = [text for each in findings.values() for text in (each.evidence, each.fix)]
    assert [text for text in (*texts, *steps) if not text.isprintable()] == []


def test_a_stream_of_events_that_has_no_end_is_read_up_to_its_limit():
    response = httpx.Response(200, content=(b"data: 1\n\n" for _ in range(10_000_000)))
    assert sum(map(len, iterate_body(response))) == MAX_BODY_BYTES


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_is_unpacked_up_to_its_limit(encoding):
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}[encoding]
    packed = httpx.Response(
        200, headers={"content-encoding": encoding}, content=iter([pack(bytes(PACKED_BYTES))])
    )
    pieces = list(iterate_body(packed))
    assert sum(map(len, pieces)) == MAX_BODY_BYTES


def test_what_is_not_what_its_header_says_is_an_error():
    response = httpx.Response(200, headers={"content-encoding": "gzip"}, content=iter([b"plain"]))
    with pytest.raises(httpx.DecodingError):
        list(iterate_body(response))


@pytest.mark.parametrize("body", [b"[" * 100 + b"]" * 100, b'{"a":' * 100 + b"1" + b"}" * 100])
def test_json_that_is_nested_too_deeply_is_no_json(body):
    assert parse_json(body) is None
    assert parse_json(b"[[[1]]]") == [[[1]]]
