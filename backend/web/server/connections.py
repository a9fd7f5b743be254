"""How many connections each client may have, and which one is closed when there are too many.

To accept a new connection at the limit, the one that keeps the server waiting longest is closed: an
idle one first, then the one whose request has been arriving for longest. A connection whose client
waits for a response or is still receiving one is never closed.

Each address has its own limit, so that one client cannot take all connections. Trusted proxies have
only the overall limit: each of their connections may belong to another client, and the proxy limits
its clients itself. A client behind a proxy cannot hold a connection for long either, because
requests have deadlines.
"""

from asyncio import Transport
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from backend.web.edge.client_address import bucket
from backend.web.server.phases import ANSWERING, BODY, CLOSING, IDLE


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits for one client, in bytes and seconds (OWASP ASVS 5.0 15.2.2)."""

    head_bytes: int = 32 * 1024
    body_bytes: int = 64 * 1024
    head_seconds: float = 10
    body_seconds: float = 20
    idle_seconds: float = 65
    # Each takes a file descriptor, of which systems commonly allow a process 1,024.
    connections: int = 1000
    connections_per_address: int = 250  # enough for a large office behind one address
    # How long a refused client may go on sending. Closing a socket with unread bytes resets it,
    # and the reset could discard the response on its way.
    linger_seconds: float = 2
    # How long responses in flight may take once the server stops; then connections are cut.
    drain_seconds: float = 6


class ClientConnection(Protocol):
    """What `ConnectionRegistry` needs of a connection."""

    phase: int
    since: float
    """When the server began to wait for its client."""
    client_key: str | None
    cycle: RequestResponseCycle | None
    """The newest request and its response."""
    pipeline: Collection[Any]
    """Requests that wait for the response to an earlier one."""
    transport: Transport

    def close_for_another(self) -> None: ...


class ConnectionRegistry:
    """Counts the connections of one server by address."""

    def __init__(self, limits: ConnectionLimits, trusts: Callable[[str], bool]) -> None:
        self._limits = limits
        self._trusts = trusts
        self._counts: Counter[str] = Counter()

    def acquire(self, peer: str, connections: Collection[ClientConnection]) -> str | None:
        """Count a new connection; returns the key for `release`, or None if there is no room."""
        client_key = "" if not peer or self._trusts(peer) else bucket(peer)
        if client_key and self._counts[client_key] >= self._limits.connections_per_address:
            own = [each for each in connections if each.client_key == client_key]
            if not _close_one(own):
                return None
        elif len(connections) >= self._limits.connections and not _close_one(connections):
            return None
        self._counts[client_key] += 1
        return client_key

    def release(self, client_key: str) -> None:
        """Count a connection no longer."""
        self._counts[client_key] -= 1
        if not self._counts[client_key]:
            del self._counts[client_key]


def _is_waiting_for_client(connection: ClientConnection) -> bool:
    """Tell whether the server waits for the client: no response is pending or being sent."""
    if connection.phase in (ANSWERING, CLOSING) or connection.pipeline:
        return False
    newest = connection.cycle
    if newest is None or newest.response_complete:
        is_pending = False
    else:  # While its body arrives it may be unanswered; otherwise another follows it already.
        is_pending = connection.phase != BODY or newest.response_started
    # With unsent bytes it is kept until the client has received them.
    return not is_pending and not connection.transport.get_write_buffer_size()


def _close_one(connections: Collection[ClientConnection]) -> bool:
    waiting = [each for each in connections if _is_waiting_for_client(each)]
    if not waiting:
        return False
    min(waiting, key=lambda each: (each.phase != IDLE, each.since)).close_for_another()
    return True
