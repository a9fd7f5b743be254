"""Sign-ins that are at a provider: one SQL statement per function."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy import insert as insert_into

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.db import Db
from backend.storage.tables import oauth_states


@dataclass(frozen=True, slots=True)
class OAuthState:
    """A sign-in at a provider, without the digest of its state."""

    id: UUID
    provider_id: str
    origin: str
    """Of the page where it began, whose browser keeps the state in a cookie."""
    forwarded: bool
    """Whether the answer was passed on to that origin."""
    user_id: UUID | None
    """Who links an account; None for a sign-in."""
    session_id: UUID | None
    """The session in which the link was asked for."""
    sealed: bytes
    """Everything else, encrypted with the state."""
    expires_at: datetime


_COLUMNS = [oauth_states.c[each.name] for each in fields(OAuthState)]


def insert(db: Db, state: OAuthState, digest: TokenDigest) -> None:
    """Add a sign-in that the answer with the state of `digest` belongs to."""
    values = {column.name: getattr(state, column.name) for column in _COLUMNS}
    db.execute(insert_into(oauth_states).values(**values, state_digest=digest))


def find(db: Db, digest: TokenDigest) -> OAuthState | None:
    """Find a sign-in by its state, expired or not."""
    row = db.execute(select(*_COLUMNS).where(oauth_states.c.state_digest == digest)).first()
    return OAuthState(**row._mapping) if row else None


def list_for_user(db: Db, user_id: UUID) -> Sequence[OAuthState]:
    """List the links that a user has asked for, expired ones included, newest first."""
    statement = select(*_COLUMNS).where(oauth_states.c.user_id == user_id)
    rows = db.execute(statement.order_by(oauth_states.c.id.desc()))
    return [OAuthState(**row._mapping) for row in rows]


def take(db: Db, state_id: UUID) -> bool:
    """Delete a sign-in that is answered; of concurrent calls one returns True."""
    return db.execute(delete(oauth_states).where(oauth_states.c.id == state_id)).rowcount == 1


def mark_forwarded(db: Db, state_id: UUID) -> bool:
    """Note that the answer is passed on; False if it has been before."""
    where = (oauth_states.c.id == state_id, oauth_states.c.forwarded.is_(False))
    return db.execute(update(oauth_states).where(*where).values(forwarded=True)).rowcount == 1


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` expired ones; returns how many."""
    table = oauth_states
    old = select(table.c.id).where(table.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(table).where(table.c.id.in_(old))).rowcount
