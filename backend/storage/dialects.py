"""Where SQLite and PostgreSQL differ."""

import sqlite3
from collections.abc import Callable, Mapping
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
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement, ColumnElement

_SAMPLED_ROWS = 5000  # to estimate how many rows match
_WAL_ATTEMPTS = 21
BUSY_TIMEOUT = 3000  # milliseconds that SQLite waits for another process that writes

BEGIN = {
    # A deferred transaction would fail at once when it turns from reading to writing.
    "sqlite": "BEGIN IMMEDIATE",
    # One message; SET LOCAL, because a plain SET leaks to other clients of a pooler.
    "postgresql": "BEGIN; SET LOCAL statement_timeout = 3000; SET LOCAL lock_timeout = 2000",
}


def supports_multiple_statements(dialect: Dialect) -> bool:
    """Tell whether one message may contain several statements."""
    return dialect.name == "postgresql"


def build_insert_or_ignore(dialect: Dialect, table: Table, *columns: str) -> Insert:
    """Build an INSERT that skips rows whose values of these columns exist already."""
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing(index_elements=columns)


def build_upsert(dialect: Dialect, table: Table, values: Mapping[str, Any], *keys: str) -> Insert:
    """Build an INSERT that changes the row with the same `keys` instead, if there is one."""
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    changes = {name: value for name, value in values.items() if name not in keys}
    return insert(table).values(**values).on_conflict_do_update(index_elements=keys, set_=changes)


def estimate_row_count(
    dialect: Dialect, execute: Callable[[Executable], Result[Any]], matching: Select[Any]
) -> int:
    """Estimate how many rows a statement on one table would return, without running it.

    On PostgreSQL the planner does; on SQLite rows from all over the table are sampled.
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
    matches = execute(hits.where(row.in_(select(some.c.number)))).scalar_one()
    return int(matches) * step


class Explain(Executable, ClauseElement):
    """EXPLAIN of a statement on PostgreSQL, as JSON."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def _compile_explain(element: Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


def prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Set up a new SQLite connection: WAL, durable commits, foreign keys."""
    connection.isolation_level = None  # Db sends BEGIN and COMMIT
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
        # SQLite refuses without waiting while another connection uses a new file. This waits.
        cursor.execute("BEGIN EXCLUSIVE")
        cursor.execute("COMMIT")
