"""Whether the database can be used, and which schema it has."""

from sqlalchemy import Row, Select, column, func, literal, select, table, text, update
from sqlalchemy.sql.elements import ColumnElement

from backend.storage.engine import Database, DatabaseUnavailable
from backend.storage.errors import Fault
from backend.storage.migrations import HEAD
from backend.storage.work import run_query

_ALEMBIC_VERSION = table("alembic_version", column("version_num"))
# Occupies 100 KB of the disk until the transaction ends: on PostgreSQL a small change often needs
# no new page. On SQLite every write needs space.
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


def read_schema_version(database: Database) -> str | None:
    """Return the Alembic revision; raises DatabaseUnavailable if the database cannot be used.

    Only a write shows whether it can be written to. One is tried only after a write has failed,
    until one succeeds; after a full disk with as much data as shows that there is space again.
    """
    primary = database.primary
    generation = primary.generation
    version = _load_version(database)
    if version is not None and version.read_only and primary.invalidate_connections(generation):
        version = _load_version(database)
    if version is not None and version.read_only:
        raise DatabaseUnavailable("the database is read-only", Fault.READ_ONLY)
    if database.fault is not None:
        _try_write(database)
    return None if version is None else str(version.version_num)


def is_current(step: str | None) -> bool:
    """Tell whether the tables are at the newest revision this code knows."""
    return step == HEAD


def _load_version(database: Database) -> Row[tuple[str, bool]] | None:
    return run_query(database, lambda db: db.execute(_build_version_query(database)).first())


def _build_version_query(database: Database) -> Select[tuple[str, bool]]:
    read_only: ColumnElement[bool] = literal(False)
    if database.kind == "postgresql":
        read_only = func.current_setting("transaction_read_only") == "on"
    return select(_ALEMBIC_VERSION.c.version_num, read_only.label("read_only"))


def _try_write(database: Database) -> None:
    db = database.write()
    try:
        db.execute(update(_ALEMBIC_VERSION).values(version_num=_ALEMBIC_VERSION.c.version_num))
        if database.fault is Fault.FULL and database.kind == "postgresql":
            db.execute(_SPACE_PROBE)
        db.commit()
    except DatabaseUnavailable:
        db.rollback()
        raise
    finally:
        db.release()
