"""Sends the head and body of a response in one write.

uvicorn writes them separately: two system calls and, without Nagle's algorithm, two packets, and it
validates every header every time. For a short response such as a session, that is a third of the
cost.
"""

import re
from functools import lru_cache
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Pair = tuple[bytes, bytes]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN_IN_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STATUSES_WITHOUT_BODY = frozenset({204, 304})
_UNCACHED_HEADERS = frozenset({b"x-request-id", b"set-cookie"})
_SPECIAL_HEADERS = _UNCACHED_HEADERS | {b"content-length", b"connection"}


class SingleWriteApp:
    """Runs an application for one request; delays the response's head until its body is there."""

    __slots__ = ("_app", "_cycle", "_head")

    def __init__(self, app: Any, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._head: Message | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        return self._app(scope, receive, self._send)

    async def _send(self, message: Message) -> None:
        cycle, head = self._cycle, self._head
        if head is None:
            if message["type"] == "http.response.start" and not cycle.response_started:
                self._head = message
                return
        else:
            self._head = None
            if not message.get("more_body") and _can_write(cycle):
                _write(cycle, head["status"], head["headers"], message.get("body", b""))
                return
            await cycle.send(head)  # type: ignore[arg-type]
        await cycle.send(message)  # type: ignore[arg-type]


def _can_write(cycle: RequestResponseCycle) -> bool:
    return not (cycle.disconnected or cycle.flow.write_paused)


def _write(cycle: RequestResponseCycle, status: int, headers: list[Pair], body: bytes) -> None:
    """Do at once what uvicorn does for the two messages of a response."""
    is_head = cycle.scope["method"] == "HEAD"
    lines = [STATUS_LINE[status], *map(_render_cached, cycle.default_headers)]
    has_length = status in _STATUSES_WITHOUT_BODY
    for pair in headers:
        name = pair[0]
        if name not in _SPECIAL_HEADERS:
            lines.append(_render_cached(pair))
        elif name in _UNCACHED_HEADERS:  # never the same twice, and one of them is a secret
            lines.append(_render_header(pair))
        elif name == b"connection":  # written once, below
            cycle.keep_alive = cycle.keep_alive and b"close" not in pair[1].lower()
        else:
            has_length = True
            if int(pair[1]) != len(body) and not is_head:
                raise RuntimeError("the body is not as long as Content-Length says")
            lines.append(_render_cached(pair))
    if not has_length:
        lines.append(b"content-length: %d\r\n" % len(body))
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    lines += [b"\r\n"] if is_head else [b"\r\n", body]
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(lines))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def _render_header(pair: Pair) -> bytes:
    """Return a header's line; raises RuntimeError for invalid characters, such as a line break."""
    name, value = pair
    if not _NAME.fullmatch(name) or _FORBIDDEN_IN_VALUE.search(value):
        raise RuntimeError(f"the header {name!r} has characters that no header may have")
    return b"%b: %b\r\n" % (name.lower(), value)


_render_cached = lru_cache(1024)(_render_header)


def mark_disconnected(cycle: RequestResponseCycle | None) -> None:
    """Send the application http.disconnect."""
    if cycle is not None:
        cycle.disconnected = True
        cycle.message_event.set()
