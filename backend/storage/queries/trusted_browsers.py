"""Browsers in which a sign-in needs no second factor: one SQL statement per function."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy import insert as insert_into

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.db import Db
from backend.storage.tables import trusted_browsers


@dataclass(frozen=True, slots=True)
class TrustedBrowser:
    """A trusted browser, without the digest of its token."""

    id: UUID
    user_id: UUID
    ip_address: str
    user_agent: str
    expires_at: datetime
    created_at: datetime


_COLUMNS = [trusted_browsers.c[each.name] for each in fields(TrustedBrowser)]


def insert(db: Db, browser: TrustedBrowser, digest: TokenDigest) -> None:
    """Add a browser that shows its trust with the token of `digest`."""
    values = {column.name: getattr(browser, column.name) for column in _COLUMNS}
    db.execute(insert_into(trusted_browsers).values(**values, token_digest=digest))


def rotate(
    db: Db,
    user_id: UUID,
    old: Sequence[TokenDigest],
    new: TokenDigest,
    *,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Replace the token of a user's trusted browser; False if none of `old` is trusted.

    Of concurrent calls one returns True.
    """
    table = trusted_browsers
    trusted = (table.c.user_id == user_id, table.c.token_digest.in_(old), table.c.expires_at > now)
    one = select(table.c.id).where(*trusted).limit(1).scalar_subquery()
    statement = update(table).where(table.c.id == one, table.c.token_digest.in_(old))
    values = {"token_digest": new, "expires_at": expires_at}
    return db.execute(statement.values(**values)).rowcount == 1


def list_for_user(db: Db, user_id: UUID, now: datetime) -> Sequence[TrustedBrowser]:
    """List the trusted browsers of a user, newest first."""
    unexpired = (trusted_browsers.c.user_id == user_id, trusted_browsers.c.expires_at > now)
    statement = select(*_COLUMNS).where(*unexpired).order_by(trusted_browsers.c.id.desc())
    return [TrustedBrowser(**row._mapping) for row in db.execute(statement)]


def list_all(db: Db, user_id: UUID) -> Sequence[TrustedBrowser]:
    """List the trusted browsers of a user, expired ones included, newest first."""
    statement = select(*_COLUMNS).where(trusted_browsers.c.user_id == user_id)
    rows = db.execute(statement.order_by(trusted_browsers.c.id.desc()))
    return [TrustedBrowser(**row._mapping) for row in rows]


def delete_for_user(db: Db, user_id: UUID) -> int:
    """Trust no browser of a user any more; returns how many were trusted."""
    statement = delete(trusted_browsers).where(trusted_browsers.c.user_id == user_id)
    return db.execute(statement).rowcount


def purge(db: Db, expired_before: datetime, limit: int) -> int:
    """Delete at most `limit` expired ones; returns how many."""
    table = trusted_browsers
    old = select(table.c.id).where(table.c.expires_at < expired_before).limit(limit)
    return db.execute(delete(table).where(table.c.id.in_(old))).rowcount
