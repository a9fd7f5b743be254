"""A client that sends bytes as they are and reads answers one by one."""

import contextlib
import json
import socket
from typing import Any, NamedTuple, Self

TIMEOUT = 10
"""Seconds after which what has not come is taken for never coming."""


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WireClient:
    """One TCP connection."""

    def __init__(self, address: tuple[str, int], receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(TIMEOUT)
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(address)
        self._reader = self._socket.makefile("rb")

    def send(self, *lines: str, body: bytes = b"") -> Self:
        """Send complete header lines, the blank line and the body."""
        return self.send_bytes("\r\n".join((*lines, "", "")).encode() + body)

    def get(self, path: str) -> Self:
        """Send a whole GET request."""
        return self.send(f"GET {path} HTTP/1.1", "Host: localhost")

    def send_bytes(self, data: bytes) -> Self:
        self._socket.sendall(data)
        return self

    def response(self) -> Response:
        """Read one answer."""
        status_line = self._reader.readline().decode()
        headers = dict(line.split(": ", 1) for line in iter(self._header_line, ""))
        body = self._reader.read(int(headers.get("content-length", 0)))
        return Response(int(status_line.split()[1]), headers, body)

    def wait_for_bytes(self) -> Self:
        """Wait until an answer begins to arrive, and take nothing of it."""
        self._socket.recv(1, socket.MSG_PEEK)
        return self

    def chunk(self) -> bytes:
        """Read the next chunk of a body that has no announced length; the last one is empty."""
        data = self._reader.read(int(self._reader.readline(), 16))
        assert self._reader.readline() == b"\r\n"
        return data

    def is_closed(self) -> bool:
        """Wait for the other side to close; False if it says something instead."""
        try:
            return self._reader.read(1) == b""
        except ConnectionError:
            return True

    def dribble(self, piece: bytes) -> None:
        """Send `piece` again and again until there is something to read."""
        self._socket.settimeout(0.05)
        for _ in range(TIMEOUT * 20):
            try:
                self._socket.sendall(piece)
                self._socket.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                continue
            except ConnectionError:
                pass
            self._socket.settimeout(TIMEOUT)
            return
        raise AssertionError("the server puts up with it")

    def push_until_cut(self, piece: bytes) -> None:
        """Send `piece` as fast as it goes, whatever the other side says, until the line is cut."""
        with contextlib.suppress(ConnectionError):
            for _ in range(1_000_000):
                self._socket.sendall(piece)
            raise AssertionError("the server swallows everything")

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    def _header_line(self) -> str:
        return self._reader.readline().decode().rstrip("\r\n")
