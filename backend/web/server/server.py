"""The process that listens: opens the port, runs the application, ends when it is told to."""

import asyncio
import errno
import functools
import logging
import os
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final, NoReturn, cast

import uvicorn
from starlette.types import ASGIApp

from backend.process import exit_watchdog
from backend.process.output import STDERR
from backend.web.edge.client_address import ClientAddresses
from backend.web.responses.streaming import STOPPING
from backend.web.server.connections import ConnectionLimits, Connections
from backend.web.server.protocol import GuardedProtocol

logger = logging.getLogger(__name__)

BACKLOG: Final = 2048
# Platforms commonly kill ten seconds after SIGTERM. The time to drain ends with the connections
# cut; this long after, what ignores its client's departure is cancelled, and what ignores even
# that is abandoned.
CANCELLED_AFTER_DRAIN: Final = 2
ABANDONED_AFTER_DRAIN: Final = 3.5
LAST_LINES_WITHIN: Final = 0.2  # seconds, when the order is to end at once
# Files, database connections and the like come on top of the clients' connections.
OTHER_DESCRIPTORS: Final = 1000


class CannotListen(Exception):
    """The address cannot be opened; the message says why and what to do."""


class Server(uvicorn.Server):
    """A uvicorn server for which the first signal is a request to end, and the second an order."""

    def __init__(
        self, app: ASGIApp, limits: ConnectionLimits, trusted_proxies: Sequence[str] = ()
    ) -> None:
        others = Connections(limits, ClientAddresses(trusted_proxies, None).trusts)
        super().__init__(_config(app, limits, others))
        self._drain_seconds = limits.drain_seconds
        self._stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state[STOPPING] = self._stopping  # each request's scope has a copy of it
        await super().startup(sockets)
        for listening in sockets or ():
            logger.info("listening on %s", _shown(*listening.getsockname()[:2]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell streams of events to end, and wait for whatever else is in flight."""
        self._stopping.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Finish what is in flight and end with code 0; uvicorn would raise the signal again."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True
        # Whatever hangs then, a thread or the application's own shutdown, is named on stderr.
        exit_watchdog.exit_after(self._drain_seconds + ABANDONED_AFTER_DRAIN)


def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    body_limit: int = ConnectionLimits.body_bytes,
    receive_timeout: float = ConnectionLimits.body_seconds,
    drain_seconds: float = ConnectionLimits.drain_seconds,
    trusted_proxies: Sequence[str] = (),
) -> None:
    """Listen and serve until SIGTERM or SIGINT; raises SystemExit when it cannot start.

    `body_limit` is in bytes, `receive_timeout` in seconds for a whole request body. After the
    signal, answers in flight have `drain_seconds`. From `trusted_proxies`, addresses and networks,
    more connections are taken than from a stranger. Call it from the main thread: elsewhere Python
    delivers no signals.
    """
    limits = ConnectionLimits(
        body_bytes=body_limit, body_seconds=receive_timeout, drain_seconds=drain_seconds
    )
    try:
        listening = listen(host, port)
    except CannotListen as problem:
        _give_up(str(problem))
    _allow_descriptors(limits.connections + OTHER_DESCRIPTORS)
    Server(app, limits, trusted_proxies).run(listening)


def listen(host: str, port: int) -> list[socket.socket]:
    """Open every address of `host`, before anything slow is started; raises CannotListen."""
    opened: list[socket.socket] = []
    failure: OSError | None = None
    for family, address in _addresses(host, port):
        try:
            opened.append(socket.create_server(address, family=family, backlog=BACKLOG))
        except OSError as error:
            # A name may stand for an address that this machine has switched off, such as ::1.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                _close(opened)
                raise CannotListen(_explained(error, host, port)) from error
            failure = error
    if not opened and failure is not None:
        raise CannotListen(_explained(failure, host, port)) from failure
    return opened


def _addresses(host: str, port: int) -> dict[tuple[int, Any], None]:
    if not 0 <= port <= 65535:
        raise CannotListen(f"PORT is {port}; it must be between 0 and 65535.")
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise CannotListen(_not_our_address(host)) from error
    return {(family, address): None for family, _, _, _, address in found}


def _explained(error: OSError, host: str, port: int) -> str:
    where = f"port {port} on {host or 'every interface'}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is already in use. End the program that uses it, or set PORT."
    if error.errno == errno.EACCES:
        return f"this user may not open {where}. Set PORT to 1024 or more; 7860 is the default."
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return _not_our_address(host)
    return f"{where} cannot be opened: {os.strerror(error.errno or 0)}."


def _not_our_address(host: str) -> str:
    return (
        f"HOST is {host!r}, which is no address of this machine. Set HOST to 0.0.0.0 to be reached"
        " from everywhere, or to 127.0.0.1 from this machine only."
    )


def _config(app: ASGIApp, limits: ConnectionLimits, others: Connections) -> uvicorn.Config:
    protocol = functools.partial(GuardedProtocol, limits=limits, others=others)
    return uvicorn.Config(
        app,
        interface="asgi3",
        lifespan="on",
        http=cast("type[GuardedProtocol]", protocol),
        ws="none",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        log_level="warning",
        access_log=False,
        workers=1,
        timeout_graceful_shutdown=round(limits.drain_seconds + CANCELLED_AFTER_DRAIN),
    )


def _allow_descriptors(wanted: int) -> None:
    """Raise the soft limit of open files, which on macOS is 256, as far as `wanted`."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _shown(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _give_up(problem: str) -> NoReturn:
    STDERR.write(f"Gatehouse cannot start: {problem}\n")
    sys.exit(1)
