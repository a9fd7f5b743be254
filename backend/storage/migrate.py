"""Migrates the tables to the newest revision, at start or by command."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from backend.kernel.settings import SettingsError
from backend.storage.dialects import prepare_sqlite
from backend.storage.engine import create_private
from backend.storage.errors import DatabaseUnavailable, first_line
from backend.storage.migrations import HEAD
from backend.storage.postgres.connections import CONNECT_ARGUMENTS, prepare_postgres

_LOCK = 4_857_120_311  # an arbitrary number, the same in every replica
_SCRIPTS = Path(__file__).parent / "migrations"
_HAS_REVISION = {  # SQLAlchemy's inspector would compile a long statement at every start
    "postgresql": "SELECT to_regclass('alembic_version') IS NOT NULL",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'",
}
_START_ARGUMENTS = {"connect_timeout": 15}  # seconds; a start may wait for a database that wakes up


def migrate(url: URL) -> None:
    """Migrate the database to the newest revision; does nothing if it is there already.

    Safe if several replicas start at once. Raises SettingsError if the database cannot be reached
    or was migrated by a newer Gatehouse.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            if _is_newest(connection):
                return
            if url.get_backend_name() == "sqlite":
                _migrate_sqlite(connection, Path(url.database or ""))
            else:
                _migrate_postgres(connection)
    except DBAPIError as error:
        raise SettingsError(_describe_error(url, error)) from None
    except DatabaseUnavailable as error:
        raise SettingsError(f"The database cannot be used: {error}.") from None
    finally:
        engine.dispose()


def _migrate_postgres(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
    # A lock of the transaction: a session lock would be wrong behind a transaction pooler.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if not _is_newest(connection):  # else another replica was faster
        _upgrade(connection)
    connection.exec_driver_sql("COMMIT")


def _migrate_sqlite(connection: Connection, file: Path) -> None:
    # SQLite rebuilds a table to change it. With foreign keys on, rebuilding `users` would delete
    # all sessions; so they are off, and checked afterwards, and a copy is kept.
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("PRAGMA busy_timeout = 60000")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if not _is_newest(connection):
        if _current_revision(connection) is not None:
            _copy(file, file.with_name(f"{file.name}.before-{HEAD}"))
        _upgrade(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken:  # nothing is committed
            raise SettingsError(f"The migration to {HEAD} would lose rows of {broken[0]}.")
    connection.exec_driver_sql("COMMIT")


def _copy(file: Path, to: Path) -> None:
    # A copy of the file alone would miss the commits that are still in its log.
    create_private(to)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # takes half a second, so only if needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_newest(connection: Connection) -> bool:
    at = _current_revision(connection)
    if at is not None and at > HEAD:
        raise SettingsError(
            f"The database is at step {at}, but this Gatehouse knows only steps up to {HEAD}. "
            "Start the newer version again, or restore an older backup."
        )
    return at == HEAD


def _describe_error(url: URL, error: DBAPIError) -> str:
    reason = first_line(error)
    if error.statement is not None:
        return f"The migration to {HEAD} failed and changed nothing: {reason}."
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return f"{url.database} is in use by another process, which may be migrating it. Try again."
    if url.get_backend_name() == "sqlite":
        return f"{url.database} cannot be opened: {reason}. Restore a backup or move it away."
    return (
        f"The database cannot be reached: {reason}. "
        "Check DATABASE_URL and that its server runs, or unset it for SQLite."
    )


def _current_revision(connection: Connection) -> str | None:
    if not connection.exec_driver_sql(_HAS_REVISION[connection.dialect.name]).scalar():
        return None
    value: str | None = connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar()
    return value


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        create_private(Path(url.database or ""))
        engine = create_engine(url, poolclass=NullPool)
        event.listen(engine, "connect", prepare_sqlite)
        return engine
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=CONNECT_ARGUMENTS | _START_ARGUMENTS,
    )
    event.listen(engine, "connect", lambda connection, _: prepare_postgres(connection))
    return engine
