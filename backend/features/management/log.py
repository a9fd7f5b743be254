"""The latest log lines as admins read them."""

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from backend.web.logs.log_ring import LogRing
from backend.web.query_types import Number
from backend.web.wire import NotNull, Text, TimestampOut, WireModel

Level = Literal["debug", "info", "warning", "error", "critical"]


class LogQuery(WireModel):
    """Filters. A line must match all of them."""

    request_id: Annotated[
        Text | None,
        NotNull,
        Field(description="From `X-Request-Id` or the audit trail."),
    ] = None
    level: Annotated[Level, Field(description="The lowest level to return.")] = "debug"
    limit: Annotated[Number, Field(ge=1, le=1000)] = 100


class LineOut(WireModel):
    """One log line. `fields` contains its other fields, such as `address` or `exception`."""

    at: TimestampOut
    level: str = Field(examples=["info"])
    event: str = Field(examples=["sign_in"])
    request_id: str | None = Field(examples=["5f1c9be0a7d2-3"])
    fields: dict[str, str | int | float | bool | None] = Field(
        examples=[{"address": "203.0.113.7", "detail_method": "password"}]
    )


class LogOut(WireModel):
    """The latest log lines of this process, newest first."""

    lines: list[LineOut]


def read(ring: LogRing, query: LogQuery) -> LogOut:
    """Return the lines that a query asks for."""
    lines = ring.latest(query.limit, level=query.level, request_id=query.request_id)
    return LogOut(lines=[LineOut(**asdict(line)) for line in lines])
