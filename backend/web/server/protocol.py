"""HTTP/1.1 connections with deadlines and limits, on top of uvicorn's httptools protocol.

uvicorn waits for ever for the rest of a request and reads a body of any length. Here a connection
has one deadline at a time, which moves only when a request enters the next phase: bytes that
trickle in do not extend it. After a refusal, nothing more is read from the connection.
"""

import asyncio
from collections.abc import Iterable
from math import inf
from sys import maxsize
from typing import Any, Final, cast

import httptools
from uvicorn._types import ASGI3Application, HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from backend.kernel.refusals import Refusal, service_unavailable
from backend.web.request_context import find_header
from backend.web.server import framing
from backend.web.server.connections import ClientConnection, ConnectionLimits, ConnectionRegistry
from backend.web.server.ignored_upgrade import IgnoredUpgrade
from backend.web.server.phases import ANSWERING, BODY, CLOSING, HEAD, IDLE
from backend.web.server.single_write import SingleWriteApp, mark_disconnected

SLASH, HASH = b"/#"

# Pipelining is rare, but a client may have its response before the application has returned.
MAX_PIPELINED: Final = 4
# A chunk of one byte takes six bytes on the wire; twice that is padding, not a body.
WIRE_BYTES_PER_BODY_BYTE: Final = 12


