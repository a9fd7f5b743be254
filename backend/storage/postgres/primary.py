"""Follows the primary: after a failover, connections to the old one are replaced."""

import math
import threading
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from backend.kernel.clock import Clock
from backend.storage.errors import READ_ONLY_TRANSACTION

_LOOK_FOR_PRIMARY_EVERY = 1.0  # seconds


class Primary:
    """Which connections may lead to a server that was the primary once.

    After a failover a name leads to another server, while connections that are open stay where they
    are and read what is old. One server that may not be written to is reason enough to make all
    connections anew, but not for every write while there is no other.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self.turn = 0
        """Moves when all connections made before are to be given up."""

    def look_again(self, turn: int | None) -> bool:
        """Give up all connections; False if one made in `turn` is as new as can be."""
        with self._lock:
            if turn is not None and turn != self.turn:
                return True
            now = self._clock.monotonic()
            if now - self._looked_at < _LOOK_FOR_PRIMARY_EVERY:
                return False
            self._looked_at = now
            self.turn += 1
            return True


def follow_primary(engine: Engine, primary: Primary) -> None:
    """Make connections anew that may lead to a server that is the primary no more."""

    @event.listens_for(engine, "do_connect")
    def note_turn(_dialect: Any, record: Any, _arguments: Any, _named: Any) -> None:
        record.info["turn"] = primary.turn  # it leads where the name leads from now on

    @event.listens_for(engine, "checkout")
    def give_up_if_old(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["turn"] != primary.turn:
            raise DisconnectionError("it may lead to a server that is the primary no more")

    @event.listens_for(engine, "handle_error")
    def look_again(context: Any) -> None:
        code = getattr(context.original_exception, "pgcode", None)
        if code == READ_ONLY_TRANSACTION and context.connection is not None:
            turn = context.connection.info.get("turn")
            context.is_disconnect = context.is_disconnect or primary.look_again(turn)
