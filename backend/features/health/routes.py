"""Liveness, readiness, and an example of a protected endpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from pydantic import Field

from backend import __version__
from backend.features.sessions.dependencies import Protected
from backend.features.sessions.wire import UserOut
from backend.kernel.clock import Clock
from backend.storage.engine import Database, DatabaseUnavailable
from backend.storage.opening import schema_version
from backend.web.responses.responses import Response
from backend.web.routing.routes import Routes
from backend.web.wire import TimestampOut, WireModel

routes = Routes(
    "service", auth_rules=False, about="This server itself, and an example of a protected endpoint."
)
_CACHE_SECONDS = 2.0  # for which /ready repeats its answer, so that probes are cheap

log = structlog.get_logger()


class Health(WireModel):
    """The process runs and answers."""

    status: Literal["ok"] = "ok"
    version: str = Field(default=__version__, examples=[__version__])


class Readiness(WireModel):
    """What the server needs to do its work, each in a word or a sentence. Of a database that is
    `read-only` or `full` one can still read; `replaced` is a SQLite file that is no longer the one
    the server opened; what is `unusable` lacks tables or rights, or its disk fails."""

    status: Literal["ready", "not ready"]
    database: Literal["ok", "away", "read-only", "full", "damaged", "replaced", "unusable"]
    migrations: Literal["current", "outdated", "unknown"]
    sessions: str = Field(examples=["cached"])


class Me(WireModel):
    """The caller."""

    user: UserOut
    session_expires_at: TimestampOut


@dataclass
class ReadinessProbe:
    """Queries the database, at most once every two seconds."""

    database: Database
    clock: Clock
    sessions_state: Callable[[], str]
    cached_at: float = float("-inf")
    cached: Readiness | None = None

    def read(self) -> Readiness:
        """Return the current state, cached for two seconds."""
        now = self.clock.monotonic()
        if self.cached is None or now - self.cached_at > _CACHE_SECONDS:
            self.cached, self.cached_at = self._read_database(), now
        return self.cached

    def _read_database(self) -> Readiness:
        state = self.sessions_state()
        try:
            step = schema_version.read_schema_version(self.database)
        except DatabaseUnavailable as error:
            log.warning("not_ready", database=error.fault, reason=str(error))
            return Readiness(
                status="not ready", database=error.fault.value, migrations="unknown", sessions=state
            )
        current = schema_version.is_current(step)
        return Readiness(
            status="ready" if current else "not ready",
            database="ok",
            migrations="current" if current else "outdated",
            sessions=state,
        )


@routes.get("/health", head=True, response_model=Health)
async def health() -> Health:
    """Tell that the process is up. Never asks the database: a probe must not keep it awake."""
    return Health()


@routes.get("/ready", head=True, response_model=Readiness, or_status=503)
def readiness(probe: ReadinessProbe) -> Response:
    """Tell whether requests can be served: 200, or 503 with what is missing."""
    state = probe.read()
    return Response(state, status=200 if state.status == "ready" else 503)


@routes.get("/api/me", response_model=Me)
async def me(current: Protected) -> Me:
    """Return the caller: the example of a protected endpoint. Limited per user."""
    return Me(user=UserOut.of(current.user), session_expires_at=current.session.expires_at)
