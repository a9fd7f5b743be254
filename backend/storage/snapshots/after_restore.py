"""Invalidates what a restored database brings back and may have ended since the copy was taken.

A copy of yesterday does not contain that a session was revoked, a reset link used or a mail sent.
What cannot be invalidated, such as an old role or password, is reported to the operator.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from backend.kernel.client import SYSTEM
from backend.kernel.clock import Clock
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import Randomness
from backend.kernel.settings import Settings
from backend.storage.db import Db
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.queries import (
    links,
    oauth_states,
    one_time_codes,
    outbox,
    passkey_challenges,
    sessions,
    sign_in_challenges,
    trusted_browsers,
    users,
)
from backend.storage.queries.audit_list import AuditFilter, find_page
from backend.storage.urls import sqlite_url
from backend.storage.work import Runtime, Work

_BATCH = 1000  # rows in one transaction, which keeps it short on a large PostgreSQL
_COUNTS = ("accounts", "sessions", "links", "damaged")  # in the order of RestoreRecord
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_GIVE_UP_REASON = "The database was restored from a copy: this had left, or its link has ended."


@dataclass(frozen=True, slots=True)
class RestoreRecord:
    """A restore as recorded in the audit trail."""

    as_of: datetime | None
    """When the copy was taken; None if unknown, or if nothing was restored."""
    restored_at: datetime
    accounts: int
    sessions_ended: int
    links_ended: int
    damaged: int
    """The number of newer copies that could not be used."""


def invalidate_restored_data(
    runtime: Runtime, as_of: datetime | None, *, damaged: int = 0
) -> RestoreRecord:
    """End all sessions and mailed links, give up the mails that carry one, and record the restore.

    Begun sign-ins end too, and no browser skips the second factor any more. It is recorded last, so
    that only completed restores are.
    """
    sessions_ended = _run_in_batches(runtime, sessions.delete_batch)
    links_ended = _run_in_batches(runtime, links.delete_batch)
    _run_in_batches(runtime, lambda db, limit: outbox.give_up_batch(db, _GIVE_UP_REASON, limit))
    begun = (
        sign_in_challenges.purge,
        passkey_challenges.purge,
        oauth_states.purge,
        one_time_codes.purge,
    )
    for purge in (*begun, trusted_browsers.purge):
        _run_in_batches(runtime, partial(_purge_all, purge))
    with Work(runtime, SYSTEM) as work:
        counts = (users.count(work.db), sessions_ended, links_ended, damaged)
        age = {"asOf": as_of.isoformat()} if as_of else {}
        counted = dict(zip(_COUNTS, counts, strict=True))
        work.record(Event(EventKind.DATABASE_RESTORED, detail={**age, **counted}))
        return RestoreRecord(as_of, work.now(), *counts)


def find_latest_restore(db: Db) -> RestoreRecord | None:
    """Find the last restore in the audit trail."""
    for line in find_page(db, AuditFilter(kinds=[EventKind.DATABASE_RESTORED.value]), 1):
        detail = line.detail
        as_of = datetime.fromisoformat(detail["asOf"]) if "asOf" in detail else None
        return RestoreRecord(as_of, line.at, *(detail[name] for name in _COUNTS))
    return None


def invalidate_restored_file(
    file: Path,
    as_of: datetime | None,
    settings: Settings,
    clock: Clock,
    randomness: Randomness,
    *,
    damaged: int = 0,
) -> None:
    """Do the same in a SQLite file before it is moved into place, so that a killed start can begin
    again. Raises SettingsError if its tables are newer than this Gatehouse."""
    url = sqlite_url(file)
    migrate(url)  # the copy may be older
    database = Database(url, clock, connections=1)
    try:
        runtime = Runtime(database, clock, randomness, settings, _ignore, _ignore)
        invalidate_restored_data(runtime, as_of, damaged=damaged)
    finally:
        database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # leaves one complete file


def _run_in_batches(runtime: Runtime, delete_batch: Callable[[Db, int], int]) -> int:
    total = 0
    while True:
        with Work(runtime, SYSTEM) as work:
            count = delete_batch(work.db, _BATCH)
        total += count
        if count < _BATCH:
            return total


def _purge_all(purge: Callable[[Db, datetime, int], int], db: Db, limit: int) -> int:
    return purge(db, _NEVER, limit)


def _ignore(*_: object) -> None:
    """No server uses this database yet."""
