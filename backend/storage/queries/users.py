"""Users: one plain SQL statement per function."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Update, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from backend.kernel.roles import USER
from backend.storage.db import Db
from backend.storage.dialects import insert_unless_taken
from backend.storage.tables import users

_SAMPLE = 100  # hashes of kinds that were not met before


@dataclass(frozen=True, slots=True)
class User:
    """A user as the database has it, without the password's hash."""

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

    @property
    def roles(self) -> frozenset[str]:
        """The roles this user holds; Better Auth joins several with commas."""
        return frozenset(self.role.split(","))

    def is_banned(self, now: datetime) -> bool:
        """Tell whether a ban holds at this moment; one that has ended is none."""
        return self.banned and (self.ban_expires is None or self.ban_expires > now)


SHOWN = [users.c[each.name] for each in fields(User)]
"""What a request may see of a user: everything but the password's hash."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a password sign-in needs to know."""

    user: User
    password_hash: str | None


def user_from(row: Row[Any]) -> User:
    """Build a user from a row that begins with every shown column."""
    return User(*row[: len(SHOWN)])


def find(db: Db, user_id: UUID) -> User | None:
    """Find a user by id."""
    found = db.execute(select(*SHOWN).where(users.c.id == user_id)).first()
    return user_from(found) if found else None


def find_by_email(db: Db, email: str) -> User | None:
    """Find who has this address, in its normal form."""
    found = db.execute(select(*SHOWN).where(users.c.email == email)).first()
    return user_from(found) if found else None


def lock(db: Db, user_ids: Iterable[UUID], *, privileged: bool = False) -> Sequence[User]:
    """Find some users, and with `privileged` everybody with more than the ordinary role as well.

    None of them changes until the commit. They are locked in the order of their ids, so that two
    who lock wait for each other instead of for ever.
    """
    wanted: list[ColumnElement[bool]] = [users.c.id.in_(user_ids)]
    if privileged:  # as an index can look for them
        wanted += [users.c.role < "user", users.c.role > "user"]
    statement = (
        select(*SHOWN).where(or_(*wanted)).order_by(users.c.id).with_for_update(key_share=True)
    )
    return [user_from(row) for row in db.execute(statement)]


