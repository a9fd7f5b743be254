"""Can the database be used right now?"""

from sqlalchemy import text

from backend.storage.engine import Database
from backend.storage.migrations import HEAD
from backend.storage.work import ask


def migrated_to(database: Database) -> str | None:
    """Return the step of the tables; raises DatabaseUnavailable when the database is away."""
    question = text("SELECT version_num FROM alembic_version")
    return ask(database, lambda db: db.execute(question).scalar())


def is_current(step: str | None) -> bool:
    """Tell whether the tables are those this code was written for."""
    return step == HEAD
