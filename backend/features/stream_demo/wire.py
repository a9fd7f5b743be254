"""The events of the stream (WHATWG HTML, server-sent events)."""

from typing import Literal

from backend.web.wire import Moment, WireModel


class Tick(WireModel):
    """One of the events: which, and when it left."""

    number: int
    sent_at: Moment

    def as_event(self) -> bytes:
        return _event(self)


class Ended(WireModel):
    """Why the stream ends before its last event."""

    reason: Literal["signed-out"]

    def as_event(self) -> bytes:
        return b"event: end\n" + _event(self)


def _event(said: WireModel) -> bytes:
    return b"data: " + said.model_dump_json(by_alias=True).encode() + b"\n\n"
