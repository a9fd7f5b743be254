"""Who may hold how many connections, and who goes when there are no more.

A client that is refused at a full door cannot get in at all, so whoever keeps us waiting longest
makes room: first a connection on which nothing is asked, then one on which a request has been
arriving for longest. Nobody is cut who waits for an answer or is still taking one.

An address has a share, so that one does not fill the house. Not so a trusted proxy, of whose
connections every one may be another visitor: there the proxy is the one that counts its clients,
and here only the overall bound holds. It still keeps nobody out: what a visitor holds through a
proxy is a request under way, and those have deadlines.
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
    """What one client may ask of the server, in bytes and seconds (OWASP ASVS 5.0 15.2.2)."""

    head_bytes: int = 32 * 1024
    body_bytes: int = 64 * 1024
    head_seconds: float = 10
    body_seconds: float = 20
    idle_seconds: float = 65
    # Each takes a file descriptor, and systems commonly grant a process 1,024 of them.
    connections: int = 1000
    # Of these one address may hold so many. A large office behind one address has enough.
    connections_per_address: int = 250
    # How long a refused client may go on sending. Closing a socket with unread bytes resets it,
    # and the reset can overtake the answer that says what was wrong.
    linger_seconds: float = 2
    # How long answers in flight may take once the server stops; then event streams are cut.
    drain_seconds: float = 6


class Connection(Protocol):
    """What is asked of a connection here."""

    phase: int
    since: float
    """Since when it has been in a phase in which we wait for its client."""
    holder: str | None
    cycle: RequestResponseCycle | None
    """The newest request and its answer."""
    pipeline: Collection[Any]
    """Requests that wait until an earlier one is answered."""
    transport: Transport

    def close_for_another(self) -> None: ...


class Connections:
    """Counts the connections of one server by address."""

    def __init__(self, limits: ConnectionLimits, trusts: Callable[[str], bool]) -> None:
        self._limits = limits
        self._trusts = trusts
        self._held: Counter[str] = Counter()

    def acquire(self, peer: str, open_now: Collection[Connection]) -> str | None:
        """Return under what name a new connection is counted, or None when there is no room.

        Give the name back with `release`.
        """
        holder = "" if not peer or self._trusts(peer) else bucket(peer)
        if holder and self._held[holder] >= self._limits.connections_per_address:
            own = [each for each in open_now if each.holder == holder]
            if not _close_one(own):
                return None
        elif len(open_now) >= self._limits.connections and not _close_one(open_now):
            return None
        self._held[holder] += 1
        return holder

    def release(self, holder: str) -> None:
        """Count one less."""
        self._held[holder] -= 1
        if not self._held[holder]:
            del self._held[holder]


def _is_waiting_for_client(connection: Connection) -> bool:
    """Tell whether it is the client's turn: no answer is owed, and none is on its way out."""
    if connection.phase in (ANSWERING, CLOSING) or connection.pipeline:
        return False
    newest = connection.cycle
    if newest is None or newest.response_complete:
        owed = False
    else:  # While its body arrives it may be unanswered; otherwise another follows it already.
        owed = connection.phase != BODY or newest.response_started
    # One that closes with bytes unsent keeps its place until the client has taken them.
    return not owed and not connection.transport.get_write_buffer_size()


def _close_one(among: Collection[Connection]) -> bool:
    waited_for = [each for each in among if _is_waiting_for_client(each)]
    if not waited_for:
        return False
    min(waited_for, key=lambda each: (each.phase != IDLE, each.since)).close_for_another()
    return True
