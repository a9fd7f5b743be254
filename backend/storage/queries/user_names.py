"""User names: one SQL statement per function.

Two transactions may take one name at the same time. The unique index then fails one of them with a
DatabaseConflict; when its request is retried, it finds the name taken.
"""

from uuid import UUID

from sqlalchemy import select

from backend.storage.db import Db
from backend.storage.queries.users import SELECT_WITH_HASH, UserWithHash, user_from
from backend.storage.tables import users


def is_taken(db: Db, username: str, *, except_id: UUID | None = None) -> bool:
    """Tell whether a user has this normalized name, other than the one with id `except_id`."""
    statement = select(users.c.id).where(users.c.username == username)
    if except_id is not None:
        statement = statement.where(users.c.id != except_id)
    return db.execute(statement).first() is not None


def find_with_hash(db: Db, username: str) -> UserWithHash | None:
    """Find a user and their password hash by the normalized name."""
    row = db.execute(SELECT_WITH_HASH.where(users.c.username == username)).first()
    return UserWithHash(user_from(row), row.password_hash) if row else None
