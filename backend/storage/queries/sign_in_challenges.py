"""Sign-ins that wait for a second factor: one SQL statement per function."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy import insert as insert_into

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.db import Db
from backend.storage.tables import sign_in_challenges


@dataclass(frozen=True, slots=True)
class SignInChallenge:
    """A sign-in whose first step succeeded, without the digest of its token."""

    id: UUID
    user_id: UUID
    method: str
    """The first step."""
    remembered: bool
    mail_codes: bool
    """Whether a code by mail may answer it."""
    attempts: int
    expires_at: datetime
    created_at: datetime
    anonymous_user_id: UUID | None = None
    """Who was signed in in the browser without an account."""
    provider_id: str | None = None
    """Who has said who the user is."""


_COLUMNS = [sign_in_challenges.c[each.name] for each in fields(SignInChallenge)]


def insert(db: Db, challenge: SignInChallenge, digest: TokenDigest) -> None:
    """Add a challenge that `digest` identifies."""
    values = {column.name: getattr(challenge, column.name) for column in _COLUMNS}
    db.execute(insert_into(sign_in_challenges).values(**values, token_digest=digest))


def find(db: Db, digest: TokenDigest, now: datetime) -> SignInChallenge | None:
    """Find an unexpired challenge by its token."""
    unexpired = (sign_in_challenges.c.token_digest == digest, sign_in_challenges.c.expires_at > now)
    row = db.execute(select(*_COLUMNS).where(*unexpired)).first()
    return SignInChallenge(**row._mapping) if row else None


def list_for_user(db: Db, user_id: UUID) -> Sequence[SignInChallenge]:
    """List the challenges of a user, expired ones included, newest first."""
    statement = select(*_COLUMNS).where(sign_in_challenges.c.user_id == user_id)
    rows = db.execute(statement.order_by(sign_in_challenges.c.id.desc()))
    return [SignInChallenge(**row._mapping) for row in rows]


def count_attempt(db: Db, challenge_id: UUID, *, max_attempts: int) -> bool:
    """Count a code before it is compared; False if there were too many.

    Concurrent calls wait for each other: the row stays locked until the commit.
    """
    table = sign_in_challenges
    statement = (
        update(table)
        .where(table.c.id == challenge_id, table.c.attempts < max_attempts)
        .values(attempts=table.c.attempts + 1)
    )
    return db.execute(statement).rowcount == 1


def delete_one(db: Db, challenge_id: UUID) -> bool:
    """Delete a challenge; of concurrent calls one returns True."""
    statement = delete(sign_in_challenges).where(sign_in_challenges.c.id == challenge_id)
    return db.execute(statement).rowcount == 1


def delete_for_user(db: Db, user_id: UUID) -> None:
    """Delete all challenges of a user."""
    db.execute(delete(sign_in_challenges).where(sign_in_challenges.c.user_id == user_id))


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` expired challenges; returns how many."""
    table = sign_in_challenges
    old = select(table.c.id).where(table.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(table).where(table.c.id.in_(old))).rowcount
