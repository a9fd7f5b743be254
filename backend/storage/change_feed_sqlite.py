"""Changes of the SQLite file by other processes: a command, a copy of sqlite3, another tool."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from uuid import UUID

from backend.kernel.clock import Clock
from backend.storage.engine import Database
from backend.storage.failures import DatabaseUnavailable

_LOOK_EVERY = 0.025  # seconds
_GOOD_FOR = 0.1  # seconds since the last look began: no change stays unnoticed for longer
_LONGEST_WAIT = 0.05  # seconds for a write of our own that is under way


class SqliteFeed:
    """Looks at SQLite's `data_version`, which moves when another connection has committed.

    Every write of ours looks too; a thread looks when nobody writes.
    """

    def __init__(
        self, database: Database, clock: Clock, forget: Callable[[UUID | None], None]
    ) -> None:
        self._database, self._clock, self._forget = database, clock, forget
        self._seen: tuple[int, int] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="change-feed", daemon=True)
        self._trouble = "not started"

    @property
    def state(self) -> str:
        return "watching the file" if self.proven() else f"bypassed: {self._trouble}"

    def proven(self) -> bool:
        if not self._thread.is_alive():
            return False
        looked_at, version = self._database.looked
        if version != self._seen:
            self._forget(None)
            self._seen = version
        return self._clock.monotonic() - looked_at < _GOOD_FOR

    async def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)
        self._trouble = "stopped"

    def _keep_looking(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            looked_at, _ = self._database.looked
            if self._clock.monotonic() - looked_at < _LOOK_EVERY:
                continue
            try:
                if not self._database.look(_LONGEST_WAIT):
                    self._trouble = "a write of our own takes long"
            except (DatabaseUnavailable, sqlite3.Error) as error:
                self._trouble = str(error)
            self.proven()  # forgets what has changed, even if nobody asks
