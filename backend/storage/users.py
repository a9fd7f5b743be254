"""Users: one plain SQL statement per function."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from backend.storage.dialects import insert_unless_taken
from backend.storage.engine import Db
from backend.storage.tables import users

SHOWN = [column for column in users.c if column.name != "password_hash"]
"""What a request may see of a user: everything but the password's hash."""


@dataclass(frozen=True, slots=True)
class User:
    """A user as the database has it, without the password's hash."""

    id: UUID
    email: str
    email_verified: bool
    name: str
    image: str | None
    role: str
    banned: bool
    ban_reason: str | None
    ban_expires: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def roles(self) -> frozenset[str]:
        """The roles this user holds; Better Auth joins several with commas."""
        return frozenset(self.role.split(","))


@dataclass(frozen=True, slots=True)
class Credential:
    """What a password sign-in needs to know."""

    user: User
    password_hash: str | None


def user_from(row: Row[Any]) -> User:
    """Build a user from a row that has every shown column under its own name."""
    return User(**{column.name: row._mapping[column] for column in SHOWN})


def find_credential(db: Db, email: str) -> Credential | None:
    """Find who signs in with this address, in its normal form."""
    found = db.execute(select(*SHOWN, users.c.password_hash).where(users.c.email == email)).first()
    return Credential(user_from(found), found.password_hash) if found else None


def is_taken(db: Db, email: str) -> bool:
    """Tell whether a user has this address, in its normal form."""
    return db.execute(select(users.c.id).where(users.c.email == email)).first() is not None


def insert(db: Db, user: User, password_hash: str | None) -> bool:
    """Add a user; False, and nothing stored, when the address is taken at this very moment."""
    values = {column.name: getattr(user, column.name) for column in SHOWN}
    statement = insert_unless_taken(db.dialect, users, "email").values(
        **values, password_hash=password_hash
    )
    return db.execute(statement).rowcount == 1


def update_profile(db: Db, user_id: UUID, changes: dict[str, Any], now: datetime) -> User | None:
    """Change name or image; returns the user as it is afterwards, None if there is none."""
    db.touched.add(user_id)
    statement = update(users).where(users.c.id == user_id).values(**changes, updated_at=now)
    changed = db.execute(statement.returning(*SHOWN)).first()
    return user_from(changed) if changed else None


def replace_password_hash(db: Db, user_id: UUID, seen: str, new: str) -> bool:
    """Store a stronger hash of the same password, unless it changed since `seen` was read."""
    statement = update(users).where(users.c.id == user_id, users.c.password_hash == seen)
    return db.execute(statement.values(password_hash=new)).rowcount == 1


def find_if_password_is(db: Db, user_id: UUID, seen: str) -> User | None:
    """Find the user inside the transaction, unless the password checked before has changed.

    The row stays locked until the commit: a password change or a ban waits for us, or we for it.
    """
    statement = select(*SHOWN).where(users.c.id == user_id, users.c.password_hash == seen)
    found = db.execute(statement.with_for_update(read=True)).first()
    return user_from(found) if found else None


def lift_ban(db: Db, user_id: UUID, now: datetime) -> None:
    """Let a banned user in again."""
    db.touched.add(user_id)
    lifted = {"banned": False, "ban_reason": None, "ban_expires": None, "updated_at": now}
    db.execute(update(users).where(users.c.id == user_id).values(**lifted))
