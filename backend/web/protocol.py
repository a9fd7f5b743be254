"""HTTP/1.1 connections with deadlines and limits, on top of uvicorn's httptools protocol.

uvicorn waits for ever for the rest of a request and reads a body of any length. Here a connection
has one deadline at a time, which moves only when a request passes from one phase to the next:
bytes that trickle in do not extend it. After a refusal nobody listens to the connection again.
"""

import asyncio
from dataclasses import dataclass
from math import inf
from sys import maxsize
from typing import Any, Final

import httptools
from uvicorn._types import ASGI3Application, HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from backend.kernel.refusals import Refusal, unavailable
from backend.web import framing
from backend.web.whole_answer import WholeAnswer

IDLE, ANSWERING, HEAD, BODY, CLOSING = range(5)

SLASH: Final = ord("/")
HASH: Final = ord("#")

# Clients hardly do it, but an answer may be whole for them before the application has returned.
PIPELINED_AT_MOST: Final = 4
# A chunk of one byte takes six on the wire; at twice that it is padding, not a body.
WIRE_BYTES_PER_BODY_BYTE: Final = 12


@dataclass(frozen=True)
class ConnectionLimits:
    """What one client may ask of the server, in bytes and seconds (OWASP ASVS 5.0 15.2.2)."""

    head_bytes: int = 32 * 1024
    body_bytes: int = 64 * 1024
    head_seconds: float = 10
    body_seconds: float = 20
    idle_seconds: float = 65
    # Each takes a file descriptor, and systems commonly grant a process 1,024 of them.
    connections: int = 1000
    # How long a refused client may go on sending. Closing a socket with unread bytes resets it,
    # and the reset can overtake the answer that says what was wrong.
    linger_seconds: float = 2
    # How long answers in flight may take once the server stops; then event streams are cut.
    drain_seconds: float = 6


