"""Sessions: one plain SQL statement per function. Only digests of tokens come here."""

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
from backend.storage.queries.users import SHOWN, User
from backend.storage.tables import sessions, users


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


_KEPT = [sessions.c[each.name] for each in fields(Session)]

WITH_USER = select(
    *(column.label(f"s_{column.name}") for column in _KEPT),
    *(column.label(f"u_{column.name}") for column in SHOWN),
).join_from(sessions, users, sessions.c.user_id == users.c.id)
"""Every session with its user; what `with_user` reads."""

# Made once: putting a statement together costs more than PostgreSQL takes to answer it.
_INSERT = insert_into(sessions)
_BY_DIGEST = sessions.c.session_token == bindparam("digest")
_BY_ID = sessions.c.id == bindparam("session_id")
_OF_USER = sessions.c.user_id == bindparam("owner")
_FIND_WITH_USER = WITH_USER.where(_BY_DIGEST)
_FIND_ALL_WITH_USER = WITH_USER.add_columns(sessions.c.session_token).where(
    sessions.c.session_token.in_(bindparam("digests", expanding=True))
)
_DELETE_BY_DIGEST, _DELETE_BY_ID = (
    delete(sessions).where(which).returning(*_KEPT) for which in (_BY_DIGEST, _BY_ID)
)
_DELETE_OWN_BY_DIGEST, _DELETE_OWN_BY_ID = (
    delete(sessions).where(which, _OF_USER).returning(*_KEPT) for which in (_BY_DIGEST, _BY_ID)
)
_LIST_LIVE = (
    select(*_KEPT)
    .where(_OF_USER, sessions.c.expires_at > bindparam("now"), sessions.c.impersonated_by.is_(None))
    .order_by(sessions.c.id.desc())
)


def insert(db: Db, session: Session, digest: TokenDigest) -> None:
    """Add a session that `digest` opens."""
    values = {column.name: getattr(session, column.name) for column in _KEPT}
    db.execute(_INSERT, {**values, "session_token": digest})


def find_with_user(db: Db, digest: TokenDigest) -> SessionWithUser | None:
    """Find the session a token opens, expired or not, with its user."""
    found = db.execute(_FIND_WITH_USER, {"digest": digest}).first()
    return with_user(found) if found else None


def find_all_with_user(
    db: Db, digests: Collection[TokenDigest]
) -> dict[TokenDigest, SessionWithUser]:
    """Find the sessions that several tokens open, expired or not, in one statement."""
    found = db.execute(_FIND_ALL_WITH_USER, {"digests": list(digests)})
    return {TokenDigest(row.session_token): with_user(row[:-1]) for row in found}


def with_user(row: Sequence[Any]) -> SessionWithUser:
    """Build a session and its user from a row of `WITH_USER`."""
    return SessionWithUser(_session_from(row[: len(_KEPT)]), User(*row[len(_KEPT) :]))


def list_live(db: Db, user_id: UUID, now: datetime) -> Sequence[Session]:
    """List a user's sessions that have not expired, newest first; not those of impersonators."""
    found = db.execute(_LIST_LIVE, {"owner": user_id, "now": now})
    return [_session_from(row) for row in found]


def list_all(db: Db, user_id: UUID) -> Sequence[Session]:
    """List everything that is stored of a user's sessions, newest first."""
    statement = select(*_KEPT).where(sessions.c.user_id == user_id).order_by(sessions.c.id.desc())
    return [_session_from(row) for row in db.execute(statement)]


def prolong(db: Db, session: Session, expires_at: datetime, now: datetime) -> bool:
    """Move the end of a session that is there and alive; False when it was ended meanwhile."""
    db.touched.add(session.user_id)
    statement = update(sessions).where(sessions.c.id == session.id, sessions.c.expires_at > now)
    return db.execute(statement.values(expires_at=expires_at, updated_at=now)).rowcount == 1


def delete_by_digest(db: Db, digest: TokenDigest, user_id: UUID | None = None) -> Session | None:
    """End the session a token opens, if it is `user_id`'s (or anyone's, without one)."""
    if user_id is None:
        return _deleted(db, _DELETE_BY_DIGEST, digest=digest)
    return _deleted(db, _DELETE_OWN_BY_DIGEST, digest=digest, owner=user_id)


def delete_by_id(db: Db, session_id: UUID, user_id: UUID | None = None) -> Session | None:
    """End a session by its id, if it is `user_id`'s (or anyone's, without one)."""
    if user_id is None:
        return _deleted(db, _DELETE_BY_ID, session_id=session_id)
    return _deleted(db, _DELETE_OWN_BY_ID, session_id=session_id, owner=user_id)


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


def delete_beyond(db: Db, user_id: UUID, most: int, *, but: UUID) -> int:
    """End the oldest sessions of a user, so that `most` are left; returns how many went.

    Never the one with id `but`, which was just made: by a clock that is behind it is the oldest.
    """
    others = select(sessions.c.id).where(sessions.c.user_id == user_id, sessions.c.id != but)
    too_many = others.order_by(sessions.c.id.desc()).limit(1_000_000).offset(most - 1)
    gone = db.execute(delete(sessions).where(sessions.c.id.in_(too_many))).rowcount
    if gone:
        db.touched.add(user_id)
    return gone


def newest(db: Db) -> datetime | None:
    """Return when the last session was made."""
    last = select(sessions.c.created_at).order_by(sessions.c.id.desc()).limit(1)
    found: datetime | None = db.execute(last).scalar()
    return found


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete sessions that have expired, at most `limit`; returns how many.

    Nobody's cached session ends with them: a cache judges by the same moment.
    """
    old = select(sessions.c.id).where(sessions.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(sessions).where(sessions.c.id.in_(old))).rowcount


def delete_some(db: Db, limit: int) -> int:
    """End sessions, whosever they are, at most `limit`; returns how many.

    For a database on which no server of ours has anything cached, or that tells it (`ChangeFeed`).
    """
    some = select(sessions.c.id).limit(limit)
    return db.execute(delete(sessions).where(sessions.c.id.in_(some))).rowcount


def _deleted(db: Db, statement: ReturningDelete[Any], **which: Any) -> Session | None:
    gone = db.execute(statement, which).first()
    if gone is None:
        return None
    db.touched.add(gone.user_id)
    return _session_from(gone)


def _session_from(row: Sequence[Any]) -> Session:
    return Session(*row)  # in the order of `_KEPT`
