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
    "service",
    auth_rules=False,
    about="The server's health, and examples of protected endpoints.",
)
_CACHE_SECONDS = 2.0  # for which /ready repeats its answer, so that probes are cheap

log = structlog.get_logger()


class Health(WireModel):
    """The process is running."""

    status: Literal["ok"] = "ok"
    version: str = Field(default=__version__, examples=[__version__])


class Readiness(WireModel):
    """What the server needs, each in a word or a sentence. A `read-only` or `full` database can
    still be read. `replaced`: the SQLite file is no longer the one that the server opened.
    `unusable`: tables or permissions are missing, or the disk is failing."""

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
    """Report that the process is running. Does not query the database, so probes let it sleep."""
    return Health()


@routes.get("/ready", head=True, response_model=Readiness, or_status=503)
def readiness(probe: ReadinessProbe) -> Response:
    """Report whether requests can be served: 200, or 503 with what is missing."""
    state = probe.read()
    return Response(state, status=200 if state.status == "ready" else 503)


@routes.get("/api/me", response_model=Me)
async def me(current: Protected) -> Me:
    """Return the caller, as an example of a protected endpoint. Rate limited per user."""
    return Me(user=UserOut.of(current.user), session_expires_at=current.session.expires_at)
