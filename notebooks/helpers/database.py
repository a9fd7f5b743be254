"""Read-only access to the database, through psycopg2 or sqlite3."""

import sqlite3
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2


@dataclass(frozen=True)
class ReadOnlyDatabase:
    """An open database. Nothing can be written through it."""

    kind: str
    connection: Any

    def read(self, statement: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """Return the rows of a statement; its placeholders are `%s` in both kinds."""
        if self.kind == "SQLite":
            statement = statement.replace("%s", "?")
        cursor = self.connection.cursor()
        try:
            cursor.execute(statement, tuple(values))
            names = [column[0] for column in cursor.description]
            rows = [tuple(map(_plain, row)) for row in cursor.fetchall()]
        finally:
            cursor.close()
            self.connection.rollback()  # leave no transaction open
        return _with_times(pd.DataFrame(rows, columns=names, dtype=object), self.kind)

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        return [str(name) for name in self.read(_TABLES[self.kind])["name"]]

    def columns(self, table: str) -> pd.DataFrame:
        """Return `column`, `type` and `required` of a table."""
        return self.read(_COLUMNS[self.kind], [table])

    def indexes(self, table: str) -> pd.DataFrame:
        """Return `index`, `columns` and `unique` of a table."""
        return self.read(_INDEXES[self.kind], [table]).astype({"unique": bool})

    def columns_with(self, secret: str, rows: int) -> list[str]:
        """Return the columns, as table.column, whose newest rows contain this text in any form."""
        forms = {secret, secret.encode().hex(), b64encode(secret.encode()).decode().rstrip("=")}
        return [
            f"{table}.{column}"
            for table in self.tables()
            for column, values in self.newest(table, rows).items()
            if any(form in _readable(value) for value in values for form in forms)
        ]

    def newest(self, table: str, rows: int) -> pd.DataFrame:
        """Return the newest rows of a table: ids sort by time, so an index finds them."""
        key = "id" if "id" in set(self.columns(table)["column"]) else "1"
        return self.read(f'SELECT * FROM "{table}" ORDER BY {key} DESC LIMIT {int(rows)}')  # noqa: S608


def open_database(database_url: str, data_dir: str) -> ReadOnlyDatabase:
    """Open PostgreSQL at the URL, or without one SQLite's file in `data_dir`, for reading only.

    Raises ConnectionError or FileNotFoundError, whose messages hold nothing of the URL's secrets.
    """
    if database_url.startswith(("postgres://", "postgresql")):
        return ReadOnlyDatabase("PostgreSQL", _connect_postgres(database_url))
    if database_url and not database_url.startswith("sqlite:///"):
        raise ConnectionError("DATABASE_URL names neither PostgreSQL nor SQLite")
    named = database_url.removeprefix("sqlite:///")
    file = Path(named or Path(data_dir) / "gatehouse.db").absolute()
    if not file.is_file():
        raise FileNotFoundError(f"no database at {file}: set DATA_DIR or DATABASE_URL")
    return ReadOnlyDatabase("SQLite", sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True))


def _connect_postgres(database_url: str) -> Any:
    scheme, _, rest = database_url.partition("://")
    address = f"{scheme.partition('+')[0]}://{rest}"  # PostgreSQL does not know +psycopg2
    try:
        connection = psycopg2.connect(address, connect_timeout=10)
    except (psycopg2.Error, ValueError) as error:
        # psycopg2 quotes a URL it cannot parse, which may include a password.
        text = str(error).strip()
        reason = text if text.startswith("connection to server") else "DATABASE_URL is not valid"
        raise ConnectionError(reason) from None
    # Set per transaction: with autocommit it would be set on the connection, which a pooler may
    # pass on to the server, which then could not write.
    connection.set_session(readonly=True)
    return connection


def as_id(text: str, kind: str) -> str:
    """Return a user's id as the database writes it: SQLite has no uuid, and stores 32 digits."""
    return text.replace("-", "") if kind == "SQLite" else text


def column_kind(written: str) -> str:
    """Return what a column's type means; SQLite has no types for uuids and times."""
    kinds = {
        "a uuid": ("uuid", "char(32)"),
        "a time": ("timestamp with time zone", "bigint"),
        "bytes": ("bytea", "blob"),
        "text": ("text", "character varying", "varchar"),
    }
    return next((kind for kind, types in kinds.items() if written.startswith(types)), written)


def _readable(value: Any) -> str:
    """Return a value for searching: text, and bytes both as text and in hexadecimal."""
    if isinstance(value, bytes):
        return f"{value.decode('latin-1')} {value.hex()}"
    return str(value)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _with_times(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Convert SQLite's microseconds to times, which PostgreSQL returns itself."""
    for name in rows.columns:
        if name == "at" or name.endswith(("_at", "_expires")):
            unit = {"unit": "us"} if kind == "SQLite" else {}
            rows[name] = pd.to_datetime(rows[name], utc=True, **unit)
    return rows


_TABLES = {
    "SQLite": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    "PostgreSQL": (
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = current_schema() ORDER BY 1"
    ),
}
_COLUMNS = {
    "SQLite": (
        'SELECT name AS "column", lower(type) AS "type", "notnull" = 1 OR pk > 0 AS required'
        " FROM pragma_table_info(%s) ORDER BY cid"
    ),
    "PostgreSQL": (
        'SELECT column_name AS "column", data_type AS "type", is_nullable = \'NO\' AS required'
        " FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position"
    ),
}
_INDEXES = {
    "SQLite": (
        'SELECT l.name AS "index", group_concat(i.name, \', \') AS columns, l."unique" AS "unique"'
        " FROM pragma_index_list(%s) AS l, pragma_index_info(l.name) AS i"
        " GROUP BY l.name ORDER BY l.name"
    ),
    "PostgreSQL": (
        "SELECT c.relname AS \"index\", string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns,"
        ' bool_and(i.indisunique) AS "unique"'
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_attribute a ON a.attrelid = i.indexrelid"
        " WHERE i.indrelid = %s::regclass GROUP BY c.relname ORDER BY c.relname"
    ),
}
