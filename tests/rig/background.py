"""The real server in a thread of the test's own process."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.types import ASGIApp

from backend.web.server.connections import ConnectionLimits
from backend.web.server.server import Server, listen


@contextmanager
def in_background(
    app: ASGIApp,
    limits: ConnectionLimits | None = None,
    trusted_proxies: Sequence[str] = (),
) -> Iterator[tuple[str, int]]:
    """Serve `app` from a thread on a free port of this machine; yields the address."""
    (listening,) = listen("127.0.0.1", 0)
    server = Server(app, limits or ConnectionLimits(), trusted_proxies)
    with listening:
        thread = threading.Thread(target=_run_then_close, args=(server, listening), daemon=True)
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join()


def _run_then_close(server: Server, listening: socket.socket) -> None:
    # A server that could not start must not leave its callers waiting at an open door.
    with listening:
        server.run([listening])
