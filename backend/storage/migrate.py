"""Brings the tables to the newest step, at start or by command."""

import shutil
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy import URL, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from backend.kernel.settings import SettingsError
from backend.storage.dialects import prepare_sqlite
from backend.storage.engine import POSTGRES_CONNECT
from backend.storage.migrations import HEAD

_LOCK = 4_857_120_311  # any number, the same in every replica


def migrate(url: URL) -> None:
    """Bring the database at `url` to the newest step; does nothing when it is there already.

    Safe when several replicas start at once. Raises SettingsError when the database cannot be
    reached or was migrated by a newer Gatehouse.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            if _step(connection) == HEAD:
                return
            if url.get_backend_name() == "sqlite":
                _migrate_sqlite(connection, Path(url.database or ""))
            else:
                _migrate_postgres(connection)
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise SettingsError(f"The database cannot be used: {reason}") from None
    finally:
        engine.dispose()


def _migrate_postgres(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
    # A lock of the transaction: a session lock would be wrong behind a transaction pooler.
    connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    _upgrade(connection)
    connection.exec_driver_sql("COMMIT")


def _migrate_sqlite(connection: Connection, file: Path) -> None:
    # SQLite rebuilds a table to change it. With foreign keys on, the rebuild of `users` deletes
    # every session without a word; so they are off, and checked afterwards, and a copy is kept.
    if _step(connection) is not None:
        shutil.copy2(file, file.with_name(f"{file.name}.before-{HEAD}"))
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    _upgrade(connection)
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        connection.exec_driver_sql("ROLLBACK")
        raise SettingsError(f"The migration to {HEAD} would lose rows of {broken[0][0]}; nothing done.")
    connection.exec_driver_sql("COMMIT")


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  half a second that a start with nothing to do saves
    from alembic.config import Config  # noqa: PLC0415

    at = _step(connection)
    if at == HEAD:  # another replica was faster
        return
    if at is not None and at > HEAD:
        raise SettingsError(
            f"The database is at step {at}, this Gatehouse knows steps up to {HEAD}. "
            "Start the newer version again, or restore an older backup."
        )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _step(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool)
        event.listen(engine, "connect", prepare_sqlite)
        return engine
    return create_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=POSTGRES_CONNECT
    )
