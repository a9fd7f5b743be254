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
_WHY = "The database was restored from a copy: this had left, or its link has ended."


@dataclass(frozen=True, slots=True)
class Restoration:
    """A restore as the audit trail has it."""

    as_of: datetime | None
    """How old everything is; None where that is not known, or nothing came back."""
    restored_at: datetime
    accounts: int
    sessions_ended: int
    links_ended: int
    damaged: int
    """How many newer copies could not be used."""


def end_what_came_back(shop: Runtime, as_of: datetime | None, *, damaged: int = 0) -> Restoration:
    """End every session and mailed link, give up the mails that carry one, and note it.

    The note comes last: only what was done is said to be done.
    """
    ended = _in_batches(shop, sessions.delete_batch)
    void = _in_batches(shop, links.delete_batch)
    _in_batches(shop, lambda db, most: outbox.give_up_batch(db, _WHY, most))
    with Work(shop, SYSTEM) as work:
        accounts = users.count(work.db)
        counted = {"accounts": accounts, "sessions": ended, "links": void, "damaged": damaged}
        said = {"asOf": as_of.isoformat()} if as_of else {}
        work.record(Event(EventKind.DATABASE_RESTORED, detail={**said, **counted}))
        return Restoration(as_of, work.now(), accounts, ended, void, damaged)


def latest_restoration(db: Db) -> Restoration | None:
    """Find the last restore that the audit trail knows of."""
    for line in find_page(db, AuditFilter(kinds=[EventKind.DATABASE_RESTORED.value]), 1):
        told = line.detail
        as_of = datetime.fromisoformat(told["asOf"]) if "asOf" in told else None
        counted = (told[what] for what in ("accounts", "sessions", "links", "damaged"))
        return Restoration(as_of, line.at, *counted)
    return None


def end_in_file(
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
        shop = Runtime(database, clock, randomness, settings, _nobody_listens, _nobody_listens)
        end_what_came_back(shop, as_of, damaged=damaged)
    finally:
        database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # then it is one file and complete


def _in_batches(shop: Runtime, end_some: Callable[[Db, int], int]) -> int:
    total = 0
    while True:
        with Work(shop, SYSTEM) as work:
            gone = end_some(work.db, _BATCH)
        total += gone
        if gone < _BATCH:
            return total


def _nobody_listens(*_: object) -> None:
    """No server has opened this database yet."""
