"""Figures for charts: counts of events and sessions over time.

Counted from indexes alone: ids sort by time, so a span of time is a range of ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Integer, Select, Uuid, cast, column, func, select, values
from sqlalchemy.sql.elements import ColumnElement

from backend.kernel.randomness import min_uuid7
from backend.storage.db import Db
from backend.storage.tables import audit_events, sessions
from backend.storage.utc_datetime import UtcDateTime


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From `since`, included, to `until`, excluded."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened within a span; of sessions, only those still stored are counted."""

    events: dict[str, int]
    sessions_started: int
    sessions_expired: int


def count_in_spans(db: Db, spans: Sequence[TimeSpan], kinds: Sequence[str]) -> Sequence[Counts]:
    """Count events of these kinds, and sessions, in each span; up to a thousand spans."""
    numbered = _numbered(spans)
    counts = [_events(numbered, kind).scalar_subquery() for kind in kinds]
    counts += [_started(numbered).scalar_subquery(), _expired(numbered).scalar_subquery()]
    statement = select(numbered.c.number, *counts).order_by(numbered.c.number)
    rows: list[list[int]] = [list(row) for row in db.execute(statement)]
    return [Counts(dict(zip(kinds, row[1:-2], strict=True)), row[-2], row[-1]) for row in rows]


def count_live_sessions(db: Db, at: datetime) -> int:
    """Count the sessions that were live at a time, of those still stored."""
    started = select(func.count()).select_from(sessions).where(sessions.c.id < min_uuid7(at))
    expired = select(func.count()).where(sessions.c.expires_at < at)
    live = started.scalar_subquery() - expired.scalar_subquery()
    return int(db.execute(select(live)).scalar_one())


def _numbered(spans: Sequence[TimeSpan]) -> CTE:
    columns = (
        column("number", Integer),
        column("first_id", Uuid),
        column("end_id", Uuid),
        column("since", UtcDateTime),
        column("until", UtcDateTime),
    )
    rows = [
        (number, min_uuid7(span.since), min_uuid7(span.until), span.since, span.until)
        for number, span in enumerate(spans)
    ]
    return values(*columns, name="span_values").data(rows).cte("spans")


def _events(spans: CTE, kind: str) -> Select[Any]:
    statement = select(func.count()).select_from(audit_events).where(audit_events.c.kind == kind)
    return statement.where(*_within(spans, audit_events.c.id))


def _started(spans: CTE) -> Select[Any]:
    return select(func.count()).select_from(sessions).where(*_within(spans, sessions.c.id))


def _expired(spans: CTE) -> Select[Any]:
    ends = sessions.c.expires_at
    return select(func.count()).where(ends >= spans.c.since, ends < spans.c.until)


def _within(spans: CTE, key: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    return [key >= cast(spans.c.first_id, Uuid), key < cast(spans.c.end_id, Uuid)]
