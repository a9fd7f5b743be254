"""Codes that are mailed to be typed: one SQL statement per function. Only digests are stored."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, tuple_, update

from backend.storage.db import Db
from backend.storage.dialects import build_insert_or_ignore
from backend.storage.tables import one_time_codes

_TABLE = one_time_codes


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """A mailed code."""

    kind: str
    """What it is good for."""
    subject: str
    """Whom or what it is for, such as one sign-in: the newest code for it counts."""
    user_id: UUID | None
    """The recipient; None for a decoy."""
    digest: bytes
    attempts: int
    expires_at: datetime


def replace(db: Db, code: OneTimeCode) -> None:
    """Store a code in place of the one before for the same subject."""
    delete_one(db, code.kind, code.subject)
    values = {column.name: getattr(code, column.name) for column in _TABLE.c}
    db.execute(build_insert_or_ignore(db.dialect, _TABLE, "kind", "subject"), values)


def find(db: Db, kind: str, subject: str, now: datetime) -> OneTimeCode | None:
    """Find an unexpired code."""
    matches = (_TABLE.c.kind == kind, _TABLE.c.subject == subject, _TABLE.c.expires_at > now)
    row = db.execute(select(_TABLE).where(*matches)).first()
    return OneTimeCode(**row._mapping) if row else None


def count_attempt(db: Db, code: OneTimeCode, *, max_attempts: int) -> bool:
    """Count an attempt before it is compared; False if there were too many, or it was replaced.

    Concurrent calls wait for each other: the row stays locked until the commit.
    """
    statement = (
        update(_TABLE)
        .where(_TABLE.c.kind == code.kind, _TABLE.c.subject == code.subject)
        .where(_TABLE.c.digest == code.digest, _TABLE.c.attempts < max_attempts)
        .values(attempts=_TABLE.c.attempts + 1)
    )
    return db.execute(statement).rowcount == 1


def delete_one(db: Db, kind: str, subject: str) -> bool:
    """Delete a code; of concurrent calls one returns True."""
    statement = delete(_TABLE).where(_TABLE.c.kind == kind, _TABLE.c.subject == subject)
    return db.execute(statement).rowcount == 1


def delete_for_user(db: Db, user_id: UUID) -> None:
    """Delete all codes mailed to a user."""
    db.execute(delete(_TABLE).where(_TABLE.c.user_id == user_id))


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` expired codes; returns how many."""
    key = tuple_(_TABLE.c.kind, _TABLE.c.subject)
    old = select(_TABLE.c.kind, _TABLE.c.subject).where(_TABLE.c.expires_at < expired_before)
    return db.execute(delete(_TABLE).where(key.in_(old.limit(limit)))).rowcount
