"""Checks this machine's clock before anything is deleted by age, which cannot be undone.

On PostgreSQL it is compared with the clock of the database. If they differ by more than a minute,
this replica deletes nothing by age: a clock that is ahead would end all sessions and empty the
audit trail. What one replica starts and another ends, such as a ban, is judged by both clocks.
SQLite has no clock. There time is measured from the newest entry found at start, which is a lower
bound of the time: a server that was off for long only deletes later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import func, select

from backend.kernel.clock import Clock
from backend.storage.db import Db
from backend.storage.engine import Database
from backend.storage.queries import audit, sessions
from backend.storage.work import run_query

log = structlog.get_logger()
TOLERANCE = timedelta(minutes=1)
_LONG_OFF = timedelta(days=30)  # without entries for longer, the clock may be ahead


@dataclass(frozen=True, slots=True)
class ClockDifference:
    """How far this machine's clock is ahead; negative if it is behind."""

    compared_with: Literal["database", "newest entry"]
    ahead: timedelta

    @property
    def is_harmless(self) -> bool:
        most = TOLERANCE if self.compared_with == "database" else _LONG_OFF
        return -TOLERANCE <= self.ahead <= most


class ClockCheck:
    """Compares the clock; to be created before this process writes anything."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._began, self._began_at = clock.now(), clock.monotonic()
        if database.kind == "sqlite":
            self._began = run_query(database, _newest_entry) or self._began
        self._was_right = True
        self.compare()

    def compare(self) -> ClockDifference:
        """Compare the clocks, and log when they start to differ; raises DatabaseUnavailable."""
        difference = self._measure()
        if self._was_right and not difference.is_harmless:
            ahead = round(difference.ahead.total_seconds())
            log.error("clock_differs", compared_with=difference.compared_with, seconds_ahead=ahead)
        self._was_right = difference.is_harmless
        return difference

    def _measure(self) -> ClockDifference:
        if self._database.kind == "sqlite":
            return ClockDifference("newest entry", self._clock.now() - self._measured_now())
        before = self._clock.now()
        database_time = run_query(self._database, read_database_time)
        after = self._clock.now()
        # A slow query is no difference: only a time outside of before and after is one.
        return ClockDifference(
            "database", min(max(before - database_time, timedelta()), after - database_time)
        )

    def deletion_cutoff(self) -> datetime | None:
        """Return a time that has certainly passed, or None if the clocks differ; raises
        DatabaseUnavailable."""
        if self._database.kind == "sqlite":
            return min(self._clock.now(), self._measured_now())
        return self._clock.now() if self.compare().is_harmless else None

    def now_bounds(self, db: Db) -> tuple[datetime, datetime]:
        """Return the earlier and the later of this clock's and PostgreSQL's time.

        Queries the given connection. On SQLite there is one server, so both are its own time.
        """
        own_time = self._clock.now()
        database_time = own_time if self._database.kind == "sqlite" else read_database_time(db)
        return min(own_time, database_time), max(own_time, database_time)

    def _measured_now(self) -> datetime:
        return self._began + timedelta(seconds=self._clock.monotonic() - self._began_at)


def read_database_time(db: Db) -> datetime:
    """Return the time of PostgreSQL's clock."""
    value: datetime = db.execute(select(func.clock_timestamp())).scalar_one()
    return value


def _newest_entry(db: Db) -> datetime | None:
    newest = [audit.find_last_event_at(db), sessions.find_last_created_at(db)]
    return max(filter(None, newest), default=None)
