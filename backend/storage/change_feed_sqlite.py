"""Changes of the SQLite file by other processes: a command, a copy of sqlite3, another tool."""

import asyncio
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
    """Looks at SQLite's `data_version`, which moves when another connection has committed."""

    def __init__(
        self, database: Database, clock: Clock, forget: Callable[[UUID | None], None]
    ) -> None:
        self._database, self._clock, self._forget = database, clock, forget
        self._seen: tuple[int, int] | None = None
        self._looked_at = float("-inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="change-feed", daemon=True)
        self._trouble = "cannot look at the file"

    @property
    def state(self) -> str:
        return "watching the file" if self.proven() else f"bypassed: {self._trouble}"

    def proven(self) -> bool:
        return self._clock.monotonic() - self._looked_at < _GOOD_FOR

    async def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)
        self._looked_at, self._trouble = float("-inf"), "stopped"

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            began = self._clock.monotonic()
            try:
                version = self._database.data_version(_LONGEST_WAIT)
            except DatabaseUnavailable as error:
                self._trouble = str(error)
                continue
            if version is None:
                self._trouble = "a write of our own takes long"
                continue
            if version != self._seen:
                self._seen = version
                self._forget(None)
            self._looked_at = began
