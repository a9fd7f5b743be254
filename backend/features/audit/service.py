"""Pages of the audit trail, and its figures by hour and by day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from backend.kernel.email_address import normal_form
from backend.kernel.events import EventKind
from backend.kernel.refusals import Refusal
from backend.storage.db import Db
from backend.storage.queries import users
from backend.storage.queries.audit_list import AuditEvent, Filter, find_page
from backend.storage.queries.statistics import Counts, Span, count_in_spans, count_live_sessions

Unit = Literal["hour", "day"]
_WIDTH: dict[Unit, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_USUALLY: dict[Unit, int] = {"hour": 48, "day": 30}
_MOST = 400  # hours or days in one answer
_KINDS = (EventKind.SIGN_IN.value, EventKind.SIGN_IN_FAILED.value, EventKind.SIGN_UP.value)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the trail, and where the next one begins, if there is one."""

    events: Sequence[AuditEvent]
    emails: dict[UUID, str]
    next_cursor: UUID | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One hour or day."""

    start: datetime
    counts: Counts
    live_sessions: int


def read_page(db: Db, wanted: Filter, email: str | None, limit: int) -> Page:
    """Read a page of the trail, newest first, with the addresses of those it names.

    With `email` only what the user who has this address did, or had done to them.
    """
    if email is not None:
        owner = users.find_by_email(db, normal_form(email))
        if owner is None or wanted.user_id not in {None, owner.id}:
            return Page(events=[], emails={}, next_cursor=None)
        wanted = replace(wanted, user_id=owner.id)
    found = find_page(db, wanted, limit + 1)  # the one too many tells that there is more
    events = found[:limit]
    named = {
        who
        for event in events
        for who in (event.actor_id, event.subject_id, event.impersonated_by)
        if who
    }
    return Page(
        events=events,
        emails=users.emails_of(db, named) if named else {},
        next_cursor=events[-1].id if len(found) > limit else None,
    )


def count_by(
    db: Db, unit: Unit, since: datetime | None, until: datetime | None, now: datetime
) -> Sequence[Bucket]:
    """Count what happened in each hour or day that a time touches; the last one ends now."""
    spans = _spans(unit, since, until, now)
    live = count_live_sessions(db, spans[0].since)
    buckets = []
    for span, counts in zip(spans, count_in_spans(db, spans, _KINDS), strict=True):
        live += counts.sessions_begun - counts.sessions_run_out
        buckets.append(Bucket(span.since, counts, live))
    return buckets


def _spans(unit: Unit, since: datetime | None, until: datetime | None, now: datetime) -> list[Span]:
    width = _WIDTH[unit]
    soon = now + timedelta(milliseconds=1)  # so that what happens this very moment counts
    end = min(until or soon, soon)
    if since is not None and since >= end:
        raise Refusal("VALIDATION_ERROR", "[query.from] must be earlier than to, and than now")
    first = _start(since or end - (_USUALLY[unit] - 1) * width, unit)
    if (end - first) / width > _MOST:
        raise Refusal("VALIDATION_ERROR", f"[query.from] at most {_MOST} {unit}s fit one answer")
    starts = [first + number * width for number in range(-((first - end) // width))]
    return [Span(start, min(start + width, soon)) for start in starts]


def _start(moment: datetime, unit: Unit) -> datetime:
    whole = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return whole if unit == "hour" else whole.replace(hour=0)
