"""What must end when a database comes back as it was before: it may have been ended since.

A copy of yesterday knows nothing of a session that was revoked, of a reset link that was used, of a
mail that left. What cannot be ended, such as a role or a password that is the old one again, is
told to whoever runs the server.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backend.kernel.client import SYSTEM
from backend.kernel.clock import Clock
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import Randomness
from backend.kernel.settings import Settings
from backend.storage.db import Db
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.queries import links, outbox, sessions, users
from backend.storage.queries.audit_list import AuditFilter, find_page
from backend.storage.urls import sqlite_url
from backend.storage.work import Runtime, Work

_BATCH = 1000  # rows ended in one transaction: each is short, on a large PostgreSQL too
_GIVE_UP_REASON = "The database was restored from a copy: this had left, or its link has ended."


@dataclass(frozen=True, slots=True)
class RestoreRecord:
    """A restore as the audit trail has it."""

    as_of: datetime | None
    """How old everything is; None where that is not known, or nothing came back."""
    restored_at: datetime
    accounts: int
    sessions_ended: int
    links_ended: int
    damaged: int
    """How many newer copies could not be used."""


def invalidate_restored_data(
    runtime: Runtime, as_of: datetime | None, *, damaged: int = 0
) -> RestoreRecord:
    """End every session and mailed link, give up the mails that carry one, and note it.

    The note comes last: only what was done is said to be done.
    """
    sessions_ended = _run_in_batches(runtime, sessions.delete_batch)
    links_ended = _run_in_batches(runtime, links.delete_batch)
    _run_in_batches(runtime, lambda db, limit: outbox.give_up_batch(db, _GIVE_UP_REASON, limit))
    with Work(runtime, SYSTEM) as work:
        accounts = users.count(work.db)
        counted = {
            "accounts": accounts,
            "sessions": sessions_ended,
            "links": links_ended,
            "damaged": damaged,
        }
        age = {"asOf": as_of.isoformat()} if as_of else {}
        work.record(Event(EventKind.DATABASE_RESTORED, detail={**age, **counted}))
        return RestoreRecord(as_of, work.now(), accounts, sessions_ended, links_ended, damaged)


def find_latest_restore(db: Db) -> RestoreRecord | None:
    """Find the last restore that the audit trail knows of."""
    for line in find_page(db, AuditFilter(kinds=[EventKind.DATABASE_RESTORED.value]), 1):
        detail = line.detail
        as_of = datetime.fromisoformat(detail["asOf"]) if "asOf" in detail else None
        counted = (detail[what] for what in ("accounts", "sessions", "links", "damaged"))
        return RestoreRecord(as_of, line.at, *counted)
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
    """Do the same in a SQLite file that is not in its place yet: a start that is killed meanwhile
    begins anew. Raises SettingsError when its tables are newer than this Gatehouse."""
    url = sqlite_url(file)
    migrate(url)  # a copy may be older than an upgrade
    database = Database(url, clock, connections=1)
    try:
        runtime = Runtime(database, clock, randomness, settings, _ignore, _ignore)
        invalidate_restored_data(runtime, as_of, damaged=damaged)
    finally:
        database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # then it is one file and complete


def _run_in_batches(runtime: Runtime, delete_batch: Callable[[Db, int], int]) -> int:
    total = 0
    while True:
        with Work(runtime, SYSTEM) as work:
            count = delete_batch(work.db, _BATCH)
        total += count
        if count < _BATCH:
            return total


def _ignore(*_: object) -> None:
    """No server has opened this database yet."""
