"""The few spots where SQLite and PostgreSQL differ. Nowhere else asks which one it is."""

import sqlite3
from typing import Any

from sqlalchemy import Dialect, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

BEGIN = {
    # A deferred one would fail at once where it turns from reading to writing.
    "sqlite": "BEGIN IMMEDIATE",
    # One round trip for all; SET LOCAL, because a plain SET leaks to other clients of a pooler.
    "postgresql": "BEGIN; SET LOCAL statement_timeout = 3000; SET LOCAL lock_timeout = 2000",
}


def insert_unless_taken(dialect: Dialect, table: Table, *columns: str) -> Insert:
    """Build an INSERT that does nothing when a row with these values is there already."""
    if dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=columns)
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=columns)


def prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Set up a fresh SQLite connection: WAL, every commit on disk, foreign keys held."""
    connection.isolation_level = None  # we say BEGIN and COMMIT ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 3000")  # before WAL, which may have to wait for a lock
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an acknowledged write survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
