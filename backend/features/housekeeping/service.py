"""Housekeeping: what is over is deleted, a little at a time.

It rides on traffic: at most once an hour, after somebody wrote. A timer would wake a database that
sleeps when idle, to find nothing. By a clock that cannot be trusted nothing is deleted.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from backend.kernel.client import NOBODY
from backend.storage.clock_check import ClockCheck
from backend.storage.db import Db
from backend.storage.engine import DatabaseUnavailable
from backend.storage.postgres.advisory_locks import HOUSEKEEPING, try_advisory_lock
from backend.storage.queries import audit, links, outbox, sessions
from backend.storage.work import Runtime, Work

BATCH = 1000  # rows deleted in one transaction: short enough that nobody waits for it
_EVERY = 3600.0  # seconds
_BREATH = 0.05  # seconds between two batches, for those who want to write meanwhile
_LINKS_KEPT = timedelta(days=1)  # after their end, so that they can say that it was
_MAILS_KEPT = timedelta(days=7)

Purge = Callable[[Db, datetime, int], int]
"""Deletes at most so many rows from before a moment; returns how many."""

log = structlog.get_logger()


class Housekeeper:
    """Tidies up in a thread of its own; of several processes on one database, one at a time."""

    def __init__(self, runtime: Runtime, clock_check: ClockCheck) -> None:
        self._runtime = runtime
        self._clock_check = clock_check
        self._due_at = runtime.clock.monotonic() + _EVERY
        self._deciding = threading.Lock()
        self._stopping = threading.Event()
        self._executor = ThreadPoolExecutor(1, "housekeeping")

    def wrote(self) -> None:
        """Take note that somebody wrote just now: the database is awake. Costs next to nothing."""
        now = self._runtime.clock.monotonic()
        with self._deciding:
            if now < self._due_at or self._stopping.is_set():
                return
            self._due_at = now + _EVERY
            self.tidy()

    def tidy(self) -> "Future[None]":
        """Begin to delete everything that is over by now; done when the result is there."""
        return self._executor.submit(self._tidy)

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        with self._deciding:
            self._stopping.set()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _tidy(self) -> None:
        try:
            self._purge_all()
        except DatabaseUnavailable as error:
            log.warning("housekeeping_put_off", reason=str(error))
        except Exception:  # nobody looks at what this thread returns
            log.exception("housekeeping_failed")

    def _purge_all(self) -> None:
        now = self._clock_check.over_until()
        if now is None:
            log.error("housekeeping_refused", reason="this clock differs from the database's")
            return
        retention = timedelta(days=self._runtime.settings.audit_retention_days)
        self._purge("sessions", sessions.purge, now)
        self._purge("links", links.purge, now - _LINKS_KEPT)
        self._purge("mails", outbox.purge, now - _MAILS_KEPT)
        self._purge("events", audit.purge, now - retention)

    def _purge(self, what: str, purge: Purge, before: datetime) -> None:
        total = 0
        while not self._stopping.is_set():
            with Work(self._runtime, NOBODY) as work:
                gone = (
                    purge(work.db, before, BATCH) if try_advisory_lock(work.db, HOUSEKEEPING) else 0
                )
            total += gone
            if gone < BATCH:
                break
            self._stopping.wait(_BREATH)
        if total:
            log.info("purged", what=what, rows=total)
