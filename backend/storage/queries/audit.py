"""The audit trail: one SQL statement per function."""

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
    literal,
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
from backend.storage.dialects import supports_multiple_statements
from backend.storage.queries.users import UserChange
from backend.storage.tables import audit_events

DELETED_ADMIN = UUID(int=0)
"""Stands for a deleted admin who impersonated a user: the line still says it was not the user."""

_INSERT = insert_into(audit_events)
_INSERT_WITH_CHANGE = _INSERT.values({c.name: bindparam(f"event_{c.name}") for c in audit_events.c})


def insert(
    db: Db,
    event: Event,
    event_id: UUID,
    at: datetime,
    client: Client,
    change: UserChange | None = None,
) -> None:
    """Add one line; only `anonymize_user` ever changes a line afterwards.

    A `change` is made in the same statement, or on SQLite just before it.
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
        db.execute_deferred(_INSERT, row)
        return
    db.changed_users.add(change.user_id)
    if supports_multiple_statements(db.dialect):
        named = {f"event_{name}": value for name, value in row.items()}
        db.execute_deferred(_build_insert_with_change(change.statement), {**named, **change.values})
    else:
        db.execute(change.statement, change.values)
        db.execute_deferred(_INSERT, row)


@lru_cache(16)
def _build_insert_with_change(statement: Update) -> Insert:
    return _INSERT_WITH_CHANGE.add_cte(statement.cte("changed"))


def anonymize_user(db: Db, user_id: UUID) -> None:
    """Remove from every line what identifies a deleted user; kind and time of the event stay.

    The one exception to "nothing ever changes a line". The user's id is removed, and so are the
    address, browser and request of events caused by the user or by a stranger, and what an admin
    wrote about the user. What an admin did keeps the admin's, also where the admin impersonated
    the user.
    """
    columns = audit_events.c
    impersonated = columns.impersonated_by == user_id
    caused_by = func.coalesce(columns.impersonated_by, columns.actor_id)
    is_ban = and_(columns.subject_id == user_id, columns.kind == EventKind.USER_BANNED.value)
    is_personal = or_(caused_by == user_id, caused_by.is_(None))

    def replace(column: Any, condition: Any, value: Any) -> Any:
        return case((condition, value), else_=column)

    # Phrased as the partial index on the actor is; events on oneself are found by the subject.
    to_others = and_(
        columns.actor_id == user_id, columns.actor_id.is_distinct_from(columns.subject_id)
    )
    statement = update(audit_events).where(
        or_(columns.subject_id == user_id, to_others, impersonated)
    )
    db.execute(
        statement.values(
            actor_id=replace(columns.actor_id, columns.actor_id == user_id, null()),
            detail=replace(columns.detail, is_ban, literal({}, columns.detail.type)),
            subject_id=replace(columns.subject_id, columns.subject_id == user_id, null()),
            impersonated_by=replace(columns.impersonated_by, impersonated, DELETED_ADMIN),
            ip_address=replace(columns.ip_address, is_personal, ""),
            user_agent=replace(columns.user_agent, is_personal, ""),
            request_id=replace(columns.request_id, is_personal, ""),
        )
    )


def find_last_event_at(db: Db) -> datetime | None:
    """Return the time of the last event, except restores, which the server adds at start."""
    others = select(audit_events.c.at).where(
        audit_events.c.kind != EventKind.DATABASE_RESTORED.value
    )
    value: datetime | None = db.execute(others.order_by(audit_events.c.id.desc()).limit(1)).scalar()
    return value


def purge(db: Db, before: datetime, limit: int) -> int:
    """Delete at most `limit` lines older than `before`; returns how many."""
    old = select(audit_events.c.id).where(audit_events.c.id < min_uuid7(before)).limit(limit)
    return db.execute(delete(audit_events).where(audit_events.c.id.in_(old))).rowcount
