"""A TCP proxy in front of PostgreSQL that injects network faults."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class TcpProxy:
    """Forwards to a port of 127.0.0.1. `on_bytes` sees what clients send and may cut them off.

    It answers None to forward, "before" to cut without forwarding, "after" to forward, wait for the
    server's answer and cut without handing it back.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.on_bytes: Callable[[bytes], str | None] = lambda _: None
        self.accepted = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        """Accept and read, but forward nothing, like a server that hangs."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def cut_all(self) -> None:
        """Cut all open connections."""
        for each in list(self._open):
            _cut(each)

    def close(self) -> None:
        self.thaw()
        _cut(self._listener)
        self.cut_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                _cut(client)
                continue
            self._open |= {client, server}
            muted = threading.Event()
            for pump in (
                lambda c=client, s=server, m=muted: self._forward(c, s, m),
                lambda c=client, s=server, m=muted: self._answer(s, c, m),
            ):
                threading.Thread(target=pump, daemon=True).start()

    def _forward(
        self, client: socket.socket, server: socket.socket, muted: threading.Event
    ) -> None:
        with suppress(OSError):
            for sent in self._read(client):
                action = self.on_bytes(sent)
                if action == "before":
                    break
                if action == "after":
                    muted.set()
                server.sendall(sent)
        self._end(client, server)

    def _answer(self, server: socket.socket, client: socket.socket, muted: threading.Event) -> None:
        with suppress(OSError):
            for data in self._read(server):
                if muted.is_set():
                    break
                client.sendall(data)
        self._end(client, server)

    def _read(self, source: socket.socket) -> Iterator[bytes]:
        while data := source.recv(65536):
            self._flowing.wait()
            yield data

    def _end(self, *sockets: socket.socket) -> None:
        for each in sockets:
            self._open.discard(each)
            _cut(each)


def _cut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()


@contextmanager
def proxy_to(port: int) -> Iterator[TcpProxy]:
    """A proxy within a `with`."""
    proxy = TcpProxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
