"""Answers that are whole leave in one write.

uvicorn writes the head of an answer, then its body: two system calls and, without Nagle, two
packets, and it checks every header's characters every time. For an answer as short as a session's
that is a third of all it costs.
"""

import re
from functools import lru_cache
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Pair = tuple[bytes, bytes]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_WITHOUT_BODY = frozenset({204, 304})
_NEW_EACH_TIME = frozenset({b"x-request-id", b"set-cookie"})
_WATCHED = _NEW_EACH_TIME | {b"content-length", b"connection"}


class SingleWriteApp:
    """Runs an application for one request; holds its head back until the body is there."""

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
            if not message.get("more_body") and _is_free(cycle):
                _write(cycle, head["status"], head["headers"], message.get("body", b""))
                return
            await cycle.send(head)  # type: ignore[arg-type]
        await cycle.send(message)  # type: ignore[arg-type]


def _is_free(cycle: RequestResponseCycle) -> bool:
    return not (cycle.disconnected or cycle.flow.write_paused)


def _write(cycle: RequestResponseCycle, status: int, headers: list[Pair], body: bytes) -> None:
    """Do what uvicorn does with the two messages of an answer, in one go."""
    is_head = cycle.scope["method"] == "HEAD"
    lines = [STATUS_LINE[status], *map(_line, cycle.default_headers)]
    has_length = status in _WITHOUT_BODY
    for pair in headers:
        name = pair[0]
        if name not in _WATCHED:
            lines.append(_line(pair))
        elif name in _NEW_EACH_TIME:  # never asked for again, and one of them is a secret
            lines.append(_written(pair))
        elif name == b"connection":  # said once, below
            cycle.keep_alive = cycle.keep_alive and b"close" not in pair[1].lower()
        else:
            has_length = True
            if int(pair[1]) != len(body) and not is_head:
                raise RuntimeError("the body is not as long as Content-Length says")
            lines.append(_line(pair))
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


def _written(pair: Pair) -> bytes:
    """Return a header's line; raises RuntimeError for one that could end the head early."""
    name, value = pair
    if not _NAME.fullmatch(name) or _NOT_IN_A_VALUE.search(value):
        raise RuntimeError(f"the header {name!r} has characters that no header may have")
    return b"%b: %b\r\n" % (name.lower(), value)


_line = lru_cache(1024)(_written)


def mark_disconnected(cycle: RequestResponseCycle | None) -> None:
    """Let the application hear that its client has gone."""
    if cycle is not None:
        cycle.disconnected = True
        cycle.message_event.set()
