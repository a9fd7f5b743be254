"""Is this machine's clock right? What is deleted by its age is deleted for good.

PostgreSQL has a clock of its own. A minute beside it, and this machine deletes nothing by age: one
of several replicas whose clock is ahead would end everybody's sessions and empty the audit trail.
What one replica begins and another may end, a ban or the hold on a mail, is judged by both clocks.
SQLite has none. There the newest entry that a start finds says how late it is at least, and from
then on the time is measured: a server that was off for long only deletes later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from backend.kernel.clock import Clock
from backend.storage.db import Db
from backend.storage.dialects import build_current_time
from backend.storage.engine import Database
from backend.storage.queries import audit, sessions
from backend.storage.work import run_query

log = structlog.get_logger()
TOLERANCE = timedelta(minutes=1)
_LONG_OFF = timedelta(days=30)  # nobody wrote for so long, or the clock is ahead


@dataclass(frozen=True, slots=True)
class ClockDifference:
    """How far this machine's clock is ahead of what it is compared with; negative: behind."""

    compared_with: Literal["database", "newest entry"]
    ahead: timedelta

    @property
    def is_harmless(self) -> bool:
        most = TOLERANCE if self.compared_with == "database" else _LONG_OFF
        return -TOLERANCE <= self.ahead <= most


class ClockCheck:
    """Compares the clock; to be made before this process writes anything."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._began, self._began_at = clock.now(), clock.monotonic()
        if database.kind == "sqlite":
            self._began = run_query(database, _newest_entry) or self._began
        self._was_right = True
        self.compare()

    def compare(self) -> ClockDifference:
        """Compare now, and log when it turns wrong; raises DatabaseUnavailable."""
        found = self._measure()
        if self._was_right and not found.is_harmless:
            ahead = round(found.ahead.total_seconds())
            log.error("clock_differs", compared_with=found.compared_with, seconds_ahead=ahead)
        self._was_right = found.is_harmless
        return found

    def _measure(self) -> ClockDifference:
        if self._database.kind == "sqlite":
            return ClockDifference("newest entry", self._clock.now() - self._elapsed_time())
        before = self._clock.now()
        database_time = run_query(self._database, read_database_time)
        after = self._clock.now()
        # A slow answer is no wrong clock: what counts is how far outside of the two theirs lies.
        return ClockDifference(
            "database", min(max(before - database_time, timedelta()), after - database_time)
        )

    def deletion_cutoff(self) -> datetime | None:
        """Return up to when everything is over for certain, or None when this clock is not to be
        trusted; raises DatabaseUnavailable."""
        if self._database.kind == "sqlite":
            return min(self._clock.now(), self._elapsed_time())
        return self._clock.now() if self.compare().is_harmless else None

    def now_bounds(self, db: Db) -> tuple[datetime, datetime]:
        """Return the moments between which it is now: our clock's and PostgreSQL's, in order.

        Asks on the connection in hand. On SQLite one server judges everything, by its own clock.
        """
        ours = self._clock.now()
        database_time = ours if self._database.kind == "sqlite" else read_database_time(db)
        return min(ours, database_time), max(ours, database_time)

    def _elapsed_time(self) -> datetime:
        return self._began + timedelta(seconds=self._clock.monotonic() - self._began_at)


def read_database_time(db: Db) -> datetime:
    """Ask a PostgreSQL what time it is."""
    found: datetime = db.execute(build_current_time(db.dialect)).scalar_one()
    return found


def _newest_entry(db: Db) -> datetime | None:
    found = [audit.find_last_event_at(db), sessions.find_last_created_at(db)]
    return max(filter(None, found), default=None)