def emails_of(db: Db, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Find the addresses of some users; who has gone is not among them."""
    statement = select(users.c.id, users.c.email).where(users.c.id.in_(user_ids))
    return {row.id: row.email for row in db.execute(statement)}


def find_password_hash(db: Db, user_id: UUID) -> str | None:
    """Return the hash of a user's password; None if the user has none, or there is no such user."""
    found: str | None = db.execute(
        select(users.c.password_hash).where(users.c.id == user_id)
    ).scalar()
    return found


def find_credential(db: Db, email: str) -> Credential | None:
    """Find who signs in with this address, in its normal form."""
    found = db.execute(select(*SHOWN, users.c.password_hash).where(users.c.email == email)).first()
    return Credential(user_from(found), found.password_hash) if found else None


def find_hashes_unlike(
    db: Db, patterns: Iterable[str], after: UUID, among: int
) -> tuple[Sequence[str], UUID | None]:
    """Find hashes of passwords that are like none of these LIKE patterns.

    Among so many users by id, from after one id on: no table is too big for the time that a
    statement has. Returns some of the hashes and where to go on, None if that was the end.
    """
    following = select(users.c.id).where(users.c.id > after).order_by(users.c.id)
    last: UUID | None = db.execute(following.offset(among - 1).limit(1)).scalar()
    unlike = [users.c.password_hash.not_like(pattern) for pattern in patterns]
    statement = following.add_columns(users.c.password_hash).where(
        users.c.password_hash.is_not(None), *unlike
    )
    if last is not None:
        statement = statement.where(users.c.id <= last)
    found = db.execute(statement.limit(_SAMPLE)).all()
    return [row.password_hash for row in found], found[-1].id if len(found) == _SAMPLE else last


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


@dataclass(frozen=True, slots=True)
class Taken:
    """Which addresses and ids somebody has."""

    emails: frozenset[str]
    ids: frozenset[UUID]


def find_taken(db: Db, emails: Sequence[str], ids: Sequence[UUID]) -> Taken:
    """Find which of these addresses, in their normal form, and which of these ids are taken."""
    statement = select(users.c.email, users.c.id)
    found = db.execute(statement.where(or_(users.c.email.in_(emails), users.c.id.in_(ids)))).all()
    return Taken(frozenset(row.email for row in found), frozenset(row.id for row in found))


def insert_many(db: Db, people: Sequence[tuple[User, str | None]]) -> set[str]:
    """Add users with the hashes of their passwords; returns whose addresses were still free."""
    rows = [
        {column.name: getattr(user, column.name) for column in SHOWN} | {"password_hash": hashed}
        for user, hashed in people
    ]
    statement = insert_unless_taken(db.dialect, users, "email").returning(users.c.email)
    return set(db.execute(statement, rows).scalars())


def count(db: Db) -> int:
    """Count all users."""
    found: int = db.execute(select(func.count()).select_from(users)).scalar_one()
    return found


def list_credentials(db: Db, after: UUID | None, limit: int) -> Sequence[Credential]:
    """List users with the hashes of their passwords by id, from after one id on."""
    statement = select(*SHOWN, users.c.password_hash).order_by(users.c.id).limit(limit)
    if after is not None:
        statement = statement.where(users.c.id > after)
    return [Credential(user_from(row), row.password_hash) for row in db.execute(statement)]


def update_profile(db: Db, user_id: UUID, changes: dict[str, Any], now: datetime) -> User | None:
    """Change columns; returns the user as it is afterwards, None if there is none."""
    db.touched.add(user_id)
    change = profile_change(user_id, changes, now)
    found = db.execute(change.statement.returning(*SHOWN), change.values).first()
    return user_from(found) if found else None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one user that nobody needs to see the result of."""

    user_id: UUID
    statement: Update
    values: dict[str, Any]


def profile_change(user_id: UUID, changes: dict[str, Any], now: datetime) -> Change:
    """Make the change of `update_profile`, to be done together with the event that tells of it."""
    values = {**changes, "updated_at": now}
    return Change(user_id, _update_of(frozenset(values)), {**values, "whose": user_id})


@lru_cache(16)  # putting a statement together costs more than PostgreSQL takes to answer it
def _update_of(fields: frozenset[str]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in sorted(fields)}
    return update(users).where(users.c.id == bindparam("whose")).values(values)


def replace_password_hash(db: Db, user_id: UUID, seen: str, new: str) -> bool:
    """Store a stronger hash of the same password, unless it changed since `seen` was read."""
    statement = update(users).where(users.c.id == user_id, users.c.password_hash == seen)
    return db.execute(statement.values(password_hash=new)).rowcount == 1


def set_password_hash(db: Db, user_id: UUID, new: str) -> bool:
    """Replace the password of a user, whatever it was; False if there is no such user.

    Who chose the old one does not matter any more: the address is contested no longer.
    """
    changes = {"password_hash": new, "email_contested": False}
    return db.execute(update(users).where(users.c.id == user_id).values(**changes)).rowcount == 1


def contest(db: Db, email: str) -> None:
    """Note that somebody else wanted to sign up with an address nobody has proved to own."""
    unproved = (users.c.email_verified.is_(False), users.c.email_contested.is_(False))
    statement = update(users).where(users.c.email == email, *unproved)
    db.execute(statement.values(email_contested=True))


def is_contested(db: Db, user_id: UUID) -> bool:
    """Tell whether somebody else wanted to sign up with the address of this user."""
    found = db.execute(select(users.c.email_contested).where(users.c.id == user_id)).scalar()
    return bool(found)


def forget_password_of_unverified(db: Db, email: str, *, but: UUID) -> None:
    """Leave an account nobody has proved to own without a password, unless its id is `but`."""
    theirs = (users.c.email == email, users.c.email_verified.is_(False), users.c.id != but)
    db.execute(update(users).where(*theirs).values(password_hash=None))


def verify_email(
    db: Db, user_id: UUID, email: str, changes: dict[str, Any], now: datetime
) -> User | None:
    """Note that this address is the user's; None if they have another by now, or had proved it.

    `changes` are columns that are set in the same moment.
    """
    db.touched.add(user_id)
    statement = (
        update(users)
        .where(users.c.id == user_id, users.c.email == email, users.c.email_verified.is_(False))
        .values(**changes, email_verified=True, email_contested=False, updated_at=now)
    )
    verified = db.execute(statement.returning(*SHOWN)).first()
    return user_from(verified) if verified else None


def change_email(db: Db, user_id: UUID, seen: str, new: str, now: datetime) -> User | None:
    """Give a user another address; None if it is taken, or theirs is not `seen` any more.

    After None the transaction must be given up: on PostgreSQL a taken address has ended it.
    """
    db.touched.add(user_id)
    changes = {"email": new, "email_contested": False, "updated_at": now}
    statement = update(users).where(users.c.id == user_id, users.c.email == seen).values(**changes)
    try:
        changed = db.execute(statement.returning(*SHOWN)).first()
    except IntegrityError:
        return None
    return user_from(changed) if changed else None


def delete_one(db: Db, user_id: UUID) -> bool:
    """Delete a user, and with them their sessions and links; False if there is no such user."""
    db.touched.add(user_id)
    return db.execute(delete(users).where(users.c.id == user_id)).rowcount == 1


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
