"""Passkeys: one SQL statement per function. Public keys only: there is nothing secret in them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from backend.storage.db import Db
from backend.storage.dialects import build_insert_or_ignore
from backend.storage.tables import passkeys


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of a user."""

    id: UUID
    user_id: UUID
    name: str | None
    credential_id: bytes
    public_key: bytes
    """In COSE's form (RFC 9052)."""
    sign_count: int
    """How often it has signed, as it says itself; 0 if it does not count."""
    device_type: str
    """multiDevice if it can be synchronised, else singleDevice."""
    backed_up: bool
    transports: str | None
    """How browsers reach it, separated by commas."""
    aaguid: str | None
    """The authenticator's model."""
    rp_id: str
    """The domain that it works on."""
    before_verification: bool
    """Whether it was registered before anybody proved to read the mail of the address."""
    created_at: datetime
    last_used_at: datetime | None = None


_COLUMNS = [passkeys.c[each.name] for each in fields(Passkey)]


def add(db: Db, passkey: Passkey) -> bool:
    """Add a passkey; False if somebody has registered this credential before."""
    statement = build_insert_or_ignore(db.dialect, passkeys, "credential_id")
    return db.execute(statement, asdict(passkey)).rowcount == 1


def insert_many(db: Db, rows: Sequence[Passkey]) -> None:
    """Add the passkeys of new users."""
    if rows:
        db.execute(insert(passkeys), [asdict(row) for row in rows])


def find(db: Db, passkey_id: UUID) -> Passkey | None:
    """Find a passkey by its id."""
    row = db.execute(select(*_COLUMNS).where(passkeys.c.id == passkey_id)).first()
    return Passkey(**row._mapping) if row else None


def find_by_credential(db: Db, credential_id: bytes) -> Passkey | None:
    """Find a passkey by what an authenticator calls it."""
    row = db.execute(select(*_COLUMNS).where(passkeys.c.credential_id == credential_id)).first()
    return Passkey(**row._mapping) if row else None


def list_for_user(db: Db, user_id: UUID) -> Sequence[Passkey]:
    """List the passkeys of a user, oldest first."""
    statement = select(*_COLUMNS).where(passkeys.c.user_id == user_id).order_by(passkeys.c.id)
    return [Passkey(**row._mapping) for row in db.execute(statement)]


def list_for_users(db: Db, user_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Passkey]]:
    """List the passkeys of several users, each user's oldest first."""
    found: dict[UUID, list[Passkey]] = {}
    statement = select(*_COLUMNS).where(passkeys.c.user_id.in_(user_ids)).order_by(passkeys.c.id)
    for row in db.execute(statement):
        found.setdefault(row.user_id, []).append(Passkey(**row._mapping))
    return found


def rename(db: Db, passkey_id: UUID, name: str) -> bool:
    """Change the name of a passkey; False if there is none."""
    statement = update(passkeys).where(passkeys.c.id == passkey_id).values(name=name)
    return db.execute(statement).rowcount == 1


def note_use(db: Db, passkey_id: UUID, sign_count: int, now: datetime) -> None:
    """Store how often a passkey has signed by now, and when it last did."""
    changes = {"sign_count": sign_count, "last_used_at": now}
    db.execute(update(passkeys).where(passkeys.c.id == passkey_id).values(**changes))


def delete_one(db: Db, passkey_id: UUID) -> bool:
    """Delete a passkey; of concurrent calls one returns True."""
    return db.execute(delete(passkeys).where(passkeys.c.id == passkey_id)).rowcount == 1


def delete_for_user(db: Db, user_id: UUID, *, only_before_verification: bool = False) -> int:
    """Delete the passkeys of a user, or those that a stranger may have added; returns how many."""
    statement = delete(passkeys).where(passkeys.c.user_id == user_id)
    if only_before_verification:
        statement = statement.where(passkeys.c.before_verification)
    return db.execute(statement).rowcount


def mark_as_owners(db: Db, user_id: UUID) -> None:
    """Note that whoever registered them reads the mail of the address."""
    changes = {"before_verification": False}
    unproven = (passkeys.c.user_id == user_id, passkeys.c.before_verification)
    db.execute(update(passkeys).where(*unproven).values(**changes))
