"""Follows the primary: after a failover, connections to the old one are replaced."""

import math
import threading
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from backend.kernel.clock import Clock
from backend.storage.errors import READ_ONLY_TRANSACTION

_RECONNECT_INTERVAL = 1.0  # seconds


class Primary:
    """Which connections may lead to a server that was the primary once.

    After a failover a name leads to another server, while connections that are open stay where they
    are and read what is old. One server that may not be written to is reason enough to make all
    connections anew, but not for every write while there is no other.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._invalidated_at = -math.inf
        self.generation = 0
        """Moves when all connections made before are to be given up."""

    def invalidate_connections(self, generation: int | None) -> bool:
        """Give up all connections; False if one made in `generation` is as new as can be."""
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
    """Make connections anew that may lead to a server that is the primary no more."""

    @event.listens_for(engine, "do_connect")
    def note_generation(_dialect: Any, record: Any, _arguments: Any, _named: Any) -> None:
        record.info["turn"] = primary.generation  # it leads where the name leads from now on

    @event.listens_for(engine, "checkout")
    def replace_if_old(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["turn"] != primary.generation:
            raise DisconnectionError("it may lead to a server that is the primary no more")

    @event.listens_for(engine, "handle_error")
    def invalidate_connections(context: Any) -> None:
        code = getattr(context.original_exception, "pgcode", None)
        if code == READ_ONLY_TRANSACTION and context.connection is not None:
            generation = context.connection.info.get("turn")
            context.is_disconnect = context.is_disconnect or primary.invalidate_connections(
                generation
            )
