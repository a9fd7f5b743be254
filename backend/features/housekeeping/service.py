"""Housekeeping: deletes expired rows in small batches.

Writes trigger it, at most once an hour: a timer would wake an idle database for nothing. While the
clock cannot be trusted, it deletes nothing.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from backend.kernel.client import SYSTEM
from backend.storage.clock_check import ClockCheck
from backend.storage.db import Db
from backend.storage.engine import DatabaseUnavailable
from backend.storage.postgres.advisory_locks import HOUSEKEEPING, try_advisory_lock
from backend.storage.queries import (
    audit,
    links,
    oauth_states,
    one_time_codes,
    outbox,
    passkey_challenges,
    sessions,
    sign_in_challenges,
    trusted_browsers,
)
from backend.storage.work import Runtime, Work

BATCH = 1000  # rows per transaction, which stays short
_EVERY = 3600.0  # seconds
_PAUSE = 0.05  # seconds between batches, so that others can write
_LINKS_KEPT = timedelta(days=1)  # after expiry, so that an expired link is reported as such
_MAILS_KEPT = timedelta(days=7)

Purge = Callable[[Db, datetime, int], int]
"""Deletes at most so many rows older than a time; returns how many."""

Task = Callable[[], bool | None]
"""Does a piece of work that stays short; returns whether there may be more of it."""

log = structlog.get_logger()


class Housekeeper:
    """Deletes in its own thread; of several processes on one database, one at a time."""

    def __init__(
        self, runtime: Runtime, clock_check: ClockCheck, tasks: Sequence[Task] = ()
    ) -> None:
        """`tasks` are called at the end of each run, for what features have to do."""
        self._runtime = runtime
        self._tasks = tasks
        self._clock_check = clock_check
        self._due_at = runtime.clock.monotonic() + _EVERY
        self._deciding = threading.Lock()
        self._stopping = threading.Event()
        self._executor = ThreadPoolExecutor(1, "housekeeping")

    def note_write(self) -> None:
        """Called after each write, when the database is awake; cheap."""
        now = self._runtime.clock.monotonic()
        with self._deciding:
            if now < self._due_at or self._stopping.is_set():
                return
            self._due_at = now + _EVERY
            self.start_purge()

    def start_purge(self) -> "Future[None]":
        """Start deleting everything that has expired; the future is done afterwards."""
        return self._executor.submit(self._run)

    def stop(self) -> None:
        """Finish the current batch and stop."""
        with self._deciding:
            self._stopping.set()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        try:
            self._purge_all()
            for task in self._tasks:
                while task() and not self._stopping.wait(_PAUSE):
                    pass
        except DatabaseUnavailable as error:
            log.warning("housekeeping_put_off", reason=str(error))
        except Exception:  # nobody reads the future's result
            log.exception("housekeeping_failed")

    def _purge_all(self) -> None:
        now = self._clock_check.deletion_cutoff()
        if now is None:
            log.error("housekeeping_refused", reason="this clock differs from the database's")
            return
        retention = timedelta(days=self._runtime.settings.audit_retention_days)
        self._purge("sessions", sessions.purge, now)
        self._purge("challenges", sign_in_challenges.purge, now)
        self._purge("passkey challenges", passkey_challenges.purge, now)
        self._purge("states", oauth_states.purge, now)
        self._purge("codes", one_time_codes.purge, now)
        self._purge("browsers", trusted_browsers.purge, now)
        self._purge("links", links.purge, now - _LINKS_KEPT)
        self._purge("mails", outbox.purge, now - _MAILS_KEPT)
        self._purge("events", audit.purge, now - retention)

    def _purge(self, what: str, purge: Purge, before: datetime) -> None:
        total = 0
        while not self._stopping.is_set():
            with Work(self._runtime, SYSTEM) as work:
                deleted = (
                    purge(work.db, before, BATCH) if try_advisory_lock(work.db, HOUSEKEEPING) else 0
                )
            total += deleted
            if deleted < BATCH:
                break
            self._stopping.wait(_PAUSE)
        if total:
            log.info("purged", what=what, rows=total)
