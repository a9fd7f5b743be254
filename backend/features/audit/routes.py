"""HTTP endpoints of the audit trail, for admins."""

from typing import Annotated

from fastapi import Query

from backend.features.audit import service
from backend.features.audit.service import Bucket
from backend.features.audit.wire import EventOut, EventPage, EventQuery, Stats, StatsOut, StatsQuery
from backend.features.sessions.dependencies import Administrator
from backend.kernel.clock import Clock
from backend.kernel.events import EventKind
from backend.storage.db import Db
from backend.web.routing.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get("/events", response_model=EventPage)
def read_events(_: Administrator, db: Db, query: Annotated[EventQuery, Query()]) -> EventPage:
    """Read the audit trail, newest first, page by page."""
    page = service.read_page(db, query.filter(), query.email, query.limit)
    return EventPage(
        events=[EventOut.of(event) for event in page.events],
        emails=page.emails,
        next_cursor=page.next_cursor,
    )


@routes.get("/stats", response_model=Stats)
def read_stats(
    _: Administrator, db: Db, clock: Clock, query: Annotated[StatsQuery, Query()]
) -> Stats:
    """Count sign-ins, failures, sign-ups and live sessions by hour or by day."""
    buckets = service.count_by(db, query.by, query.since, query.until, clock.now())
    return Stats(by=query.by, buckets=[_render_bucket(bucket) for bucket in buckets])


def _render_bucket(bucket: Bucket) -> StatsOut:
    events = bucket.counts.events
    return StatsOut(
        start=bucket.start,
        sign_ins=events[EventKind.SIGN_IN.value],
        sign_in_failures=events[EventKind.SIGN_IN_FAILED.value],
        sign_ups=events[EventKind.SIGN_UP.value],
        active_sessions=bucket.live_sessions,
    )
