"""The audit trail in the database."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Insert,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy import insert as insert_into

from backend.kernel.client import Client
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import min_uuid7
from backend.storage.db import Db
from backend.storage.dialects import takes_several_statements
from backend.storage.queries.users import Change
from backend.storage.tables import audit_events

SOMEBODY_GONE = UUID(int=0)
"""Stands for an admin who has gone, where they acted as a user: it was not the user themselves."""

_INSERT = insert_into(audit_events)
_INSERT_BESIDE = _INSERT.values({c.name: bindparam(f"event_{c.name}") for c in audit_events.c})


def insert(
    db: Db,
    event: Event,
    event_id: UUID,
    at: datetime,
    client: Client,
    change: Change | None = None,
) -> None:
    """Add one line; nothing but `forget_user` ever changes a line afterwards.

    A `change` goes with it in one statement, or on SQLite just before it.
    """
    row = {
        "id": event_id,
        "at": at,
        "kind": event.kind.value,
        "actor_id": event.actor,
        "subject_id": event.subject,
        "ip_address": client.address,
        "user_agent": client.user_agent,
        "request_id": client.request_id,
        "detail": event.detail,
        "impersonated_by": client.impersonator_of(event.actor),
    }
    if change is None:
        db.execute_last(_INSERT, row)
        return
    db.touched.add(change.user_id)
    if takes_several_statements(db.dialect):
        named = {f"event_{name}": value for name, value in row.items()}
        db.execute_last(_with(change.statement), {**named, **change.values})
    else:
        db.execute(change.statement, change.values)
        db.execute_last(_INSERT, row)


@lru_cache(16)
def _with(statement: Update) -> Insert:
    return _INSERT_BESIDE.add_cte(statement.cte("changed"))


def forget_user(db: Db, user_id: UUID) -> None:
    """Take out of every line what names a user who has gone; that it happened, and when, stays.

    The one exception to "nothing ever changes a line". Their id goes, and so do address, browser
    and request of what they did themselves or a stranger did to them. What an admin did keeps the
    admin's, also where the admin acted as the user.
    """
    columns = audit_events.c
    impersonated = columns.impersonated_by == user_id
    at_the_browser = func.coalesce(columns.impersonated_by, columns.actor_id)
    theirs = or_(at_the_browser == user_id, at_the_browser.is_(None))

    def without(column: Any, unless: Any, instead: Any) -> Any:
        return case((unless, instead), else_=column)

    # In the words of the index of what people did to others; the rest is found by the subject.
    to_others = and_(
        columns.actor_id == user_id, columns.actor_id.is_distinct_from(columns.subject_id)
    )
    statement = update(audit_events).where(
        or_(columns.subject_id == user_id, to_others, impersonated)
    )
    db.execute(
        statement.values(
            actor_id=without(columns.actor_id, columns.actor_id == user_id, null()),
            subject_id=without(columns.subject_id, columns.subject_id == user_id, null()),
            impersonated_by=without(columns.impersonated_by, impersonated, SOMEBODY_GONE),
            ip_address=without(columns.ip_address, theirs, ""),
            user_agent=without(columns.user_agent, theirs, ""),
            request_id=without(columns.request_id, theirs, ""),
        )
    )


def newest(db: Db) -> datetime | None:
    """Return when the last line was written but for restores, which a start notes itself."""
    others = select(audit_events.c.at).where(
        audit_events.c.kind != EventKind.DATABASE_RESTORED.value
    )
    found: datetime | None = db.execute(others.order_by(audit_events.c.id.desc()).limit(1)).scalar()
    return found


def purge(db: Db, before: datetime, limit: int) -> int:
    """Delete lines older than a moment, at most `limit`; returns how many."""
    old = select(audit_events.c.id).where(audit_events.c.id < min_uuid7(before)).limit(limit)
    return db.execute(delete(audit_events).where(audit_events.c.id.in_(old))).rowcount
