"""Users moving in and out: one SQL statement per function."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from backend.storage.db import Db
from backend.storage.dialects import build_insert_or_ignore
from backend.storage.queries.users import (
    SELECT_WITH_HASH,
    User,
    UserWithHash,
    build_row,
    user_from,
)
from backend.storage.tables import users


@dataclass(frozen=True, slots=True)
class ExistingUsers:
    """Addresses and ids that are taken."""

    emails: frozenset[str]
    ids: frozenset[UUID]


def find_existing(db: Db, emails: Sequence[str], ids: Sequence[UUID]) -> ExistingUsers:
    """Find which of these normalized addresses and which of these ids are taken."""
    statement = select(users.c.email, users.c.id)
    rows = db.execute(statement.where(or_(users.c.email.in_(emails), users.c.id.in_(ids)))).all()
    return ExistingUsers(frozenset(row.email for row in rows), frozenset(row.id for row in rows))


def insert_many(db: Db, people: Sequence[tuple[User, str | None]]) -> set[str]:
    """Add users with their password hashes; returns the addresses that were still free."""
    rows = [build_row(user, password_hash) for user, password_hash in people]
    statement = build_insert_or_ignore(db.dialect, users, "email").returning(users.c.email)
    return set(db.execute(statement, rows).scalars())


def list_with_hashes(db: Db, after: UUID | None, limit: int) -> Sequence[UserWithHash]:
    """List users with their password hashes by id, after the id `after`."""
    statement = SELECT_WITH_HASH.order_by(users.c.id).limit(limit)
    if after is not None:
        statement = statement.where(users.c.id > after)
    return [UserWithHash(user_from(row), row.password_hash) for row in db.execute(statement)]
