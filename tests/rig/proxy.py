"""A reverse proxy in front of a server, as a platform's is; a behaviour can make it faulty."""

import itertools
import socket
import ssl
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import httpx

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_WITHOUT_BODY = {204, 304}
_TIMEOUT = httpx.Timeout(180)  # longer than any client waits


@dataclass
class ProxyRequest:
    """A request on its way to the server."""

    method: str
    target: str
    """Path and query."""
    headers: httpx.Headers
    body: bytes
    peer: str
    """The address it came from."""

    @property
    def path(self) -> str:
        """The path alone."""
        return self.target.partition("?")[0]


@dataclass
class ProxyResponse:
    """An answer on its way back, piece by piece."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: Iterable[bytes] = ()

    def get_all(self, name: str) -> list[str]:
        """Return every header of this name."""
        return [value for key, value in self.headers if key.lower() == name]

    def set_header(self, name: str, value: str) -> None:
        """Put this header in the place of all of its name."""
        self.drop_headers(name)
        self.headers.append((name, value))

    def drop_headers(self, *names: str) -> None:
        """Take every header of these names away."""
        self.headers = [each for each in self.headers if each[0].lower() not in names]

    def read(self) -> bytes:
        """Wait for the whole body; it is still passed on."""
        body = b"".join(self.chunks)
        self.chunks = [body]
        return body

    def copy(self) -> "ProxyResponse":
        """Return the same answer for another request; waits for the whole body."""
        return ProxyResponse(self.status, list(self.headers), [self.read()])


class ProxyBehaviour:
    """What a proxy does with each request and answer. A right one adds where a request is from."""

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        """Change a request, or answer it."""
        return None

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        """Change an answer."""

    def forward(self, request: ProxyRequest) -> None:
        """Append the caller to X-Forwarded-For and keep what it claimed, as the Hub's edge does."""
        claimed = request.headers.get("x-forwarded-for")
        request.headers["x-forwarded-for"] = (
            f"{claimed}, {request.peer}" if claimed else request.peer
        )


class Proxy:
    """Passes requests on to `targets`, in turns for each path; speaks https with `tls`."""

    def __init__(self, behaviour: ProxyBehaviour, tls: ssl.SSLContext | None = None) -> None:
        self.targets: list[str] = []
        self._turns: dict[str, Iterator[int]] = defaultdict(itertools.count)
        self._behaviour = behaviour
        self._transport = httpx.HTTPTransport(
            # The servers speak http: reading all public certificates would take 50 ms.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
        )
        self._server = _HttpServer(("127.0.0.1", 0), _build_handler(self))
        self.port = self._server.server_port
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.accept_connections, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        self._thread.join()
        self._server.server_close()
        self._transport.close()

    def pass_on(self, request: ProxyRequest) -> ProxyResponse:
        """Send a request to the server, unless the behaviour answers it."""
        self._behaviour.forward(request)
        response = self._behaviour.before(request) or self._send_to_target(request)
        self._behaviour.after(request, response)
        return response

    def _send_to_target(self, request: ProxyRequest) -> ProxyResponse:
        turn = next(self._turns[request.path])
        url = self.targets[turn % len(self.targets)] + request.target
        outgoing = httpx.Request(
            *(request.method, url),
            headers=request.headers,
            content=request.body,
            extensions={"timeout": _TIMEOUT.as_dict()},
        )
        reply = self._transport.handle_request(outgoing)
        headers = [each for each in reply.headers.multi_items() if each[0] not in _HOP_BY_HOP]
        return ProxyResponse(reply.status_code, headers, _iterate_body(reply))


class _HttpServer(ThreadingHTTPServer):
    request_queue_size = 128
    _stopped = False

    def accept_connections(self) -> None:
        """Wait for connections until `stop`; `serve_forever` would wake up again and again."""
        while not self._stopped:
            with suppress(OSError):  # a client that left early, or `stop`
                self.process_request(*self.get_request())

    def stop(self) -> None:
        """Let `accept_connections` return."""
        self._stopped = True
        self.socket.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients leave when they like; whatever else goes wrong is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _iterate_body(reply: httpx.Response) -> Iterator[bytes]:
    try:
        yield from reply.iter_raw()
    finally:
        reply.close()


def _build_handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            kept = [each for each in self.headers.items() if each[0].lower() not in _HOP_BY_HOP]
            headers = httpx.Headers(kept)
            response = proxy.pass_on(
                ProxyRequest(self.command, self.path, headers, body, self.client_address[0])
            )
            self._send(response)

        def _send(self, response: ProxyResponse) -> None:
            self.send_response_only(response.status)
            for name, value in response.headers:
                self.send_header(name, value)
            empty = self.command == "HEAD" or response.status in _WITHOUT_BODY
            if not empty:
                self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in response.chunks:
                if piece and not empty:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if not empty:
                self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_OPTIONS = do_HEAD = pass_on

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing on the terminal."""

    return Handler
