"""Figures for charts, counted by the database: what happened, and how many sessions there were.

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
from backend.storage.tables import UtcDateTime, audit_events, sessions


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment on until before another."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What a span saw. Of the sessions, those that are still stored."""

    events: dict[str, int]
    sessions_begun: int
    sessions_run_out: int


def count_in_spans(db: Db, spans: Sequence[Span], kinds: Sequence[str]) -> Sequence[Counts]:
    """Count events of these kinds, and sessions, in each of the spans; up to a thousand spans."""
    numbered = _numbered(spans)
    counts = [_events(numbered, kind).scalar_subquery() for kind in kinds]
    counts += [_begun(numbered).scalar_subquery(), _run_out(numbered).scalar_subquery()]
    statement = select(numbered.c.number, *counts).order_by(numbered.c.number)
    found: list[list[int]] = [list(row) for row in db.execute(statement)]
    return [
        Counts(dict(zip(kinds, counted[1:-2], strict=True)), counted[-2], counted[-1])
        for counted in found
    ]


def count_live_sessions(db: Db, moment: datetime) -> int:
    """Count the sessions that had begun and not run out at a moment, of those still stored."""
    begun = select(func.count()).select_from(sessions).where(sessions.c.id < min_uuid7(moment))
    run_out = select(func.count()).where(sessions.c.expires_at < moment)
    return int(db.execute(select(begun.scalar_subquery() - run_out.scalar_subquery())).scalar_one())


def _numbered(spans: Sequence[Span]) -> CTE:
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
    found = select(func.count()).select_from(audit_events).where(audit_events.c.kind == kind)
    return found.where(*_within(spans, audit_events.c.id))


def _begun(spans: CTE) -> Select[Any]:
    return select(func.count()).select_from(sessions).where(*_within(spans, sessions.c.id))


def _run_out(spans: CTE) -> Select[Any]:
    ends = sessions.c.expires_at
    return select(func.count()).where(ends >= spans.c.since, ends < spans.c.until)


def _within(spans: CTE, key: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    return [key >= cast(spans.c.first_id, Uuid), key < cast(spans.c.end_id, Uuid)]
