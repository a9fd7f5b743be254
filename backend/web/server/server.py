"""The server process: opens the port, runs the application, and shuts down on a signal."""

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
from backend.web.server.connections import ConnectionLimits, ConnectionRegistry
from backend.web.server.framing import CorsHeaders, no_cors_headers
from backend.web.server.protocol import GuardedProtocol

logger = logging.getLogger(__name__)

BACKLOG: Final = 2048
# Platforms commonly kill ten seconds after SIGTERM. After the time to drain, connections are cut.
# This many seconds later, tasks that ignore the disconnect are cancelled, and then the process
# exits even if some ignore that.
CANCEL_AFTER_DRAIN: Final = 2
EXIT_AFTER_DRAIN: Final = 3.5
EXTRA_DESCRIPTORS: Final = 1000  # for files, database connections and the like


class CannotListen(Exception):
    """The port cannot be opened; the message says why and what to do."""


class Server(uvicorn.Server):
    """A uvicorn server that shuts down gracefully on the first signal, at once on the second."""

    def __init__(
        self,
        app: ASGIApp,
        limits: ConnectionLimits,
        trusted_proxies: Sequence[str] = (),
        cors_headers: CorsHeaders = no_cors_headers,
    ) -> None:
        registry = ConnectionRegistry(limits, ClientAddresses(trusted_proxies, None).trusts)
        super().__init__(_config(app, limits, registry, cors_headers))
        self._drain_seconds = limits.drain_seconds
        self._stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state[STOPPING] = self._stopping  # each request's scope has a copy of it
        await super().startup(sockets)
        for listening in sockets or ():
            logger.info("listening on %s", _format_url(*listening.getsockname()[:2]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End event streams, and wait for the other responses in flight."""
        self._stopping.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Shut down gracefully with exit code 0; uvicorn would raise the signal again."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True
        # If a thread or the application's own shutdown hangs, the watchdog names it on stderr.
        exit_watchdog.exit_after(self._drain_seconds + EXIT_AFTER_DRAIN)


def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    body_limit: int = ConnectionLimits.body_bytes,
    receive_timeout: float = ConnectionLimits.body_seconds,
    drain_seconds: float = ConnectionLimits.drain_seconds,
    trusted_proxies: Sequence[str] = (),
    cors_headers: CorsHeaders = no_cors_headers,
) -> None:
    """Serve until SIGTERM or SIGINT; raises SystemExit if it cannot start.

    `body_limit` is in bytes, `receive_timeout` in seconds for a whole request body. After the
    signal, responses in flight have `drain_seconds`. `trusted_proxies`, addresses and networks, may
    open more connections than others. `cors_headers` lets the pages of trusted origins read the
    responses with which the server itself refuses a request. Call it in the main thread: only there
    does Python deliver signals.
    """
    limits = ConnectionLimits(
        body_bytes=body_limit, body_seconds=receive_timeout, drain_seconds=drain_seconds
    )
    try:
        listening = listen(host, port)
    except CannotListen as error:
        _exit_with_error(str(error))
    _raise_descriptor_limit(limits.connections + EXTRA_DESCRIPTORS)
    Server(app, limits, trusted_proxies, cors_headers).run(listening)


def listen(host: str, port: int) -> list[socket.socket]:
    """Open every address of `host`; raises CannotListen."""
    opened: list[socket.socket] = []
    failure: OSError | None = None
    for family, address in _addresses(host, port):
        try:
            opened.append(socket.create_server(address, family=family, backlog=BACKLOG))
        except OSError as error:
            # A name may resolve to an address that is disabled on this machine, such as ::1.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                _close_all(opened)
                raise CannotListen(_listen_error(error, host, port)) from error
            failure = error
    if not opened and failure is not None:
        raise CannotListen(_listen_error(failure, host, port)) from failure
    return opened


def _addresses(host: str, port: int) -> dict[tuple[int, Any], None]:
    if not 0 <= port <= 65535:
        raise CannotListen(f"PORT is {port}; it must be between 0 and 65535.")
    try:
        infos = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise CannotListen(_address_error(host)) from error
    return {(family, address): None for family, _, _, _, address in infos}


def _listen_error(error: OSError, host: str, port: int) -> str:
    where = f"port {port} on {host or 'every interface'}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is already in use. End the program that uses it, or set PORT."
    if error.errno == errno.EACCES:
        return f"this user may not open {where}. Set PORT to 1024 or more; 7860 is the default."
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return _address_error(host)
    return f"{where} cannot be opened: {os.strerror(error.errno or 0)}."


def _address_error(host: str) -> str:
    return (
        f"HOST is {host!r}, which is no address of this machine. Set HOST to 0.0.0.0 to be reached"
        " from everywhere, or to 127.0.0.1 from this machine only."
    )


def _config(
    app: ASGIApp, limits: ConnectionLimits, registry: ConnectionRegistry, cors: CorsHeaders
) -> uvicorn.Config:
    protocol = functools.partial(
        GuardedProtocol, limits=limits, registry=registry, cors_headers=cors
    )
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
        timeout_graceful_shutdown=round(limits.drain_seconds + CANCEL_AFTER_DRAIN),
    )


def _raise_descriptor_limit(needed: int) -> None:
    """Raise the soft limit of open files, which on macOS is 256, as far as `needed`."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        needed = min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _format_url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _close_all(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _exit_with_error(error: str) -> NoReturn:
    STDERR.write(f"Gatehouse cannot start: {error}\n")
    sys.exit(1)
