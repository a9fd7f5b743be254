"""Accounts at providers: one SQL statement per function. Tokens are encrypted by the caller."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from backend.storage.db import Db
from backend.storage.dialects import build_insert_or_ignore
from backend.storage.tables import accounts


@dataclass(frozen=True, slots=True)
class Account:
    """What a provider calls a user, and the tokens that it gave us for them."""

    id: UUID
    user_id: UUID
    provider_id: str
    issuer: str
    """Who says so; empty if it was imported, and the person has not come since."""
    account_id: str
    """What the issuer calls the person: its `sub`."""
    scopes: str
    """What the person has granted, separated by spaces."""
    created_at: datetime
    updated_at: datetime
    access_token: bytes | None = None
    """This and the next two are encrypted."""
    refresh_token: bytes | None = None
    id_token: bytes | None = None
    access_token_expires_at: datetime | None = None
    refresh_token_expires_at: datetime | None = None
    before_verification: bool = False
    """Whether it was added before anybody proved to read the mail of the user's address."""


TOKEN_COLUMNS = ("access_token", "refresh_token", "id_token")
_COLUMNS = [accounts.c[each.name] for each in fields(Account)]


def add(db: Db, account: Account) -> bool:
    """Add an account; False if somebody has it already."""
    key = ("provider_id", "account_id", "issuer")
    return (
        db.execute(build_insert_or_ignore(db.dialect, accounts, *key), asdict(account)).rowcount
        == 1
    )


def insert_many(db: Db, rows: Sequence[Account]) -> None:
    """Add the accounts of new users."""
    if rows:
        db.execute(insert(accounts), [asdict(row) for row in rows])


def find_by_key(db: Db, provider_id: str, issuer: str, account_id: str) -> Account | None:
    """Find an account by what the issuer calls the person.

    An imported one, whose issuer is not known, matches as well.
    """
    statement = (
        select(*_COLUMNS)
        .where(
            accounts.c.provider_id == provider_id,
            accounts.c.account_id == account_id,
            accounts.c.issuer.in_((issuer, "")),
        )
        .order_by(accounts.c.issuer.desc())
    )
    row = db.execute(statement).first()
    return Account(**row._mapping) if row else None


def find(db: Db, account_row_id: UUID) -> Account | None:
    """Find an account by its row's id."""
    row = db.execute(select(*_COLUMNS).where(accounts.c.id == account_row_id)).first()
    return Account(**row._mapping) if row else None


def exists_for_user(db: Db, user_id: UUID) -> bool:
    """Tell whether a user has an account at any provider."""
    statement = select(accounts.c.id).where(accounts.c.user_id == user_id).limit(1)
    return db.execute(statement).first() is not None


def list_for_user(db: Db, user_id: UUID) -> Sequence[Account]:
    """List the accounts of a user, oldest first."""
    statement = select(*_COLUMNS).where(accounts.c.user_id == user_id).order_by(accounts.c.id)
    return [Account(**row._mapping) for row in db.execute(statement)]


def list_for_users(db: Db, user_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Account]]:
    """List the accounts of several users, each user's oldest first."""
    found: dict[UUID, list[Account]] = {}
    statement = select(*_COLUMNS).where(accounts.c.user_id.in_(user_ids)).order_by(accounts.c.id)
    for row in db.execute(statement):
        found.setdefault(row.user_id, []).append(Account(**row._mapping))
    return found


def list_after(db: Db, after: UUID | None, limit: int) -> Sequence[Account]:
    """List the accounts of everybody, after the id `after`."""
    statement = select(*_COLUMNS).order_by(accounts.c.id).limit(limit)
    if after is not None:
        statement = statement.where(accounts.c.id > after)
    return [Account(**row._mapping) for row in db.execute(statement)]


def replace_token(db: Db, account_row_id: UUID, column: str, old: bytes, new: bytes) -> None:
    """Store one of TOKEN_COLUMNS encrypted with another key, if it is still `old`."""
    matches = (accounts.c.id == account_row_id, accounts.c[column] == old)
    db.execute(update(accounts).where(*matches).values({column: new}))


def change(db: Db, account_row_id: UUID, changes: Mapping[str, Any], now: datetime) -> bool:
    """Change columns, such as the tokens; False if the account is gone."""
    statement = update(accounts).where(accounts.c.id == account_row_id)
    return db.execute(statement.values(**changes, updated_at=now)).rowcount == 1


def delete_one(db: Db, account_row_id: UUID) -> bool:
    """Delete an account; of concurrent calls one returns True."""
    return db.execute(delete(accounts).where(accounts.c.id == account_row_id)).rowcount == 1


def delete_for_user(
    db: Db, user_id: UUID, *, only_before_verification: bool = False
) -> Sequence[str]:
    """Delete the accounts of a user, or those a stranger may have added; returns their providers.

    Sorted, each once.
    """
    statement = delete(accounts).where(accounts.c.user_id == user_id)
    if only_before_verification:
        statement = statement.where(accounts.c.before_verification)
    rows = db.execute(statement.returning(accounts.c.provider_id))
    return sorted({row.provider_id for row in rows})


def mark_as_owners(db: Db, user_id: UUID) -> None:
    """Note that whoever added them reads the mail of the address."""
    unproven = (accounts.c.user_id == user_id, accounts.c.before_verification)
    db.execute(update(accounts).where(*unproven).values(before_verification=False))
