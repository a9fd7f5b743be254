"""Trigram indexes, with which PostgreSQL finds users by a part of a name or address."""

from collections.abc import Mapping

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from backend.storage.db import Db

_SCHEMA = text(
    "SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace"
    " WHERE extname = 'pg_trgm'"
)
_AVAILABLE = text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")

_INDEXED = text("SELECT 1 FROM pg_indexes WHERE indexname = 'users_email_trgm_idx'")


def create_trigram_indexes(
    connection: Connection,
    expressions: Mapping[str, str],
) -> bool:
    """Create the indexes, inside a transaction; False if the extension pg_trgm is not available.

    It comes with PostgreSQL, and the owner of the database may install it. Without it, searches
    scan all users: slower, and otherwise the same.
    """
    schema = connection.execute(_SCHEMA).scalar() or _install_extension(connection)
    if schema is None:
        return False
    operators = f"{connection.dialect.identifier_preparer.quote(schema)}.gin_trgm_ops"
    for name, expression in expressions.items():
        connection.exec_driver_sql(
            f"CREATE INDEX IF NOT EXISTS users_{name}_trgm_idx ON users"
            f" USING gin ({expression} {operators})"
        )
    return True


def has_trigram_indexes(db: Db) -> bool:
    """Tell whether searches use these indexes; on SQLite they never do."""
    return db.dialect.name == "postgresql" and db.execute(_INDEXED).scalar() is not None


def _install_extension(connection: Connection) -> str | None:
    if connection.execute(_AVAILABLE).scalar() is None:
        return None
    connection.exec_driver_sql("SAVEPOINT trigrams")
    try:
        connection.exec_driver_sql("CREATE EXTENSION pg_trgm")
    except DBAPIError:  # without the right to install it
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT trigrams")
        return None
    value: str | None = connection.execute(_SCHEMA).scalar()
    return value
