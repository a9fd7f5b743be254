"""Codes that are mailed to be typed: one SQL statement per function. Only digests are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, tuple_, update

from backend.storage.db import Db
from backend.storage.dialects import build_upsert
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
    """Store a code in place of the one before for the same subject.

    Concurrent calls wait for each other: what is mailed last afterwards is what is stored.
    """
    values = {column.name: getattr(code, column.name) for column in _TABLE.c}
    db.execute(build_upsert(db.dialect, _TABLE, values, "kind", "subject"))


def find(db: Db, kind: str, subject: str, now: datetime) -> OneTimeCode | None:
    """Find an unexpired code."""
    matches = (_TABLE.c.kind == kind, _TABLE.c.subject == subject, _TABLE.c.expires_at > now)
    row = db.execute(select(_TABLE).where(*matches)).first()
    return OneTimeCode(**row._mapping) if row else None


def lock(db: Db, kind: str, subject: str) -> OneTimeCode | None:
    """Lock and return a code, an expired one too; other attempts wait until the commit."""
    matches = (_TABLE.c.kind == kind, _TABLE.c.subject == subject)
    row = db.execute(select(_TABLE).where(*matches).with_for_update()).first()
    return OneTimeCode(**row._mapping) if row else None


def list_for_user(db: Db, user_id: UUID) -> Sequence[OneTimeCode]:
    """List the codes mailed to a user, the newest first."""
    statement = select(_TABLE).where(_TABLE.c.user_id == user_id)
    rows = db.execute(statement.order_by(_TABLE.c.expires_at.desc(), _TABLE.c.subject))
    return [OneTimeCode(**row._mapping) for row in rows]


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


def refund_attempt(db: Db, code: OneTimeCode) -> None:
    """Take back an attempt that was right, of a code that stays."""
    statement = update(_TABLE).where(_TABLE.c.kind == code.kind, _TABLE.c.subject == code.subject)
    db.execute(statement.values(attempts=_TABLE.c.attempts - 1))


def delete_one(db: Db, kind: str, subject: str) -> bool:
    """Delete a code; of concurrent calls one returns True."""
    statement = delete(_TABLE).where(_TABLE.c.kind == kind, _TABLE.c.subject == subject)
    return db.execute(statement).rowcount == 1


def delete_for_user(db: Db, user_id: UUID) -> None:
    """Delete all codes mailed to a user."""
    db.execute(delete(_TABLE).where(_TABLE.c.user_id == user_id))


def delete_without_user(db: Db, subject: str) -> None:
    """Delete the codes that were mailed to an address while it belonged to no user."""
    db.execute(delete(_TABLE).where(_TABLE.c.user_id.is_(None), _TABLE.c.subject == subject))


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` expired codes; returns how many."""
    key = tuple_(_TABLE.c.kind, _TABLE.c.subject)
    old = select(_TABLE.c.kind, _TABLE.c.subject).where(_TABLE.c.expires_at < expired_before)
    return db.execute(delete(_TABLE).where(key.in_(old.limit(limit)))).rowcount