class GuardedProtocol(HttpToolsProtocol):
    """One client connection, refused as soon as it breaks a limit, a deadline or the framing."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: ConnectionLimits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._phase = IDLE
        self._phase_has_deadline = False
        self._judged_scope: HTTPScope | None = None
        self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._stalled: asyncio.TimerHandle | None = None
        self._idle_seconds = limits.idle_seconds
        self._head_bytes = limits.head_bytes
        self._body_bytes = limits.body_bytes
        self._wire_bytes = limits.head_bytes + WIRE_BYTES_PER_BODY_BYTE * limits.body_bytes
        # How much is left of each limit for the request that is arriving.
        self._head_room = self._head_bytes
        self._wire_room = self._wire_bytes
        self._body_room = self._body_bytes
        self._accepted_host: bytes | None = None
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self._limits.connections:
            self.transport = transport
            self._stop_listening()
            transport.write(self._last_words(unavailable(retry_after=5)))
            transport.close()
            return
        super().connection_made(transport)
        self._expire_in(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        for handle in (self._timer, self._stalled):
            if handle is not None:
                handle.cancel()
        _tell_disconnected(self._running)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        while len(data) > self._head_room:
            fitting, data = data[: self._head_room], data[self._head_room :]
            self.data_received(fitting)
        phase, cycle = self._phase, self.cycle
        if phase == CLOSING:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._refuse(framing.refusal_for(error, data if phase == IDLE else b""))
        except httptools.HttpParserUpgrade:
            # The request is answered as if it had not asked; what follows it is not HTTP/1.1.
            self.cycle.keep_alive = False
            self._stop_listening()
        else:
            if self._judged_scope is not self.scope:
                # Data in which another request ended is not counted: no one knows where.
                self._await_head(len(data) if phase != BODY and cycle is self.cycle else 0)
            elif self._phase == BODY:
                self._await_body(len(data))

    def on_headers_complete(self) -> None:
        self._judge_head()
        overtaken = self.cycle
        super().on_headers_complete()
        # Trailers would be appended to the headers the application has been given.
        self.headers = []
        self._judged_scope = self.scope
        self._phase = BODY
        self._phase_has_deadline = False
        self._head_room = self._head_bytes
        self._wire_room = self._wire_bytes
        self._body_room = self._body_bytes
        if self.pipeline:
            self._overtake(overtaken)

    def on_body(self, body: bytes) -> None:
        self._body_room -= len(body)
        if self._body_room < 0:
            raise Refusal("PAYLOAD_TOO_LARGE")
        super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        self._phase_has_deadline = False
        if cycle.response_complete:
            self._await_next_request()
        else:
            cycle.more_body = False
            cycle.message_event.set()
            self._phase = ANSWERING
            self._deadline = inf

    def on_response_complete(self) -> None:
        # Replaces uvicorn's, which makes a timer per request and cancels it at the next.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._stop_listening()
            self._expire_in(self._limits.idle_seconds)
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._running, app = self.pipeline.pop()
            self._start_asgi_task(self._running, app)
        elif self._phase == ANSWERING:
            self._await_next_request()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        whole: Any = WholeAnswer(app, cycle)  # Starlette's types of messages and uvicorn's differ
        super()._start_asgi_task(cycle, whole)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self._limits.idle_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def shutdown(self) -> None:
        super().shutdown()
        self.loop.call_later(self._limits.drain_seconds, self.transport.abort)

    def _judge_head(self) -> None:
        """Raise Refusal before the application hears of a request it must not see."""
        host, length, coding = framing.framing_of(self.headers)
        version = self.parser.get_http_version()
        if version != "1.1" or coding is not None:
            framing.judge_coding(version, coding)
        if host is None or host != self._accepted_host:
            framing.judge_host(version, host)
            self._accepted_host = host
        if self.url[0] != SLASH or HASH in self.url:
            framing.judge_target(self.parser.get_method(), self.url, host)
        if length is not None and length > self._body_bytes:
            raise Refusal("PAYLOAD_TOO_LARGE")
        if (length or coding) and self.parser.should_upgrade():
            # The parser leaves this body to the upgraded protocol, and would read what comes of
            # it later as a request.
            raise framing.not_http()
        if len(self.pipeline) >= PIPELINED_AT_MOST:
            raise framing.not_http()

    def _overtake(self, cycle: RequestResponseCycle) -> None:
        """Let the request that is being answered hear of it when its client goes.

        uvicorn stops reading until the answer is out, and tells only the newest request.
        """
        self.flow.resume_reading()
        if len(self.pipeline) == 1:
            self._running = cycle

    def _await_head(self, more: int) -> None:
        """Start the deadline with the first unfinished bytes of a head, and count them."""
        self._phase = HEAD
        if not self._phase_has_deadline:
            self._phase_has_deadline = True
            self._expire_in(self._limits.head_seconds)
        self._head_room -= more
        if self._head_room <= 0:
            self._refuse(Refusal("REQUEST_HEADER_FIELDS_TOO_LARGE"))

    def _await_body(self, more: int) -> None:
        """Start the deadline with the first unfinished bytes of a body, and count the wire's."""
        if not self._phase_has_deadline:
            self._phase_has_deadline = True
            self._expire_in(self._limits.body_seconds)
        self._wire_room -= more
        if self._wire_room <= 0:
            self._refuse(Refusal("PAYLOAD_TOO_LARGE"))

    def _await_next_request(self) -> None:
        self._phase = IDLE
        self._deadline = self.loop.time() + self._idle_seconds
        if self._deadline < self._timer_at:
            self._arm()

    def _expire_in(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds
        if self._deadline < self._timer_at:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._deadline
        self._timer = self.loop.call_at(self._timer_at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = inf
        if self.loop.time() < self._deadline:
            # The deadline has moved on since: one timer follows it, instead of one per request.
            if self._deadline < inf:
                self._arm()
        elif self._phase not in (HEAD, BODY) or self.transport.is_closing():
            self.transport.abort()
        elif self.flow.read_paused:
            # It is the client who waits for us.
            self._expire_in(self._limits.body_seconds)
        else:
            self._refuse(Refusal("REQUEST_TIMEOUT"))

    def _refuse(self, refusal: Refusal) -> None:
        """Say no once, stop listening, and close when the client has had time to read it."""
        in_body = self._phase == BODY
        self._stop_listening()
        if in_body:
            answerable = not self.cycle.response_started and not self.pipeline
            _tell_disconnected(self._running)
            _tell_disconnected(self.cycle)
        elif self.cycle is not None and not self.cycle.response_complete:
            # An answer is still owed to an earlier request; this one must not be taken for it.
            self.cycle.keep_alive = False
            return
        else:
            answerable = True
        if answerable:
            self.transport.write(self._last_words(refusal))
        self.transport.write_eof()
        self._expire_in(self._limits.linger_seconds)

    def _stop_listening(self) -> None:
        self._phase = CLOSING
        self._head_room = maxsize
        self._deadline = inf

    def _last_words(self, refusal: Refusal) -> bytes:
        return framing.last_words(refusal, self.server_state.default_headers)


def _tell_disconnected(cycle: RequestResponseCycle | None) -> None:
    if cycle is not None:
        cycle.disconnected = True
        cycle.message_event.set()
