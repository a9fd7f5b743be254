"""Can the database be used right now?"""

from sqlalchemy import Row, Select, column, func, literal, select, table, update
from sqlalchemy.sql.elements import ColumnElement

from backend.storage.dialects import room_of
from backend.storage.engine import Database, DatabaseUnavailable
from backend.storage.errors import Trouble
from backend.storage.migrations import HEAD
from backend.storage.work import ask

_STEPS = table("alembic_version", column("version_num"))


def migrated_to(database: Database) -> str | None:
    """Return the step of the tables; raises DatabaseUnavailable if the database is of no use.

    Whether it can be written to is not known without writing. That is tried only after a write has
    failed, until one succeeds; after one for which there was no room, until there is some.
    """
    turn = database.turn
    found = _found(database)
    if found is not None and found.read_only and database.look_for_primary(turn):
        found = _found(database)
    if found is not None and found.read_only:
        raise DatabaseUnavailable("the database is read-only", Trouble.READ_ONLY)
    if database.trouble is not None:
        _write(database)
    return None if found is None else str(found.version_num)


def is_current(step: str | None) -> bool:
    """Tell whether the tables are those this code was written for."""
    return step == HEAD


def _found(database: Database) -> Row[tuple[str, bool]] | None:
    return ask(database, lambda db: db.execute(_question(database)).first())


def _question(database: Database) -> Select[tuple[str, bool]]:
    read_only: ColumnElement[bool] = literal(False)
    if database.kind == "postgresql":
        read_only = func.current_setting("transaction_read_only") == "on"
    return select(_STEPS.c.version_num, read_only.label("read_only"))


def _write(database: Database) -> None:
    db = database.write()
    try:
        db.execute(update(_STEPS).values(version_num=_STEPS.c.version_num))
        room = room_of(db.dialect)
        if database.trouble is Trouble.FULL and room is not None:
            db.execute(room)
        db.commit()
    except DatabaseUnavailable:
        db.rollback()
        raise
    finally:
        db.give_back()
