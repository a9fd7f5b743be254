"""Changes of the SQLite file by other processes: a command, the sqlite3 shell, another tool."""

import asyncio
import sqlite3
from collections.abc import Callable
from uuid import UUID

from backend.kernel.clock import Clock
from backend.storage.engine import Database
from backend.storage.errors import DatabaseUnavailable

_LOOK_AGAIN_AFTER = 0.025  # seconds
_GOOD_FOR = 0.1  # seconds since the last look began: no change stays unnoticed for longer
_FIRST_LOOK_WITHIN = 1.0  # seconds


class SqliteFeed:
    """Looks at SQLite's `data_version`, which moves when another connection has committed.

    Each write of ours looks as it begins. Otherwise the request that finds the last look too old
    looks itself, on the event loop: it costs microseconds of reading shared memory, while a thread
    that looks by the clock hardly gets its turn when the event loop is busy, which is when it
    matters.
    """

    def __init__(
        self, database: Database, clock: Clock, forget: Callable[[UUID | None], None]
    ) -> None:
        self._database, self._clock, self._forget = database, clock, forget
        self._seen: tuple[int, int] | None = None
        self._running = False
        self._trouble = "not started"

    @property
    def state(self) -> str:
        return "watching the file" if self.proven() else f"bypassed: {self._trouble}"

    def proven(self) -> bool:
        if not self._running:
            return False
        now = self._clock.monotonic()
        if now - self._database.looked[0] >= _LOOK_AGAIN_AFTER:
            self._look(wait=0)
        looked_at, version = self._database.looked
        if version != self._seen:
            self._forget(None)
            self._seen = version
        return now - looked_at < _GOOD_FOR

    async def start(self) -> None:
        self._running = True
        await asyncio.to_thread(self._look, _FIRST_LOOK_WITHIN)

    async def stop(self) -> None:
        self._running, self._trouble = False, "stopped"

    def _look(self, wait: float) -> None:
        try:
            if not self._database.look(wait):
                self._trouble = "a write of our own takes long"
        except (DatabaseUnavailable, sqlite3.Error) as error:
            self._trouble = str(error)