class GuardedProtocol(HttpToolsProtocol):
    """One client connection, which is refused once it breaks a limit, a deadline or the framing."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: ConnectionLimits,
        registry: ConnectionRegistry,
        cors_headers: framing.CorsHeaders,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._registry = registry
        self._cors_headers = cors_headers
        self.client_key: str | None = None
        self.phase = IDLE
        self.since = 0.0
        self._phase_has_deadline = False
        self._checked_scope: HTTPScope | None = None
        self._deadline = self._timer_at = inf
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._idle_seconds = limits.idle_seconds
        self._body_bytes = limits.body_bytes
        wire_bytes = limits.head_bytes + WIRE_BYTES_PER_BODY_BYTE * limits.body_bytes
        self._rooms = limits.head_bytes, wire_bytes, limits.body_bytes
        # How much is left of each limit for the request that is arriving.
        self._head_room, self._wire_room, self._body_room = self._rooms
        self._accepted_host: bytes | None = None
        self._answering: RequestResponseCycle | None = None
        self._upgrade: IgnoredUpgrade | None = None
        self._upgrade_ignored = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        peer, _ = get_remote_addr(transport) or ("", 0)
        connections = cast("set[ClientConnection]", self.connections)
        self.client_key = self._registry.acquire(peer, connections)
        if self.client_key is None:
            self.transport = transport
            self._stop_listening()
            self._write_refusal(service_unavailable(retry_after=5))
            transport.close()
            return
        super().connection_made(transport)
        self._expire_in(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        for handle in (self._timer, self._stalled):
            if handle is not None:
                handle.cancel()
        mark_disconnected(self._answering)
        if self.client_key is not None:
            self._registry.release(self.client_key)
        super().connection_lost(exc)

    def close_for_another(self) -> None:
        """Close this connection to make room: its client keeps the server waiting."""
        if self.phase != IDLE:
            self._refuse(service_unavailable(retry_after=5))
        self._stop_listening()
        self.transport.close()
        self._expire_in(self._limits.linger_seconds)  # the client may never read the rest

    def data_received(self, data: bytes) -> None:
        while len(data) > self._head_room:
            fitting, data = data[: self._head_room], data[self._head_room :]
            self.data_received(fitting)
        phase, cycle = self.phase, self.cycle
        if phase == CLOSING:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            if self.phase != CLOSING:  # what follows the body of an ignored upgrade is discarded
                self._refuse(framing.refusal_for_parse_error(error, data if phase == IDLE else b""))
        except httptools.HttpParserUpgrade as offer:
            # The request is answered without the upgrade, and nothing after it is read.
            self.cycle.keep_alive = False
            if self._upgrade is None:
                self._stop_listening()
            else:
                self._upgrade_ignored = True
                self.parser = cast(httptools.HttpRequestParser, self._upgrade)
                self.data_received(data[offer.args[0] :])
        else:
            if self._checked_scope is not self.scope:
                # Data in which another request ended is not counted: where it ended is unknown.
                self._await_head(len(data) if phase != BODY and cycle is self.cycle else 0)
            elif self.phase == BODY:
                self._await_body(len(data))

    def on_headers_complete(self) -> None:
        self._check_head()
        previous = self.cycle
        super().on_headers_complete()
        # Trailers would be appended to the headers the application has been given.
        self.headers = []
        self._checked_scope = self.scope
        self.phase = BODY
        self._phase_has_deadline = False
        self._head_room, self._wire_room, self._body_room = self._rooms
        if self.pipeline:
            self._keep_reading(previous)

    def on_body(self, body: bytes) -> None:
        self._body_room -= len(body)
        if self._body_room < 0:
            raise Refusal("PAYLOAD_TOO_LARGE")
        super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if self._upgrade is not None and not self._upgrade_ignored:
            return  # that was the head; the parser treats the rest as another protocol
        self._phase_has_deadline = False
        if cycle.response_complete:
            self._await_next_request()
        else:
            cycle.more_body = False
            cycle.message_event.set()
            self.phase = ANSWERING
            self._deadline = inf
        if self._upgrade_ignored:
            self._stop_listening()

    def on_response_complete(self) -> None:
        # Replaces uvicorn's, which makes a timer per request and cancels it at the next.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._stop_listening()
            self._expire_in(self._limits.idle_seconds)
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._answering, app = self.pipeline.pop()
            self._start_asgi_task(self._answering, app)
        elif self.phase == ANSWERING:
            self._await_next_request()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        wrapped: Any = SingleWriteApp(app, cycle)  # Starlette and uvicorn type messages differently
        super()._start_asgi_task(cycle, wrapped)

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

    def _check_head(self) -> None:
        """Raise Refusal for a request that must not reach the application."""
        host, length, coding = framing.read_framing(self.headers)
        version = self.parser.get_http_version()
        if version != "1.1" or coding is not None:
            framing.check_coding(version, coding)
        if host is None or host != self._accepted_host:
            framing.check_host(version, host)
            self._accepted_host = host
        if self.url[0] != SLASH or HASH in self.url:
            framing.check_target(self.parser.get_method(), self.url, host)
        if length is not None and length > self._body_bytes:
            raise Refusal("PAYLOAD_TOO_LARGE")
        if (length or coding) and self.parser.should_upgrade():
            self._upgrade = IgnoredUpgrade(self, None if coding else length)
        if len(self.pipeline) >= MAX_PIPELINED:
            raise framing.invalid_http()

    def _keep_reading(self, cycle: RequestResponseCycle) -> None:
        """Read on while `cycle` is answered, to notice a disconnect; uvicorn would pause."""
        self.flow.resume_reading()
        if len(self.pipeline) == 1:
            self._answering = cycle

    def _await_head(self, more: int) -> None:
        """Start the deadline with the first bytes of an incomplete head, and count its bytes."""
        self.phase = HEAD
        if not self._phase_has_deadline:
            self._phase_has_deadline = True
            self._expire_in(self._limits.head_seconds)
        self._head_room -= more
        if self._head_room <= 0:
            self._refuse(Refusal("REQUEST_HEADER_FIELDS_TOO_LARGE"))

    def _await_body(self, more: int) -> None:
        """Start the deadline with the first bytes of an incomplete body; count its wire bytes."""
        if not self._phase_has_deadline:
            self._phase_has_deadline = True
            self._expire_in(self._limits.body_seconds)
        self._wire_room -= more
        if self._wire_room <= 0:
            self._refuse(Refusal("PAYLOAD_TOO_LARGE"))

    def _await_next_request(self) -> None:
        self.phase = IDLE
        self.since = self.loop.time()
        self._deadline = self.since + self._idle_seconds
        if self._deadline < self._timer_at:
            self._arm()

    def _expire_in(self, seconds: float) -> None:
        self.since = self.loop.time()
        self._deadline = self.since + seconds
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
            # The deadline has moved: one timer follows it, instead of one timer for each request.
            if self._deadline < inf:
                self._arm()
        elif self.phase not in (HEAD, BODY) or self.transport.is_closing():
            self.transport.abort()
        elif self.flow.read_paused:
            # The server has stopped reading, so it is the client that waits.
            self._expire_in(self._limits.body_seconds)
        else:
            self._refuse(Refusal("REQUEST_TIMEOUT"))

    def _refuse(self, refusal: Refusal) -> None:
        """Send one refusal, stop reading, and close when the client has had time to receive it."""
        in_body = self.phase == BODY
        self._stop_listening()
        can_answer = True
        if in_body:
            can_answer = not self.cycle.response_started and not self.pipeline
            mark_disconnected(self._answering)
            mark_disconnected(self.cycle)
        elif self.cycle is not None and not self.cycle.response_complete:
            # A refusal now would be taken for the response to an earlier request.
            self.cycle.keep_alive = False
            return
        if can_answer:
            self._write_refusal(refusal, self.scope["headers"] if in_body else self.headers or ())
        self.transport.write_eof()
        self._expire_in(self._limits.linger_seconds)

    def _stop_listening(self) -> None:
        self.phase = CLOSING
        self._head_room = maxsize
        self._deadline = inf

    def _write_refusal(self, refusal: Refusal, request: Iterable[tuple[bytes, bytes]] = ()) -> None:
        cors = self._cors_headers(find_header([*request], b"origin"))
        server = self.server_state.default_headers
        self.transport.write(framing.closing_response(refusal, [*server, *cors]))
