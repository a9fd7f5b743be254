"""What authenticators are asked to sign: one SQL statement per function."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy import insert as insert_into

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.db import Db
from backend.storage.tables import passkey_challenges


@dataclass(frozen=True, slots=True)
class PasskeyChallenge:
    """A challenge, without the digest of the browser's token."""

    id: UUID
    purpose: str
    """registration or authentication."""
    user_id: UUID | None
    """Whose passkey is registered; None for a sign-in."""
    challenge: bytes
    rp_id: str
    """The domain that the passkey must belong to."""
    expires_at: datetime


_COLUMNS = [passkey_challenges.c[each.name] for each in fields(PasskeyChallenge)]


def insert(db: Db, challenge: PasskeyChallenge, digest: TokenDigest) -> None:
    """Add a challenge that the browser with the token of `digest` answers."""
    values = {column.name: getattr(challenge, column.name) for column in _COLUMNS}
    db.execute(insert_into(passkey_challenges).values(**values, token_digest=digest))


def take(db: Db, digest: TokenDigest) -> PasskeyChallenge | None:
    """Delete a challenge and return it, expired or not; of concurrent calls one gets it."""
    statement = delete(passkey_challenges).where(passkey_challenges.c.token_digest == digest)
    row = db.execute(statement.returning(*_COLUMNS)).first()
    return PasskeyChallenge(**row._mapping) if row else None


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` expired challenges; returns how many."""
    table = passkey_challenges
    old = select(table.c.id).where(table.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(table).where(table.c.id.in_(old))).rowcount
