"""Sessions: one plain SQL statement per function. Only digests of tokens come here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, or_, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.sql.elements import ColumnElement

from backend.kernel.tokens import TokenDigest
from backend.storage.engine import Db
from backend.storage.tables import sessions, users
from backend.storage.users import SHOWN, User

_KEPT = [column for column in sessions.c if column.name != "session_token"]


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the database has it, without the digest of its token."""

    id: UUID
    user_id: UUID
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    ip_address: str
    user_agent: str
    remembered: bool
    impersonated_by: UUID | None


@dataclass(frozen=True, slots=True)
class SessionWithUser:
    """A session and whose it is, read in one statement."""

    session: Session
    user: User


def insert(db: Db, session: Session, digest: TokenDigest) -> None:
    """Add a session that `digest` opens."""
    values = {column.name: getattr(session, column.name) for column in _KEPT}
    db.execute(insert_into(sessions).values(**values, session_token=digest))


_FIND = select(
    *(column.label(f"s_{column.name}") for column in _KEPT),
    *(column.label(f"u_{column.name}") for column in SHOWN),
).join_from(sessions, users, sessions.c.user_id == users.c.id)


def find_with_user(db: Db, digest: TokenDigest) -> SessionWithUser | None:
    """Find the session a token opens, expired or not, with its user."""
    found = db.execute(_FIND.where(sessions.c.session_token == digest)).first()
    return _with_user(found) if found else None


def list_live(db: Db, user_id: UUID, now: datetime) -> Sequence[Session]:
    """List a user's sessions that have not expired, newest first; not those of impersonators."""
    statement = (
        select(*_KEPT)
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > now)
        .where(sessions.c.impersonated_by.is_(None))
        .order_by(sessions.c.id.desc())
    )
    return [Session(**row._mapping) for row in db.execute(statement)]


def list_all(db: Db, user_id: UUID) -> Sequence[Session]:
    """List everything that is stored of a user's sessions, newest first."""
    statement = select(*_KEPT).where(sessions.c.user_id == user_id).order_by(sessions.c.id.desc())
    return [Session(**row._mapping) for row in db.execute(statement)]


def prolong(db: Db, session: Session, expires_at: datetime, now: datetime) -> bool:
    """Move the end of a session that is there and alive; False when it was ended meanwhile."""
    db.touched.add(session.user_id)
    statement = update(sessions).where(sessions.c.id == session.id, sessions.c.expires_at > now)
    return db.execute(statement.values(expires_at=expires_at, updated_at=now)).rowcount == 1


def delete_by_digest(db: Db, digest: TokenDigest, user_id: UUID | None = None) -> Session | None:
    """End the session a token opens, if it is `user_id`'s (or anyone's, without one)."""
    return _delete_one(db, sessions.c.session_token == digest, user_id)


def delete_by_id(db: Db, session_id: UUID, user_id: UUID | None = None) -> Session | None:
    """End a session by its id, if it is `user_id`'s (or anyone's, without one)."""
    return _delete_one(db, sessions.c.id == session_id, user_id)


def delete_all(db: Db, user_id: UUID, *, but: UUID | None = None) -> int:
    """End every session of a user, except the one with id `but`; returns how many."""
    db.touched.add(user_id)
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if but is not None:
        statement = statement.where(sessions.c.id != but)
    return db.execute(statement).rowcount


def delete_impersonations(db: Db, user_id: UUID) -> None:
    """End every session in which this user is somebody else, or somebody else is this user."""
    of_this_user = and_(sessions.c.user_id == user_id, sessions.c.impersonated_by.is_not(None))
    statement = delete(sessions).where(or_(sessions.c.impersonated_by == user_id, of_this_user))
    db.touched.update(row.user_id for row in db.execute(statement.returning(sessions.c.user_id)))


def delete_beyond(db: Db, user_id: UUID, most: int) -> int:
    """End the oldest sessions of a user, so that `most` are left; returns how many went."""
    mine = select(sessions.c.id).where(sessions.c.user_id == user_id)
    too_many = mine.order_by(sessions.c.id.desc()).limit(1_000_000).offset(most)
    gone = db.execute(delete(sessions).where(sessions.c.id.in_(too_many))).rowcount
    if gone:
        db.touched.add(user_id)
    return gone


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete sessions that have expired, at most `limit`; returns how many.

    Nobody's cached session ends with them: a cache judges by the same moment.
    """
    old = select(sessions.c.id).where(sessions.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(sessions).where(sessions.c.id.in_(old))).rowcount


def _delete_one(db: Db, which: ColumnElement[bool], user_id: UUID | None) -> Session | None:
    statement = delete(sessions).where(which)
    if user_id is not None:
        statement = statement.where(sessions.c.user_id == user_id)
    gone = db.execute(statement.returning(*_KEPT)).first()
    if gone is None:
        return None
    db.touched.add(gone.user_id)
    return Session(**gone._mapping)


def _with_user(row: Row[Any]) -> SessionWithUser:
    values = row._mapping
    session = Session(**{column.name: values[f"s_{column.name}"] for column in _KEPT})
    user = User(**{column.name: values[f"u_{column.name}"] for column in SHOWN})
    return SessionWithUser(session, user)
