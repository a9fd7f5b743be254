"""The audit trail as it is read: page by page, newest first.

Ids sort by time, so a page begins where the last one ended, however long the trail is. Each filter
has an index that ends in the id; where several values are asked for, each is looked up by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from backend.kernel.randomness import min_uuid7
from backend.storage.db import Db
from backend.storage.tables import audit_events

_SLACK = timedelta(seconds=5)  # between the moment of an id and that of its event


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the trail."""

    id: UUID
    at: datetime
    kind: str
    actor_id: UUID | None
    subject_id: UUID | None
    ip_address: str
    user_agent: str
    request_id: str
    detail: dict[str, Any]
    impersonated_by: UUID | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines are wanted; all that is said must hold. `since` is included, `until` is not."""

    kinds: Sequence[str] = ()
    user_id: UUID | None = None
    """Who did it, as themselves or as another, or had it done to them."""
    address: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    """The last line of the page before."""
    id: UUID | None = None


def find_page(db: Db, wanted: Filter, limit: int) -> Sequence[AuditEvent]:
    """Find the newest `limit` lines."""
    always = _always(wanted)
    newest = [_newest(always + branch, limit) for branch in _branches(wanted)]
    ids = union_all(*newest).subquery()
    page = select(ids.c.id).order_by(ids.c.id.desc()).limit(limit)
    statement = select(*audit_events.c).where(audit_events.c.id.in_(page))
    found = db.execute(statement.order_by(audit_events.c.id.desc()))
    return [AuditEvent(**row._mapping) for row in found]


def _newest(conditions: list[ColumnElement[bool]], limit: int) -> Select[Any]:
    columns = audit_events.c
    newest = select(columns.id).where(*conditions).order_by(columns.id.desc()).limit(limit)
    return select(newest.subquery().c.id)  # in brackets, as SQLite wants it in a UNION


def _always(wanted: Filter) -> list[ColumnElement[bool]]:
    columns = audit_events.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.id is not None:
        conditions.append(columns.id == wanted.id)
    if wanted.before is not None:
        conditions.append(columns.id < wanted.before)
    if wanted.since is not None:
        conditions += [columns.id >= min_uuid7(wanted.since - _SLACK), columns.at >= wanted.since]
    if wanted.until is not None:
        conditions += [columns.id < min_uuid7(wanted.until + _SLACK), columns.at < wanted.until]
    if wanted.address is not None:
        conditions.append(columns.ip_address == wanted.address)
    if wanted.request_id is not None:
        conditions.append(columns.request_id == wanted.request_id)
    return conditions


def _branches(wanted: Filter) -> list[list[ColumnElement[bool]]]:
    """Split what an index can only look up value by value; no line is in two branches."""
    columns = audit_events.c
    kinds = [columns.kind == kind for kind in dict.fromkeys(wanted.kinds)]
    if wanted.user_id is None:
        return [[kind] for kind in kinds] or [[]]
    either = [or_(*kinds)] if kinds else []
    return [
        [columns.subject_id == wanted.user_id, *either],
        [
            columns.actor_id == wanted.user_id,
            columns.actor_id.is_distinct_from(columns.subject_id),
            *either,
        ],
        [
            columns.impersonated_by == wanted.user_id,
            columns.actor_id.is_distinct_from(wanted.user_id),
            columns.subject_id.is_distinct_from(wanted.user_id),
            *either,
        ],
    ]
