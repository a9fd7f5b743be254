"""The log over HTTP, for admins."""

from typing import Annotated

from fastapi import Query

from backend.features.admin import log
from backend.features.admin.log import LogOut, LogQuery
from backend.features.sessions.guard import Administrator
from backend.web.log_ring import LogRing
from backend.web.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get("/log", answers=LogOut)
def read_log(_: Administrator, ring: LogRing, query: Annotated[LogQuery, Query()]) -> LogOut:
    """Read the latest log lines of this process, newest first.

    They are kept in memory only: at most 2,000, and none from before the start. With several
    replicas each has its own.
    """
    return log.read(ring, query)
