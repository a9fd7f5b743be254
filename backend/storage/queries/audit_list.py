"""The audit trail, filtered and paged, newest first.

Ids sort by time, so a page starts after the last id of the page before, however long the trail is.
Each filter has an index that ends in the id; several values of one filter are looked up one by one.
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

_SLACK = timedelta(seconds=5)  # between the time in an id and that of its event


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
class AuditFilter:
    """Which lines to find; all filters must match. `since` is included, `until` is not."""

    kinds: Sequence[str] = ()
    user_id: UUID | None = None
    """The actor, impersonator or subject of the event."""
    address: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    """The last id of the page before."""
    id: UUID | None = None


def find_page(db: Db, filters: AuditFilter, limit: int) -> Sequence[AuditEvent]:
    """Find the newest `limit` lines."""
    common = _common_conditions(filters)
    newest = [_newest(common + branch, limit) for branch in _branches(filters)]
    ids = union_all(*newest).subquery()
    page = select(ids.c.id).order_by(ids.c.id.desc()).limit(limit)
    statement = select(*audit_events.c).where(audit_events.c.id.in_(page))
    rows = db.execute(statement.order_by(audit_events.c.id.desc()))
    return [AuditEvent(**row._mapping) for row in rows]


def _newest(conditions: list[ColumnElement[bool]], limit: int) -> Select[Any]:
    columns = audit_events.c
    newest = select(columns.id).where(*conditions).order_by(columns.id.desc()).limit(limit)
    return select(newest.subquery().c.id)  # for SQLite: ORDER BY inside a UNION


def _common_conditions(filters: AuditFilter) -> list[ColumnElement[bool]]:
    columns = audit_events.c
    conditions: list[ColumnElement[bool]] = []
    if filters.id is not None:
        conditions.append(columns.id == filters.id)
    if filters.before is not None:
        conditions.append(columns.id < filters.before)
    if filters.since is not None:
        conditions += [columns.id >= min_uuid7(filters.since - _SLACK), columns.at >= filters.since]
    if filters.until is not None:
        conditions += [columns.id < min_uuid7(filters.until + _SLACK), columns.at < filters.until]
    if filters.address is not None:
        conditions.append(columns.ip_address == filters.address)
    if filters.request_id is not None:
        conditions.append(columns.request_id == filters.request_id)
    return conditions


def _branches(filters: AuditFilter) -> list[list[ColumnElement[bool]]]:
    """Return the branches of a UNION, each served by one index; no line is in two of them."""
    columns = audit_events.c
    kinds = [columns.kind == kind for kind in dict.fromkeys(filters.kinds)]
    if filters.user_id is None:
        return [[kind] for kind in kinds] or [[]]
    either = [or_(*kinds)] if kinds else []
    return [
        [columns.subject_id == filters.user_id, *either],
        [
            columns.actor_id == filters.user_id,
            columns.actor_id.is_distinct_from(columns.subject_id),
            *either,
        ],
        [
            columns.impersonated_by == filters.user_id,
            columns.actor_id.is_distinct_from(filters.user_id),
            columns.subject_id.is_distinct_from(filters.user_id),
            *either,
        ],
    ]
