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
    """Addresses, ids and user names that are taken."""

    emails: frozenset[str]
    ids: frozenset[UUID]
    usernames: frozenset[str]

    def has(self, user: User) -> bool:
        """Tell whether the address or the id of this user is among them."""
        return user.email in self.emails or user.id in self.ids


def find_existing(db: Db, people: Sequence[User]) -> ExistingUsers:
    """Find which addresses, ids and user names of these people are taken."""
    taken = or_(
        users.c.email.in_([user.email for user in people]),
        users.c.id.in_([user.id for user in people]),
        users.c.username.in_([user.username for user in people if user.username is not None]),
    )
    rows = db.execute(select(users.c.email, users.c.id, users.c.username).where(taken)).all()
    return ExistingUsers(
        frozenset(row.email for row in rows),
        frozenset(row.id for row in rows),
        frozenset(row.username for row in rows if row.username is not None),
    )


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
