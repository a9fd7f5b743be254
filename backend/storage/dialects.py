"""The few spots where SQLite and PostgreSQL differ. Nowhere else asks which one it is."""

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Dialect,
    Executable,
    Insert,
    Result,
    Select,
    Table,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement, ColumnElement

_SAMPLED_ROWS = 5000  # rows, to guess how many there are of a kind
_WAL_ATTEMPTS = 21  # attempts to have a new file to oneself
BUSY_TIMEOUT = 3000  # milliseconds in which SQLite waits for another process that writes

BEGIN = {
    # A deferred one would fail at once where it turns from reading to writing.
    "sqlite": "BEGIN IMMEDIATE",
    # One round trip for all; SET LOCAL, because a plain SET leaks to other clients of a pooler.
    "postgresql": "BEGIN; SET LOCAL statement_timeout = 3000; SET LOCAL lock_timeout = 2000",
}


def supports_multiple_statements(dialect: Dialect) -> bool:
    """Tell whether one message may carry more than one statement."""
    return dialect.name == "postgresql"


def build_insert_or_ignore(dialect: Dialect, table: Table, *columns: str) -> Insert:
    """Build an INSERT that does nothing when a row with these values is there already."""
    if dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=columns)
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=columns)


def build_try_lock(dialect: Dialect, number: int) -> Select[Any] | None:
    """Build a question that is true for one transaction at a time, until that ends.

    None on SQLite, where only one transaction writes anyway.
    """
    if dialect.name == "sqlite":
        return None
    return select(func.pg_try_advisory_xact_lock(number))


def build_space_probe(dialect: Dialect) -> Executable | None:
    """Build a statement that takes 100 KB of the disk until the transaction ends.

    A small change of PostgreSQL's often needs none: there is room in its page. None on SQLite,
    where every write needs some.
    """
    return _SPACE_PROBE if dialect.name == "postgresql" else None


_SPACE_PROBE = text(
    """
    DO $$ BEGIN
        IF has_database_privilege(current_database(), 'TEMPORARY') THEN
            CREATE TEMPORARY TABLE gatehouse_room ON COMMIT DROP AS
            SELECT repeat('.', 2000) FROM generate_series(1, 50);
        END IF;
    END $$
    """.strip()
)


def build_current_time(dialect: Dialect) -> Select[Any]:
    """Build the question what time it is in the database; SQLite's clock is our own."""
    return select(func.clock_timestamp() if dialect.name == "postgresql" else func.now())


def estimate_row_count(
    dialect: Dialect, execute: Callable[[Executable], Result[Any]], matching: Select[Any]
) -> int:
    """Guess how many rows a statement on one table would find, without finding them.

    PostgreSQL's planner knows. On SQLite rows from all over the table are looked at.
    """
    if dialect.name == "postgresql":
        one: ColumnElement[int] = literal_column("1")
        plan = execute(Explain(matching.with_only_columns(one, maintain_column_froms=True)))
        return int(plan.scalar_one()[0]["Plan"]["Plan Rows"])
    row: ColumnElement[int] = literal_column("rowid")
    last = execute(select(func.max(row)).select_from(matching.get_final_froms()[0])).scalar() or 0
    step = max(1, last // _SAMPLED_ROWS)
    some = select(literal_column("1").label("number")).cte("some", recursive=True)
    further = some.c.number + step
    some = some.union_all(select(further).where(further <= last))
    hits = matching.with_only_columns(func.count(), maintain_column_froms=True)
    found = execute(hits.where(row.in_(select(some.c.number)))).scalar_one()
    return int(found) * step


class Explain(Executable, ClauseElement):
    """Asks PostgreSQL how it would go about a statement, as JSON."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def _compile_explain(element: Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


def prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Set up a fresh SQLite connection: WAL, every commit on disk, foreign keys held."""
    connection.isolation_level = None  # we say BEGIN and COMMIT ourselves
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    _enable_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # an acknowledged write survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _enable_wal(cursor: sqlite3.Cursor) -> None:
    for left in reversed(range(_WAL_ATTEMPTS)):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise
        # SQLite has refused without waiting, as somebody else is in a file that is new. This waits.
        cursor.execute("BEGIN EXCLUSIVE")
        cursor.execute("COMMIT")
