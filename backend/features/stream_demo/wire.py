"""The events of the stream (WHATWG HTML, server-sent events)."""

from typing import Literal

from backend.web.wire import TimestampOut, WireModel


class Tick(WireModel):
    """One of the events: which, and when it left."""

    number: int
    sent_at: TimestampOut

    def as_event(self) -> bytes:
        return _format_event(self)


class Ended(WireModel):
    """Why the stream ends before its last event."""

    reason: Literal["signed-out"]

    def as_event(self) -> bytes:
        return b"event: end\n" + _format_event(self)


def _format_event(payload: WireModel) -> bytes:
    return b"data: " + payload.model_dump_json(by_alias=True).encode() + b"\n\n"
