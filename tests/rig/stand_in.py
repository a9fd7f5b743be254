"""A stand-in for somebody else's HTTP service on this machine, which can be slow, broken or lie."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """One connection. An `Answer` writes to it whatever it likes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each response on a kept connection waits for 40 ms
    stand_in: "StandIn"

    def setup(self) -> None:
        super().setup()
        self.stand_in.connections += 1

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body)
        self.stand_in.requests.append(received)
        try:
            self.stand_in.answer(self, received)
        except OSError:
            self.close_connection = True  # the other end has gone

    do_POST = do_GET

    def say(self, body: bytes, status: int = 200, kind: str = "text/plain", **headers: str) -> None:
        """Send a whole response."""
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Answer = Callable[[Handler, Received], None]


class StandIn:
    """Listens as long as its `with`; `answer` may be exchanged at any time."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.requests: list[Received] = []
        self.connections = 0
        self.over = threading.Event()
        """Set when the test ends, so that what is held back can go on."""
        handler = type("BoundHandler", (Handler,), {"stand_in": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        scheme, host = "http", "127.0.0.1"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            scheme, host = "https", "localhost"
        self.url = f"{scheme}://{host}:{self._server.server_port}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def hold(handler: Handler, _: Received) -> None:
    """Say nothing until the test is over."""
    handler.stand_in.over.wait(60)
    handler.close_connection = True


def hang_up(handler: Handler, _: Received) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def drip(handler: Handler, _: Received) -> None:
    """Send a body of a million bytes, one every now and then."""
    handler.send_response(200)
    handler.send_header("content-length", "1000000")
    handler.end_headers()
    while not handler.stand_in.over.wait(0.05):
        handler.wfile.write(b"\n")
    handler.close_connection = True


def say(body: bytes, status: int = 200, kind: str = "text/plain", **headers: str) -> Answer:
    """Answer everything with this."""
    return lambda handler, _: handler.say(body, status, kind, **headers)


def know_passwords(*passwords: str) -> Answer:
    """Speak the range protocol about these passwords, as api.pwnedpasswords.com does."""
    known = {sha1(each.encode(), usedforsecurity=False).hexdigest().upper() for each in passwords}

    def answer(handler: Handler, received: Received) -> None:
        prefix = received.path.rpartition("/")[2]
        if not received.headers.get("user-agent"):
            return handler.say(b"The User-Agent is missing", 403)
        if len(prefix) != 5 or not set(prefix) <= set("0123456789ABCDEFabcdef"):
            return handler.say(b"The hash prefix was not in a valid format", 400)
        lines = [f"{each[5:]}:3730471" for each in known if each[:5] == prefix.upper()]
        lines += [f"{number:035X}:2" for number in range(300)]
        if received.headers.get("add-padding") == "true":
            # What is not known is the padding of the very password that is asked for.
            lines += [
                f"{sha1(each.encode(), usedforsecurity=False).hexdigest().upper()[5:]}:0"
                for each in PADDING
            ]
            lines += [f"{number:035X}:0" for number in range(1000, 1500)]
        return handler.say("\r\n".join(lines).encode())

    return answer


PADDING = ("a password that only pads",)
"""These occur in every padded response with a count of 0: nobody has ever leaked them."""
