"""Replaces connections to a former primary after a failover."""

import math
import threading
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from backend.kernel.clock import Clock
from backend.storage.errors import READ_ONLY_TRANSACTION

_RECONNECT_INTERVAL = 1.0  # seconds


class Primary:
    """Knows which connections may lead to a former primary.

    After a failover the host name leads to another server, while open connections stay on the old
    one and read stale data. A read-only server is a reason to replace all connections, but at most
    once a second while there is no new primary.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._invalidated_at = -math.inf
        self.generation = 0
        """Incremented to invalidate all connections made before."""

    def invalidate_connections(self, generation: int | None) -> bool:
        """Invalidate all connections, as one led to a read-only server; at most once a second.

        True if connections newer than `generation`, that of the one used, can be had now.
        """
        with self._lock:
            if generation is not None and generation != self.generation:
                return True
            now = self._clock.monotonic()
            if now - self._invalidated_at < _RECONNECT_INTERVAL:
                return False
            self._invalidated_at = now
            self.generation += 1
            return True


def follow_primary(engine: Engine, primary: Primary) -> None:
    """Replace connections of older generations when they are checked out."""

    @event.listens_for(engine, "do_connect")
    def note_generation(_dialect: Any, record: Any, _arguments: Any, _named: Any) -> None:
        record.info["generation"] = primary.generation  # resolved the host name just now

    @event.listens_for(engine, "checkout")
    def replace_if_old(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["generation"] != primary.generation:
            raise DisconnectionError("it may lead to a former primary")

    @event.listens_for(engine, "handle_error")
    def invalidate_connections(context: Any) -> None:
        code = getattr(context.original_exception, "pgcode", None)
        if code == READ_ONLY_TRANSACTION and context.connection is not None:
            generation = context.connection.info.get("generation")
            if not context.is_disconnect:
                context.is_disconnect = primary.invalidate_connections(generation)
