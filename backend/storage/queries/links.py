"""Mailed links: one plain SQL statement per function. Only digests of tokens come here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy import insert as insert_into

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.db import Db
from backend.storage.tables import links

_KEPT = [column for column in links.c if column.name != "token_digest"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link as the database has it, without the digest of its token."""

    id: UUID
    kind: str
    user_id: UUID | None
    """Whose it is; None for a decoy, written for an address nobody has."""
    email: str
    data: dict[str, Any]
    expires_at: datetime
    created_at: datetime
    used_at: datetime | None


def insert(db: Db, link: Link, digest: TokenDigest) -> None:
    """Add a link that `digest` opens."""
    values = {column.name: getattr(link, column.name) for column in _KEPT}
    db.execute(insert_into(links).values(**values, token_digest=digest))


def find(db: Db, kinds: Sequence[str], digest: TokenDigest) -> Link | None:
    """Find a link of one of these kinds by its token, used or expired ones too."""
    statement = select(*_KEPT).where(links.c.token_digest == digest, links.c.kind.in_(kinds))
    found = db.execute(statement).first()
    return Link(**found._mapping) if found else None


def data_of_user(
    db: Db, kind: str, user_id: UUID, now: datetime, *, newest: bool
) -> dict[str, Any] | None:
    """Return what the newest, or the oldest, link of this kind that is alive carries, or None."""
    alive = (links.c.user_id == user_id, links.c.kind == kind, links.c.expires_at > now)
    order = links.c.id.desc() if newest else links.c.id
    found: dict[str, Any] | None = db.execute(
        select(links.c.data).where(*alive).order_by(order).limit(1)
    ).scalar()
    return found


def list_of_user(db: Db, user_id: UUID) -> Sequence[Link]:
    """List everything that is stored of a user's links, newest first."""
    statement = select(*_KEPT).where(links.c.user_id == user_id).order_by(links.c.id.desc())
    return [Link(**row._mapping) for row in db.execute(statement)]


def use(db: Db, link_id: UUID, now: datetime) -> bool:
    """Use a link up, if it is alive and nobody else just did; of several at once one wins."""
    statement = (
        update(links)
        .where(links.c.id == link_id)
        .where(links.c.used_at.is_(None), links.c.expires_at > now)
        .values(used_at=now)
    )
    return db.execute(statement).rowcount == 1


def delete_of_user(
    db: Db, user_id: UUID, kinds: Sequence[str] | None = None, *, but: UUID | None = None
) -> None:
    """Void the links of a user, all or those of some kinds, except the one with id `but`."""
    statement = delete(links).where(links.c.user_id == user_id)
    if kinds is not None:
        statement = statement.where(links.c.kind.in_(kinds))
    if but is not None:
        statement = statement.where(links.c.id != but)
    db.execute(statement)


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete links that expired before a moment, at most `limit`; returns how many."""
    old = select(links.c.id).where(links.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(links).where(links.c.id.in_(old))).rowcount


def delete_some(db: Db, limit: int) -> int:
    """Void links, whosever they are, at most `limit`; returns how many."""
    some = select(links.c.id).limit(limit)
    return db.execute(delete(links).where(links.c.id.in_(some))).rowcount
