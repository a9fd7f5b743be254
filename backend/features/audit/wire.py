"""The JSON of the audit trail and of charts."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from backend.kernel.events import EventKind
from backend.storage.queries.audit_list import AuditEvent, AuditFilter
from backend.web.query_types import Id, Number, Repeated
from backend.web.wire import Text, TimestampIn, TimestampOut, WireModel

_PAGE, _MAX_PAGE = 50, 200
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _check_range(value: datetime) -> datetime:
    if not _EARLIEST <= value <= _LATEST:
        raise PydanticCustomError("plain", "Invalid input")
    return value


Since = Annotated[TimestampIn, AfterValidator(_check_range)]
Kind = Annotated[EventKind, Field(strict=False)]


class EventQuery(WireModel):
    """Filters, all of which must match, and page. `kind` may be repeated; dates are ISO 8601."""

    kind: Annotated[list[Kind], Repeated, Field(default_factory=list)]
    id: Annotated[Id | None, Field(description="A single event.")] = None
    user: Annotated[
        Id | None,
        Field(description="The user who did it, was affected, or impersonated another user."),
    ] = None
    email: Annotated[
        Text | None,
        Field(description="Like `user`, by e-mail address.", examples=["ada@example.com"]),
    ] = None
    address: Annotated[Text | None, Field(examples=["203.0.113.7"])] = None
    request_id: Text | None = None
    since: Annotated[Since | None, Field(alias="from")] = None
    until: Annotated[Since | None, Field(alias="to", description="Exclusive.")] = None
    limit: Annotated[Number, Field(ge=1, le=_MAX_PAGE)] = _PAGE
    cursor: Annotated[
        Id | None, Field(description="`nextCursor` of the previous page, with the same filters.")
    ] = None

    def filter(self) -> AuditFilter:
        """Convert to a database query."""
        return AuditFilter(
            kinds=[kind.value for kind in self.kind],
            id=self.id,
            user_id=self.user,
            address=self.address,
            request_id=self.request_id,
            since=self.since,
            until=self.until,
            before=self.cursor,
        )


class EventOut(WireModel):
    """An event of the audit trail, with the same names as in the log."""

    id: UUID
    at: TimestampOut
    kind: str = Field(examples=["sign_in"])
    actor: UUID | None = Field(
        description="The user who did it; null for visitors and for the server."
    )
    subject: UUID | None = Field(description="The affected user.")
    impersonated_by: UUID | None = Field(
        description="The admin who impersonated `actor`; all zeros if that admin has been deleted."
    )
    address: str = Field(examples=["203.0.113.7"])
    agent: str = Field(examples=["Mozilla/5.0"])
    request_id: str = Field(examples=["01a203c2-7c95-7bd1-9d3e-2f64c1a0e7b8"])
    detail: dict[str, Any] = Field(examples=[{"method": "password"}])

    @classmethod
    def of(cls, event: AuditEvent) -> "EventOut":
        return cls(
            id=event.id,
            at=event.at,
            kind=event.kind,
            actor=event.actor_id,
            subject=event.subject_id,
            impersonated_by=event.impersonated_by,
            address=event.ip_address,
            agent=event.user_agent,
            request_id=event.request_id,
            detail=event.detail,
        )


class EventPage(WireModel):
    """A page of events, newest first; `emails` has the addresses of users who still exist."""

    events: list[EventOut]
    emails: dict[UUID, str]
    next_cursor: UUID | None


class StatsQuery(WireModel):
    """Which hours or days (in UTC). By default the last 48 hours, or the last 30 days."""

    by: Literal["hour", "day"] = "day"
    since: Annotated[Since | None, Field(alias="from")] = None
    until: Annotated[Since | None, Field(alias="to")] = None


class StatsOut(WireModel):
    """One hour or day. `activeSessions` counts the sessions that were live at its end, or are now.
    Ended sessions are not stored, so only the latest figure is exact; the earlier ones exclude
    sessions that have ended since."""

    start: TimestampOut
    sign_ins: int = Field(examples=[12])
    sign_in_failures: int = Field(examples=[1])
    sign_ups: int = Field(examples=[3])
    active_sessions: int = Field(examples=[40])


class Stats(WireModel):
    """Figures for a chart, oldest first, without gaps."""

    by: Literal["hour", "day"]
    buckets: list[StatsOut]
