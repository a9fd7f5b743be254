"""HTTP endpoints of the panel's lists: users, as a page and as a file, and sessions."""

from typing import Annotated

from fastapi import Query

from backend.features.admin import user_listing
from backend.features.admin.permissions import LIST_USERS, authorise
from backend.features.admin.user_query import FilterUsers, PageOfUsers
from backend.features.management import user_export
from backend.features.management.wire import (
    ActiveUserOut,
    ActiveUsers,
    LiveSession,
    LiveSessions,
    SessionsQuery,
)
from backend.features.sessions.dependencies import Administrator
from backend.kernel.clock import Clock
from backend.kernel.events import Event, EventKind
from backend.storage.db import Db
from backend.storage.queries import session_list
from backend.storage.queries.user_list import EXACT_COUNT_LIMIT
from backend.storage.work import Work, run_query
from backend.web.app_context import AppContext
from backend.web.responses.responses import StreamingResponse
from backend.web.routing.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get("/users", response_model=ActiveUsers)
def find_users(
    _: Administrator, db: Db, clock: Clock, query: Annotated[PageOfUsers, Query()]
) -> ActiveUsers:
    """Find users, page by page, with their live sessions and last sign-in.

    `total` is exact up to 10,000; a larger total is an estimate.
    """
    now = clock.now()
    rows, total = user_listing.find_page(db, query.to_query(now, query.limit, query.offset))
    active = user_listing.add_activity(db, rows, now)
    return ActiveUsers(
        users=[ActiveUserOut.with_activity(each) for each in active],
        total=total,
        total_is_estimate=total > EXACT_COUNT_LIMIT,
        limit=query.limit,
        offset=query.offset,
    )


@routes.get(
    "/users.csv",
    response_model=StreamingResponse,
    downloads=True,
    media_type="text/csv",
    headers={"content-disposition": "A name for the file."},
    refusals=(LIST_USERS.refusal,),
)
def export_users(
    current: Administrator, work: Work, context: AppContext, query: Annotated[FilterUsers, Query()]
) -> StreamingResponse:
    """Download all users who match the filters, as CSV for a spreadsheet.

    Each admin can run one download at a time. The audit trail records who downloaded, and how many
    users there were at the start; above 10,000 that is an estimate.
    """
    database, now = context.runtime.database, work.now()
    user_query = query.to_query(now, user_export.BATCH)
    matching = run_query(database, lambda db: user_listing.count(db, user_query.conditions))
    authorise(work, current, LIST_USERS)
    detail: dict[str, str | int | bool] = {
        "users": matching,
        "filters": ",".join(query.active_filters()),
    }
    if matching > EXACT_COUNT_LIMIT:
        detail["is_estimate"] = True
    work.record(Event(EventKind.USERS_EXPORTED, current.user.id, detail=detail))
    return StreamingResponse(
        user_export.render_csv(user_listing.iterate_batches(database, user_query, now)),
        b"text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="users-{now:%Y-%m-%d}.csv"'},
    )


@routes.get("/sessions", response_model=LiveSessions)
def find_sessions(
    _: Administrator, db: Db, clock: Clock, query: Annotated[SessionsQuery, Query()]
) -> LiveSessions:
    """Find live sessions of all users, newest first, page by page."""
    rows = session_list.find_page(db, query.filter(), clock.now(), query.limit + 1)
    page = [LiveSession.of(each) for each in rows[: query.limit]]
    return LiveSessions(sessions=page, cursor=page[-1].id if len(rows) > query.limit else None)
