"""Changes of the SQLite file by other processes, such as a command or the sqlite3 shell."""

import asyncio
import sqlite3
from collections.abc import Callable
from uuid import UUID

from backend.kernel.clock import Clock
from backend.storage.engine import Database
from backend.storage.errors import DatabaseUnavailable

_POLL_INTERVAL = 0.025  # seconds
_VALID_FOR = 0.1  # seconds since the last poll began: no change stays unnoticed for longer
_FIRST_POLL_TIMEOUT = 1.0  # seconds


class SqliteFeed:
    """Polls SQLite's `data_version`, which changes when another connection has committed.

    Each write polls as it begins. Otherwise the request that finds the last poll too old polls on
    the event loop. That reads shared memory for microseconds, while a polling thread would hardly
    get to run when the event loop is busy, which is when it matters.
    """

    def __init__(
        self, database: Database, clock: Clock, forget: Callable[[UUID | None], None]
    ) -> None:
        self._database, self._clock, self._forget = database, clock, forget
        self._last_version: tuple[int, int] | None = None
        self._running = False
        self._problem = "not started"

    @property
    def state(self) -> str:
        return "watching the file" if self.is_live() else f"bypassed: {self._problem}"

    def is_live(self) -> bool:
        if not self._running:
            return False
        now = self._clock.monotonic()
        if now - self._database.last_poll[0] >= _POLL_INTERVAL:
            self._poll(wait=0)
        polled_at, version = self._database.last_poll
        if version != self._last_version:
            self._forget(None)
            self._last_version = version
        return now - polled_at < _VALID_FOR

    async def start(self) -> None:
        self._running = True
        await asyncio.to_thread(self._poll, _FIRST_POLL_TIMEOUT)

    async def stop(self) -> None:
        self._running, self._problem = False, "stopped"

    def _poll(self, wait: float) -> None:
        try:
            if not self._database.poll_data_version(wait):
                self._problem = "a write of this process takes long"
        except (DatabaseUnavailable, sqlite3.Error) as error:
            self._problem = str(error)
