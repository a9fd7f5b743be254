"""Mailed links: one SQL statement per function. Tokens are stored as digests only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy import insert as insert_into

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.db import Db
from backend.storage.tables import links

_COLUMNS = [column for column in links.c if column.name != "token_digest"]


@dataclass(frozen=True, slots=True)
class Link:
    """A stored link, without the digest of its token."""

    id: UUID
    kind: str
    user_id: UUID | None
    """The owner; None for an address that belongs to no user."""
    email: str
    """Where it was mailed to; empty for a decoy, which opens nothing."""
    data: dict[str, Any]
    expires_at: datetime
    created_at: datetime
    used_at: datetime | None

    @property
    def is_decoy(self) -> bool:
        return not self.email


def insert(db: Db, link: Link, digest: TokenDigest) -> None:
    """Add a link that `digest` opens."""
    values = {column.name: getattr(link, column.name) for column in _COLUMNS}
    db.execute(insert_into(links).values(**values, token_digest=digest))


def find(db: Db, kinds: Sequence[str], digest: TokenDigest) -> Link | None:
    """Find a link of one of these kinds by its token, used and expired ones included."""
    statement = select(*_COLUMNS).where(links.c.token_digest == digest, links.c.kind.in_(kinds))
    row = db.execute(statement).first()
    return Link(**row._mapping) if row else None


def find_data(
    db: Db, kind: str, user_id: UUID, now: datetime, *, newest: bool
) -> dict[str, Any] | None:
    """Return the data of the newest (or the oldest) unexpired link of this kind, or None."""
    unexpired = (links.c.user_id == user_id, links.c.kind == kind, links.c.expires_at > now)
    order = links.c.id.desc() if newest else links.c.id
    value: dict[str, Any] | None = db.execute(
        select(links.c.data).where(*unexpired).order_by(order).limit(1)
    ).scalar()
    return value


def list_for_user(db: Db, user_id: UUID, email: str) -> Sequence[Link]:
    """List all stored links of a user, newest first; also those to their address from before."""
    without_user = and_(links.c.user_id.is_(None), links.c.email == email)
    statement = select(*_COLUMNS).where(or_(links.c.user_id == user_id, without_user))
    rows = db.execute(statement.order_by(links.c.id.desc()))
    return [Link(**row._mapping) for row in rows]


def mark_used(db: Db, link_id: UUID, now: datetime) -> bool:
    """Mark a valid link as used; False if it has expired or is used, so one of several wins."""
    statement = (
        update(links)
        .where(links.c.id == link_id)
        .where(links.c.used_at.is_(None), links.c.expires_at > now)
        .values(used_at=now)
    )
    return db.execute(statement).rowcount == 1


def delete_for_user(
    db: Db, user_id: UUID, kinds: Sequence[str] | None = None, *, except_id: UUID | None = None
) -> None:
    """Delete all links of a user, or those of some kinds, but not the one with id `except_id`."""
    statement = delete(links).where(links.c.user_id == user_id)
    if kinds is not None:
        statement = statement.where(links.c.kind.in_(kinds))
    if except_id is not None:
        statement = statement.where(links.c.id != except_id)
    db.execute(statement)


def delete_without_user(db: Db, email: str) -> None:
    """Delete the links to an address that were requested while it belonged to no user."""
    db.execute(delete(links).where(links.c.user_id.is_(None), links.c.email == email))


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` links that expired before `expired_before`; returns how many."""
    old = select(links.c.id).where(links.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(links).where(links.c.id.in_(old))).rowcount


def delete_batch(db: Db, limit: int) -> int:
    """Delete at most `limit` links of any user; returns how many."""
    some = select(links.c.id).limit(limit)
    return db.execute(delete(links).where(links.c.id.in_(some))).rowcount
