"""The outbox: one SQL statement per function. Message bodies are stored encrypted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy import insert as insert_into

from backend.kernel.randomness import min_uuid7
from backend.storage.db import Db
from backend.storage.tables import outbox

WAITING, SENT, HELD, GIVEN_UP, DECOY = "waiting", "sent", "held", "given_up", "decoy"

_NEWEST = 200  # mails searched for the last one sent and the last error


@dataclass(frozen=True, slots=True)
class Mail:
    """A stored mail."""

    id: UUID
    kind: str
    recipient: str
    message_id: str
    sealed: bytes | None
    """The encrypted message; None once it was sent or given up."""
    state: str
    attempts: int
    due_at: datetime | None
    created_at: datetime
    sent_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How many mails wait and since when, when the last one was sent, and the last error."""

    waiting: int
    waiting_since: datetime | None
    last_sent_at: datetime | None
    last_error: str | None


def insert(db: Db, mail: Mail) -> None:
    """Add a mail, in the transaction of the change that causes it."""
    values: dict[str, Any] = {column.name: getattr(mail, column.name) for column in outbox.c}
    db.execute(insert_into(outbox).values(**values))


def claim_due(db: Db, now: datetime, hidden_until: datetime) -> Mail | None:
    """Claim the mail that has been due longest: no other process claims it before `hidden_until`.

    A mail that was never tried is due at once, even if the clock of its writer was ahead.
    """
    never_tried = outbox.c.attempts == 0
    due = (
        select(outbox.c.id)
        .where(outbox.c.due_at.is_not(None), never_tried | (outbox.c.due_at <= now))
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claim = (
        update(outbox)
        .where(outbox.c.id == due.scalar_subquery())
        .values(due_at=hidden_until, attempts=outbox.c.attempts + 1)
        .returning(*outbox.c)
    )
    row = db.execute(claim).first()
    return Mail(**row._mapping) if row else None


def mark_sent(db: Db, mail_id: UUID, now: datetime) -> None:
    """Note that a mail left, and blank what it said."""
    sent = {"state": SENT, "sealed": None, "due_at": None, "sent_at": now, "last_error": None}
    db.execute(update(outbox).where(outbox.c.id == mail_id).values(**sent))


def mark_waiting(db: Db, mail_id: UUID, due_at: datetime, error: str) -> None:
    """Note why sending failed, and when to try again."""
    still_waits = outbox.c.state == WAITING  # another process may have sent it meanwhile
    statement = update(outbox).where(outbox.c.id == mail_id, still_waits)
    db.execute(statement.values(due_at=due_at, last_error=error))


def mark_given_up(db: Db, mail_id: UUID, error: str) -> None:
    """Note why a mail will never be sent, and erase its body."""
    given_up = {"state": GIVEN_UP, "sealed": None, "due_at": None, "last_error": error}
    still_waits = outbox.c.state == WAITING
    db.execute(update(outbox).where(outbox.c.id == mail_id, still_waits).values(**given_up))


def give_up_batch(db: Db, error: str, limit: int) -> int:
    """Give up at most `limit` waiting mails that carry a link or a code; returns how many.

    Notices keep waiting: receiving one twice is better than never.
    """
    batch = select(outbox.c.id).where(outbox.c.due_at.is_not(None), outbox.c.kind != "notice")
    given_up = {"state": GIVEN_UP, "sealed": None, "due_at": None, "last_error": error}
    statement = update(outbox).where(outbox.c.id.in_(batch.limit(limit))).values(**given_up)
    return db.execute(statement).rowcount


def find_next_due(db: Db) -> datetime | None:
    """Return when the next mail is due, or None if none waits."""
    value: datetime | None = db.execute(select(func.min(outbox.c.due_at))).scalar()
    return value


def load_status(db: Db) -> OutboxStatus:
    """Load the state of the outbox; of finished mails, only the newest are searched."""
    is_waiting = outbox.c.due_at.is_not(None)
    count = select(func.count().label("mails"), func.min(outbox.c.created_at).label("since"))
    waiting = db.execute(count.where(is_waiting)).one()
    newest = select(outbox.c.sent_at, outbox.c.last_error).order_by(outbox.c.id.desc())
    rows = db.execute(newest.limit(_NEWEST)).all()
    return OutboxStatus(
        waiting=waiting.mails,
        waiting_since=waiting.since,
        last_sent_at=max((row.sent_at for row in rows if row.sent_at), default=None),
        last_error=next((row.last_error for row in rows if row.last_error), None),
    )


def list_newest(db: Db, limit: int, before: UUID | None = None) -> Sequence[Mail]:
    """List mails older than the one with id `before`, newest first; without decoys."""
    statement = select(*outbox.c).where(outbox.c.state != DECOY)
    if before is not None:
        statement = statement.where(outbox.c.id < before)
    rows = db.execute(statement.order_by(outbox.c.id.desc()).limit(limit))
    return [Mail(**row._mapping) for row in rows]


def list_by_recipient(db: Db, recipient: str) -> Sequence[Mail]:
    """List the mails to one address, newest first."""
    statement = select(*outbox.c).where(outbox.c.recipient == recipient)
    return [Mail(**row._mapping) for row in db.execute(statement.order_by(outbox.c.id.desc()))]


def delete_by_recipient(db: Db, recipient: str) -> None:
    """Delete all mails to one address, waiting ones included."""
    db.execute(delete(outbox).where(outbox.c.recipient == recipient))


def purge(db: Db, created_before: datetime, limit: int) -> int:
    """Delete at most `limit` mails that are not waiting any more; returns how many."""
    old = select(outbox.c.id).where(
        outbox.c.id < min_uuid7(created_before), outbox.c.state != WAITING
    )
    return db.execute(delete(outbox).where(outbox.c.id.in_(old.limit(limit)))).rowcount
