"""Sessions: one SQL statement per function. Tokens are stored as digests only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.sql.dml import ReturningDelete

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.db import Db
from backend.storage.queries.users import USER_COLUMNS, User
from backend.storage.tables import sessions, users


@dataclass(frozen=True, slots=True)
class Session:
    """A stored session, without the digest of its token."""

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
    """A session and its user, read in one statement."""

    session: Session
    user: User


_COLUMNS = [sessions.c[each.name] for each in fields(Session)]

SELECT_WITH_USER = select(
    *(column.label(f"s_{column.name}") for column in _COLUMNS),
    *(column.label(f"u_{column.name}") for column in USER_COLUMNS),
).join_from(sessions, users, sessions.c.user_id == users.c.id)
"""Selects sessions with their users; `build_with_user` reads its rows."""

# Built once: building a statement costs more than PostgreSQL takes to answer it.
_INSERT = insert_into(sessions)
_BY_DIGEST = sessions.c.session_token == bindparam("digest")
_BY_ID = sessions.c.id == bindparam("session_id")
_OF_USER = sessions.c.user_id == bindparam("owner")
_FIND_WITH_USER = SELECT_WITH_USER.where(_BY_DIGEST)
_FIND_ALL_WITH_USER = SELECT_WITH_USER.add_columns(sessions.c.session_token).where(
    sessions.c.session_token.in_(bindparam("digests", expanding=True))
)
_DELETE_BY_DIGEST, _DELETE_BY_ID = (
    delete(sessions).where(which).returning(*_COLUMNS) for which in (_BY_DIGEST, _BY_ID)
)
_DELETE_OWN_BY_DIGEST, _DELETE_OWN_BY_ID = (
    delete(sessions).where(which, _OF_USER).returning(*_COLUMNS) for which in (_BY_DIGEST, _BY_ID)
)
_LIST_LIVE = (
    select(*_COLUMNS)
    .where(_OF_USER, sessions.c.expires_at > bindparam("now"), sessions.c.impersonated_by.is_(None))
    .order_by(sessions.c.id.desc())
)


def insert(db: Db, session: Session, digest: TokenDigest) -> None:
    """Add a session that `digest` opens."""
    values = {column.name: getattr(session, column.name) for column in _COLUMNS}
    db.execute(_INSERT, {**values, "session_token": digest})


def find_with_user(db: Db, digest: TokenDigest) -> SessionWithUser | None:
    """Find the session a token opens, expired or not, with its user."""
    row = db.execute(_FIND_WITH_USER, {"digest": digest}).first()
    return build_with_user(row) if row else None


def find_all_with_user(
    db: Db, digests: Collection[TokenDigest]
) -> dict[TokenDigest, SessionWithUser]:
    """Find the sessions that several tokens open, expired or not, in one statement."""
    rows = db.execute(_FIND_ALL_WITH_USER, {"digests": list(digests)})
    return {TokenDigest(row.session_token): build_with_user(row[:-1]) for row in rows}


def build_with_user(row: Sequence[Any]) -> SessionWithUser:
    """Build a session and its user from a row of `SELECT_WITH_USER`."""
    return SessionWithUser(_session_from(row[: len(_COLUMNS)]), User(*row[len(_COLUMNS) :]))


def list_live(db: Db, user_id: UUID, now: datetime) -> Sequence[Session]:
    """List a user's unexpired sessions, newest first, without impersonations."""
    rows = db.execute(_LIST_LIVE, {"owner": user_id, "now": now})
    return [_session_from(row) for row in rows]


def list_all(db: Db, user_id: UUID) -> Sequence[Session]:
    """List all stored sessions of a user, newest first."""
    statement = select(*_COLUMNS).where(sessions.c.user_id == user_id)
    rows = db.execute(statement.order_by(sessions.c.id.desc()))
    return [_session_from(row) for row in rows]


def update_expiry(db: Db, session: Session, expires_at: datetime, now: datetime) -> bool:
    """Change when a live session expires; False if it has ended meanwhile."""
    db.changed_users.add(session.user_id)
    statement = update(sessions).where(sessions.c.id == session.id, sessions.c.expires_at > now)
    return db.execute(statement.values(expires_at=expires_at, updated_at=now)).rowcount == 1


def delete_by_digest(db: Db, digest: TokenDigest, user_id: UUID | None = None) -> Session | None:
    """End the session a token opens, if it is `user_id`'s (or anyone's, without one)."""
    if user_id is None:
        return _delete_returning(db, _DELETE_BY_DIGEST, digest=digest)
    return _delete_returning(db, _DELETE_OWN_BY_DIGEST, digest=digest, owner=user_id)


def delete_by_id(db: Db, session_id: UUID, user_id: UUID | None = None) -> Session | None:
    """End a session by its id, if it is `user_id`'s (or anyone's, without one)."""
    if user_id is None:
        return _delete_returning(db, _DELETE_BY_ID, session_id=session_id)
    return _delete_returning(db, _DELETE_OWN_BY_ID, session_id=session_id, owner=user_id)


def delete_all(db: Db, user_id: UUID, *, except_id: UUID | None = None) -> int:
    """End every session of a user, except the one with id `except_id`; returns how many."""
    db.changed_users.add(user_id)
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if except_id is not None:
        statement = statement.where(sessions.c.id != except_id)
    return db.execute(statement).rowcount


def delete_impersonations(db: Db, user_id: UUID) -> None:
    """End every session in which this user impersonates somebody, or is impersonated."""
    of_this_user = and_(sessions.c.user_id == user_id, sessions.c.impersonated_by.is_not(None))
    statement = delete(sessions).where(or_(sessions.c.impersonated_by == user_id, of_this_user))
    db.changed_users.update(db.execute(statement.returning(sessions.c.user_id)).scalars())


def delete_over_limit(db: Db, user_id: UUID, max_sessions: int, *, except_id: UUID) -> int:
    """End the oldest sessions of a user beyond `max_sessions`; returns how many.

    Never the one with id `except_id`, which was just created: by a clock that is behind it would be
    the oldest.
    """
    others = select(sessions.c.id).where(sessions.c.user_id == user_id, sessions.c.id != except_id)
    too_many = others.order_by(sessions.c.id.desc()).limit(1_000_000).offset(max_sessions - 1)
    deleted = db.execute(delete(sessions).where(sessions.c.id.in_(too_many))).rowcount
    if deleted:
        db.changed_users.add(user_id)
    return deleted


def find_last_created_at(db: Db) -> datetime | None:
    """Return when the newest session was created."""
    last = select(sessions.c.created_at).order_by(sessions.c.id.desc()).limit(1)
    value: datetime | None = db.execute(last).scalar()
    return value


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` expired sessions; returns how many.

    No cache entry needs to be dropped for them: the cache checks the expiry as well.
    """
    old = select(sessions.c.id).where(sessions.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(sessions).where(sessions.c.id.in_(old))).rowcount


def delete_batch(db: Db, limit: int) -> int:
    """End at most `limit` sessions of any user; returns how many.

    Only for a database whose sessions no server caches, or whose servers hear of it (`ChangeFeed`).
    """
    batch = select(sessions.c.id).limit(limit)
    return db.execute(delete(sessions).where(sessions.c.id.in_(batch))).rowcount


def _delete_returning(db: Db, statement: ReturningDelete[Any], **parameters: Any) -> Session | None:
    deleted = db.execute(statement, parameters).first()
    if deleted is None:
        return None
    db.changed_users.add(deleted.user_id)
    return _session_from(deleted)


def _session_from(row: Sequence[Any]) -> Session:
    return Session(*row)  # in the order of `_COLUMNS`
