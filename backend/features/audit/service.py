"""Pages of the audit trail, and statistics by hour and by day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from backend.kernel.email_address import normalize_email
from backend.kernel.events import EventKind
from backend.kernel.refusals import Refusal
from backend.storage.db import Db
from backend.storage.queries import users
from backend.storage.queries.audit_list import AuditEvent, AuditFilter, find_page
from backend.storage.queries.statistics import Counts, TimeSpan, count_in_spans, count_live_sessions

Unit = Literal["hour", "day"]
_WIDTH: dict[Unit, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_DEFAULT_BUCKETS: dict[Unit, int] = {"hour": 48, "day": 30}
_MAX_BUCKETS = 400  # hours or days in one answer
_KINDS = (EventKind.SIGN_IN.value, EventKind.SIGN_IN_FAILED.value, EventKind.SIGN_UP.value)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the trail, and the cursor of the next one."""

    events: Sequence[AuditEvent]
    emails: dict[UUID, str]
    next_cursor: UUID | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One hour or day."""

    start: datetime
    counts: Counts
    live_sessions: int


def read_page(db: Db, query: AuditFilter, email: str | None, limit: int) -> AuditPage:
    """Read a page of the trail, newest first, with the addresses of its users.

    `email` limits it to events by or about the user with this address.
    """
    if email is not None:
        owner = users.find_by_email(db, normalize_email(email))
        if owner is None or query.user_id not in {None, owner.id}:
            return AuditPage(events=[], emails={}, next_cursor=None)
        query = replace(query, user_id=owner.id)
    rows = find_page(db, query, limit + 1)  # one more tells whether there is a next page
    events = rows[:limit]
    user_ids = {
        user_id
        for event in events
        for user_id in (event.actor_id, event.subject_id, event.impersonated_by)
        if user_id
    }
    return AuditPage(
        events=events,
        emails=users.find_emails(db, user_ids) if user_ids else {},
        next_cursor=events[-1].id if len(rows) > limit else None,
    )


def count_by(
    db: Db, unit: Unit, since: datetime | None, until: datetime | None, now: datetime
) -> Sequence[Bucket]:
    """Count events in each hour or day between `since` and `until`; the last one ends now."""
    spans = _spans(unit, since, until, now)
    live = count_live_sessions(db, spans[0].since)
    buckets = []
    for span, counts in zip(spans, count_in_spans(db, spans, _KINDS), strict=True):
        live += counts.sessions_started - counts.sessions_expired
        buckets.append(Bucket(span.since, counts, live))
    return buckets


def _spans(
    unit: Unit, since: datetime | None, until: datetime | None, now: datetime
) -> list[TimeSpan]:
    width = _WIDTH[unit]
    soon = now + timedelta(milliseconds=1)  # so that events of this very moment count
    end = min(until or soon, soon)
    if since is not None and since >= end:
        raise Refusal("VALIDATION_ERROR", "[query.from] must be earlier than to, and than now")
    first = _truncate(since or end - (_DEFAULT_BUCKETS[unit] - 1) * width, unit)
    if (end - first) / width > _MAX_BUCKETS:
        raise Refusal(
            "VALIDATION_ERROR", f"[query.from] at most {_MAX_BUCKETS} {unit}s fit one answer"
        )
    starts = [first + number * width for number in range(-((first - end) // width))]
    return [TimeSpan(start, min(start + width, soon)) for start in starts]


def _truncate(time: datetime, unit: Unit) -> datetime:
    hour = time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if unit == "hour" else hour.replace(hour=0)
