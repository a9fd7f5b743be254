"""HTTP endpoint of the log, for admins."""

from typing import Annotated

from fastapi import Query

from backend.features.management import log
from backend.features.management.log import LogOut, LogQuery
from backend.features.sessions.dependencies import Administrator
from backend.web.logs.log_ring import LogRing
from backend.web.routing.routes import Routes

routes = Routes("admin", prefix="/api/admin", auth_rules=False)


@routes.get("/log", response_model=LogOut)
def read_log(_: Administrator, ring: LogRing, query: Annotated[LogQuery, Query()]) -> LogOut:
    """Read the latest log lines of this process, newest first.

    The latest 2,000 are kept in memory; a restart discards them. Each replica has its own.
    """
    return log.read(ring, query)
