"""Users: one SQL statement per function."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, Update, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from backend.kernel.roles import ADMIN, USER
from backend.storage.db import Db
from backend.storage.dialects import build_insert_or_ignore
from backend.storage.tables import users

_SAMPLE = 100  # hashes of kinds not seen before


@dataclass(frozen=True, slots=True)
class User:
    """A stored user, without the password hash."""

    id: UUID
    email: str
    name: str
    created_at: datetime
    updated_at: datetime
    email_verified: bool = False
    image: str | None = None
    role: str = USER
    banned: bool = False
    ban_reason: str | None = None
    ban_expires: datetime | None = None
    username: str | None = None
    """In its normal form, lower case; unique."""
    display_username: str | None = None
    two_factor_enabled: bool = False
    is_anonymous: bool = False
    """Whether this is somebody who tries the app without an account."""

    @property
    def roles(self) -> frozenset[str]:
        """The roles this user holds; Better Auth joins several with commas."""
        return frozenset(self.role.split(","))

    def is_banned(self, now: datetime) -> bool:
        """Tell whether the user is banned now; an expired ban does not count."""
        return self.banned and (self.ban_expires is None or self.ban_expires > now)


USER_COLUMNS = [users.c[each.name] for each in fields(User)]
"""The columns of `User`: everything but the password hash."""


@dataclass(frozen=True, slots=True)
class UserWithHash:
    """A user with the hash of their password, for a sign-in."""

    user: User
    password_hash: str | None


_SELECT = select(*USER_COLUMNS)
_HAS_OTHER_ROLE = or_(users.c.role < USER, users.c.role > USER)  # two ranges, for an index
SELECT_WITH_HASH = _SELECT.add_columns(users.c.password_hash)


def user_from(row: Row[Any]) -> User:
    """Build a user from a row that starts with USER_COLUMNS."""
    return User(*row[: len(USER_COLUMNS)])


def find(db: Db, user_id: UUID) -> User | None:
    """Find a user by id."""
    return _first_user(db, _SELECT.where(users.c.id == user_id))


def find_by_email(db: Db, email: str) -> User | None:
    """Find a user by their normalized address."""
    return _first_user(db, _SELECT.where(users.c.email == email))


def lock(db: Db, user_ids: Iterable[UUID], *, privileged: bool = False) -> Sequence[User]:
    """Lock some users, and with `privileged` everybody with another role than "user" as well.

    None of them changes until the commit. They are locked in the order of their ids, which avoids
    deadlocks.
    """
    chosen = users.c.id.in_(user_ids)
    statement = _SELECT.where(or_(chosen, _HAS_OTHER_ROLE) if privileged else chosen)
    rows = db.execute(statement.order_by(users.c.id).with_for_update(key_share=True))
    return [user_from(row) for row in rows]


def admin_exists(db: Db) -> bool:
    """Tell whether anybody is an admin, banned or not."""
    statement = select(users.c.role).where(_HAS_OTHER_ROLE)
    return any(ADMIN in role.split(",") for role in db.execute(statement).scalars())


def lock_by_email(db: Db, email: str) -> User | None:
    """Find a user by their normalized address; they do not change until the commit."""
    statement = _SELECT.where(users.c.email == email).with_for_update(key_share=True)
    return _first_user(db, statement)


def find_emails(db: Db, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Find the addresses of users; deleted users are left out."""
    statement = select(users.c.id, users.c.email).where(users.c.id.in_(user_ids))
    return {row.id: row.email for row in db.execute(statement)}


def find_password_hash(db: Db, user_id: UUID) -> str | None:
    """Return the hash of a user's password; None without a password or without such a user."""
    statement = select(users.c.password_hash).where(users.c.id == user_id)
    value: str | None = db.execute(statement).scalar()
    return value


def find_with_hash(db: Db, email: str) -> UserWithHash | None:
    """Find a user and their password hash by the normalized address."""
    row = db.execute(SELECT_WITH_HASH.where(users.c.email == email)).first()
    return UserWithHash(user_from(row), row.password_hash) if row else None


def sample_hashes_unlike(
    db: Db, patterns: Iterable[str], after: UUID, batch_size: int
) -> tuple[Sequence[str], UUID | None]:
    """Find password hashes that match none of these LIKE patterns, among the next users by id.

    Looks at `batch_size` users after the id `after`, so that no table is too big for the statement
    timeout. Returns some of the hashes, and the id to go on after; None at the end.
    """
    following = select(users.c.id).where(users.c.id > after).order_by(users.c.id)
    last: UUID | None = db.execute(following.offset(batch_size - 1).limit(1)).scalar()
    unlike = [users.c.password_hash.not_like(pattern) for pattern in patterns]
    with_hash = following.add_columns(users.c.password_hash)
    statement = with_hash.where(users.c.password_hash.is_not(None), *unlike)
    if last is not None:
        statement = statement.where(users.c.id <= last)
    rows = db.execute(statement.limit(_SAMPLE)).all()
    return [row.password_hash for row in rows], rows[-1].id if len(rows) == _SAMPLE else last


def email_exists(db: Db, email: str) -> bool:
    """Tell whether a user has this normalized address."""
    return db.execute(select(users.c.id).where(users.c.email == email)).first() is not None


def insert(db: Db, user: User, password_hash: str | None) -> bool:
    """Add a user; False, with nothing stored, if the address is taken."""
    statement = build_insert_or_ignore(db.dialect, users, "email")
    return db.execute(statement, build_row(user, password_hash)).rowcount == 1


