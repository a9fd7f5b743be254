"""Second factors: one SQL statement per function. Secrets are encrypted, backup codes digests."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, delete, func, insert, literal, or_, select, update

from backend.storage.db import Db
from backend.storage.dialects import build_insert_or_ignore
from backend.storage.queries.users import User
from backend.storage.tables import backup_codes, totp_steps, two_factors


@dataclass(frozen=True, slots=True)
class Factors:
    """The second factors of a user. Backup codes are in a table of their own."""

    user_id: UUID
    created_at: datetime
    totp_secret: bytes | None = None
    """Encrypted; None without an authenticator app."""
    totp_confirmed: bool = False
    """False until the first code: enrolment was only begun."""
    mail_codes: bool = False
    password_by_mail: bool = False
    """Whether the password was last reset with a mailed link: a code by mail proves no more."""
    before_verification: bool = False
    """Whether they were set up before anybody proved to read the mail of the address."""
    failed_attempts: int = 0
    """Wrong codes in a row."""
    locked_until: datetime | None = None

    @property
    def has_totp(self) -> bool:
        return self.totp_secret is not None and self.totp_confirmed


_COLUMNS = [two_factors.c[each.name] for each in fields(Factors)]


def find(db: Db, user_id: UUID) -> Factors | None:
    """Find the second factors of a user, begun ones included."""
    row = db.execute(select(*_COLUMNS).where(two_factors.c.user_id == user_id)).first()
    return Factors(**row._mapping) if row else None


def find_many(db: Db, user_ids: Sequence[UUID]) -> Mapping[UUID, Factors]:
    """Find the second factors of several users."""
    rows = db.execute(select(*_COLUMNS).where(two_factors.c.user_id.in_(user_ids)))
    return {row.user_id: Factors(**row._mapping) for row in rows}


def list_backup_codes(db: Db, user_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[bytes]]:
    """List the digests of the unused backup codes of several users."""
    codes: dict[UUID, list[bytes]] = {}
    columns = (backup_codes.c.user_id, backup_codes.c.digest)
    for row in db.execute(select(*columns).where(backup_codes.c.user_id.in_(user_ids))):
        codes.setdefault(row.user_id, []).append(row.digest)
    return codes


def insert_many(db: Db, rows: Sequence[Factors]) -> None:
    """Add the second factors of new users."""
    if rows:
        db.execute(insert(two_factors), [asdict(row) for row in rows])


def insert_backup_codes(db: Db, codes: Sequence[tuple[UUID, bytes]]) -> None:
    """Add backup codes, each as its user and digest."""
    if codes:
        rows = [{"user_id": user_id, "digest": digest} for user_id, digest in codes]
        db.execute(insert(backup_codes), rows)


def ensure(db: Db, user: User, now: datetime) -> None:
    """Add the row of a user, without any factor, unless there is one."""
    values = asdict(Factors(user.id, now, before_verification=not user.email_verified))
    db.execute(build_insert_or_ignore(db.dialect, two_factors, "user_id"), values)


def begin_totp(db: Db, user_id: UUID, secret: bytes) -> None:
    """Store the encrypted secret of an authenticator app that is to be confirmed."""
    changes = {"totp_secret": secret, "totp_confirmed": False}
    db.execute(update(two_factors).where(two_factors.c.user_id == user_id).values(**changes))


def replace_totp_secret(db: Db, user_id: UUID, old: bytes, new: bytes) -> None:
    """Store the secret of an authenticator app encrypted with another key, if it is still `old`."""
    matches = (two_factors.c.user_id == user_id, two_factors.c.totp_secret == old)
    db.execute(update(two_factors).where(*matches).values(totp_secret=new))


def list_totp_secrets(db: Db, after: UUID | None, limit: int) -> Sequence[tuple[UUID, bytes]]:
    """List the encrypted secrets of authenticator apps by user, after the id `after`."""
    columns = (two_factors.c.user_id, two_factors.c.totp_secret)
    statement = select(*columns).where(two_factors.c.totp_secret.is_not(None))
    if after is not None:
        statement = statement.where(two_factors.c.user_id > after)
    rows = db.execute(statement.order_by(two_factors.c.user_id).limit(limit))
    return [(row.user_id, row.totp_secret) for row in rows]


def enable_mail_codes(db: Db, user_id: UUID) -> None:
    """Let a user answer with codes by mail."""
    changes = {"mail_codes": True}
    db.execute(update(two_factors).where(two_factors.c.user_id == user_id).values(**changes))


def confirm_totp(db: Db, user_id: UUID, secret: bytes) -> bool:
    """Activate the authenticator app with this encrypted secret; False if it is another by now."""
    matches = (two_factors.c.user_id == user_id, two_factors.c.totp_secret == secret)
    changes = {"totp_confirmed": True}
    return db.execute(update(two_factors).where(*matches).values(**changes)).rowcount == 1


def count_attempt(
    db: Db, user_id: UUID, now: datetime, *, max_attempts: int, locked_until: datetime
) -> Factors | None:
    """Count a code before it is compared; returns the factors, or None while the user is locked.

    At `max_attempts` the user is locked until `locked_until`. Concurrent calls wait for each other:
    the row stays locked until the commit.
    """
    lock = literal(locked_until, two_factors.c.locked_until.type)  # as the column stores times
    expired = and_(two_factors.c.locked_until.is_not(None), two_factors.c.locked_until <= now)
    count = case((expired, 1), else_=two_factors.c.failed_attempts + 1)
    unlocked = or_(two_factors.c.locked_until.is_(None), two_factors.c.locked_until <= now)
    statement = (
        update(two_factors)
        .where(two_factors.c.user_id == user_id, unlocked)
        .values(
            failed_attempts=count,
            locked_until=case((count >= max_attempts, lock), else_=None),
        )
        .returning(*_COLUMNS)
    )
    row = db.execute(statement).first()
    return Factors(**row._mapping) if row else None


def clear_attempts(db: Db, user_id: UUID) -> None:
    """Forget the wrong codes of a user and lift the lock, after a right one."""
    cleared = {"failed_attempts": 0, "locked_until": None}
    db.execute(update(two_factors).where(two_factors.c.user_id == user_id).values(**cleared))


def set_password_by_mail(db: Db, user_id: UUID, value: bool) -> None:
    """Note whether the password was last reset with a mailed link."""
    changes = {"password_by_mail": value}
    db.execute(update(two_factors).where(two_factors.c.user_id == user_id).values(**changes))


def mark_as_owners(db: Db, user_id: UUID) -> None:
    """Note that whoever set them up reads the mail of the address."""
    changes = {"before_verification": False}
    db.execute(update(two_factors).where(two_factors.c.user_id == user_id).values(**changes))


def delete_for_user(db: Db, user_id: UUID) -> bool:
    """Delete the second factors of a user; False if there were none."""
    return db.execute(delete(two_factors).where(two_factors.c.user_id == user_id)).rowcount == 1


def replace_backup_codes(db: Db, user_id: UUID, digests: Sequence[bytes]) -> None:
    """Store new backup codes; the old ones stop working."""
    delete_backup_codes(db, user_id)
    insert_backup_codes(db, [(user_id, digest) for digest in digests])


def delete_backup_codes(db: Db, user_id: UUID) -> None:
    """Delete the backup codes of a user."""
    db.execute(delete(backup_codes).where(backup_codes.c.user_id == user_id))


def use_backup_code(db: Db, user_id: UUID, digests: Sequence[bytes]) -> bool:
    """Use up the code with one of these digests; of concurrent calls one returns True."""
    matches = (backup_codes.c.user_id == user_id, backup_codes.c.digest.in_(digests))
    return db.execute(delete(backup_codes).where(*matches)).rowcount == 1


def count_backup_codes(db: Db, user_id: UUID) -> int:
    """Count the unused backup codes of a user."""
    statement = select(func.count()).where(backup_codes.c.user_id == user_id)
    return int(db.execute(statement).scalar_one())


def use_totp_step(db: Db, user_id: UUID, step: int) -> bool:
    """Note that the code of this time step was used; of concurrent calls one returns True."""
    values = {"user_id": user_id, "step": step}
    statement = build_insert_or_ignore(db.dialect, totp_steps, "user_id", "step")
    return db.execute(statement, values).rowcount == 1


def delete_totp_steps(db: Db, user_id: UUID, *, before: int | None = None) -> None:
    """Delete the used time steps of a user: all, or those `before` a step."""
    statement = delete(totp_steps).where(totp_steps.c.user_id == user_id)
    if before is not None:
        statement = statement.where(totp_steps.c.step < before)
    db.execute(statement)