def count(db: Db) -> int:
    """Count all users."""
    return int(db.execute(select(func.count()).select_from(users)).scalar_one())


def update_profile(db: Db, user_id: UUID, changes: dict[str, Any], now: datetime) -> User | None:
    """Change columns; returns the user afterwards, None if there is none."""
    db.changed_users.add(user_id)
    change = build_profile_change(user_id, changes, now)
    return _first_user(db, change.statement.returning(*USER_COLUMNS), change.values)


@dataclass(frozen=True, slots=True)
class UserChange:
    """A change of one user whose result nobody reads."""

    user_id: UUID
    statement: Update
    values: dict[str, Any]


def build_profile_change(user_id: UUID, changes: dict[str, Any], now: datetime) -> UserChange:
    """Build the change of `update_profile`, to be made in one statement with its audit event."""
    values = {**changes, "updated_at": now}
    return UserChange(user_id, _build_update(frozenset(values)), {**values, "whose": user_id})


@lru_cache(16)  # building a statement costs more than PostgreSQL takes to answer it
def _build_update(fields: frozenset[str]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in sorted(fields)}
    return update(users).where(users.c.id == bindparam("whose")).values(values)


def replace_password_hash(db: Db, user_id: UUID, expected: str, new: str) -> bool:
    """Store a stronger hash of the same password, unless it is no longer `expected`."""
    statement = update(users).where(users.c.id == user_id, users.c.password_hash == expected)
    return db.execute(statement.values(password_hash=new)).rowcount == 1


def set_password_hash(db: Db, user_id: UUID, new: str) -> bool:
    """Replace the password of a user; False if there is no such user.

    The address is not contested any more: it no longer matters who chose the old password.
    """
    changes = {"password_hash": new, "email_contested": False}
    return db.execute(update(users).where(users.c.id == user_id).values(**changes)).rowcount == 1


def mark_contested(db: Db, email: str) -> None:
    """Note that somebody else tried to sign up with an unverified address."""
    unverified = (users.c.email_verified.is_(False), users.c.email_contested.is_(False))
    statement = update(users).where(users.c.email == email, *unverified)
    db.execute(statement.values(email_contested=True))


def is_contested(db: Db, user_id: UUID) -> bool:
    """Tell whether somebody else tried to sign up with the address of this user."""
    value = db.execute(select(users.c.email_contested).where(users.c.id == user_id)).scalar()
    return bool(value)


def clear_password_of_unverified(db: Db, email: str, *, except_id: UUID) -> None:
    """Remove the password of an unverified account, which is contested then.

    Not of the one whose id is `except_id`.
    """
    conditions = (
        users.c.email == email,
        users.c.email_verified.is_(False),
        users.c.id != except_id,
    )
    db.execute(update(users).where(*conditions).values(password_hash=None, email_contested=True))


def verify_email(
    db: Db, user_id: UUID, email: str, changes: dict[str, Any], now: datetime
) -> User | None:
    """Mark the address as verified; None if it has changed or is verified already.

    `changes` are columns to set in the same statement.
    """
    db.changed_users.add(user_id)
    statement = (
        update(users)
        .where(users.c.id == user_id, users.c.email == email, users.c.email_verified.is_(False))
        .values(**changes, email_verified=True, email_contested=False, updated_at=now)
    )
    return _first_user(db, statement.returning(*USER_COLUMNS))


def change_email(
    db: Db, user_id: UUID, expected: str, new: str, now: datetime, *, verified: bool = False
) -> User | None:
    """Change the address of a user; None if it is taken, or theirs is no longer `expected`.

    With `verified` it counts as verified from now on, otherwise as it did. Who has an address is
    not anonymous any more: a forgotten password lets them come back.
    After None the transaction must be rolled back: on PostgreSQL a taken address has aborted it.
    """
    db.changed_users.add(user_id)
    changes = {"email": new, "email_contested": False, "is_anonymous": False, "updated_at": now}
    if verified:
        changes["email_verified"] = True
    statement = update(users).where(users.c.id == user_id, users.c.email == expected)
    try:
        return _first_user(db, statement.values(**changes).returning(*USER_COLUMNS))
    except IntegrityError:
        return None


def delete_one(db: Db, user_id: UUID) -> bool:
    """Delete a user with their sessions and links; False if there is no such user."""
    db.changed_users.add(user_id)
    return db.execute(delete(users).where(users.c.id == user_id)).rowcount == 1


def lock_if_password_unchanged(db: Db, user_id: UUID, expected: str) -> User | None:
    """Lock and return a user whose password hash is still `expected`, else None.

    Until the commit a password change or a ban waits for us, or we for it.
    """
    statement = _SELECT.where(users.c.id == user_id, users.c.password_hash == expected)
    return _first_user(db, statement.with_for_update(read=True))


def lift_ban(db: Db, user_id: UUID, now: datetime) -> None:
    """End the ban of a user."""
    db.changed_users.add(user_id)
    lifted = {"banned": False, "ban_reason": None, "ban_expires": None, "updated_at": now}
    db.execute(update(users).where(users.c.id == user_id).values(**lifted))


def build_row(user: User, password_hash: str | None) -> dict[str, Any]:
    """Return the values of the columns."""
    values = {column.name: getattr(user, column.name) for column in USER_COLUMNS}
    return {**values, "password_hash": password_hash}


def _first_user(db: Db, statement: Executable, parameters: Any = None) -> User | None:
    row = db.execute(statement, parameters).first()
    return user_from(row) if row else None
