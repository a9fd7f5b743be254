"""Sending an answer while it is still being made: events as they happen, downloads of any length.

The first piece is made before the status is sent. Until then everything is refused as at any other
endpoint, and what the handler wrote is committed.

Events may end at any time, so they end properly: when the server stops, when the database goes
away, when the stream has lasted long enough. A download that is not whole is cut instead, so that
nobody takes it for whole. When the server stops it has as long as any answer in flight.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future
from typing import Any

import structlog
from starlette.types import Receive, Send

from backend.kernel.refusals import Refusal
from backend.storage.engine import DatabaseUnavailable
from backend.web.app_context import ANSWER_WITHIN, Pools, in_time
from backend.web.logs.crash_log import crashed
from backend.web.request_context import RequestContext, departure
from backend.web.responses.responses import StreamingResponse, head

STOPPING = "server_stopping"
"""Where in the ASGI state the server keeps the asyncio.Event that it sets when it stops."""

log = structlog.get_logger()


async def pour(
    stream: StreamingResponse, request: RequestContext, pools: Pools, receive: Receive, send: Send
) -> None:
    """Send a stream, and close its generator whatever happens; HEAD makes no piece.

    Raises what the generator raises while nothing is sent yet, so that it can be refused.
    """
    pieces = stream.pieces
    source = pieces if isinstance(pieces, AsyncGenerator) else InThreads(pieces, pools)
    out = _Out(send, head(stream, request.cookies, (b"content-type", stream.media_type)))
    try:
        whole = request.method == "HEAD" or await _sent_whole(source, out, stream, request, receive)
    finally:
        stream.when_over()
        await source.aclose()
    if whole or not isinstance(source, InThreads):
        await out.finish()


class InThreads:
    """Draws from a synchronous generator in worker threads, one piece at a time."""

    def __init__(self, pieces: Generator[bytes, None, None], pools: Pools) -> None:
        self._pieces = pieces
        self._pools = pools
        self._job: Future[bytes | None] | None = None

    def __aiter__(self) -> "InThreads":
        return self

    async def __anext__(self) -> bytes:
        self._job = self._pools.downloads.submit(next, self._pieces, None)
        piece = await in_time(asyncio.wrap_future(self._job), ANSWER_WITHIN)
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the generator; while it makes a piece it cannot be closed, so right after that."""
        if self._job is None or self._job.done():
            with contextlib.suppress(Refusal):  # no thread is free: dropping it closes it too
                await self._pools.ask(self._pieces.close)
        else:
            self._job.add_done_callback(lambda _: self._pieces.close())


class _Out:
    """The way out. The status goes with the first piece."""

    def __init__(self, send: Send, start: dict[str, Any]) -> None:
        self._send = send
        self._start = start
        self.started = False

    async def send(self, piece: bytes, *, more: bool = True) -> None:
        if not self.started:
            self.started = True
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def finish(self) -> None:
        await self.send(b"", more=False)


async def _sent_whole(
    source: AsyncGenerator[bytes, None] | InThreads,
    out: _Out,
    stream: StreamingResponse,
    request: RequestContext,
    receive: Receive,
) -> bool:
    """Send piece after piece; returns whether the last one was sent."""
    sending = asyncio.create_task(_send_all(source, out))
    watched = [sending, asyncio.create_task(departure(receive))]
    if not isinstance(source, InThreads):
        watched.append(asyncio.create_task(_stopping(request)))
    try:
        await asyncio.wait(watched, timeout=stream.seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in watched:
            each.cancel()
        await asyncio.gather(*watched, return_exceptions=True)
    if sending.cancelled():
        return False
    try:
        sending.result()
    except Exception as error:
        if not out.started:
            raise
        foreseen = isinstance(error, Refusal | DatabaseUnavailable)
        if not foreseen:
            crashed(request.scope)
        reason = str(error) if foreseen else type(error).__name__
        log.warning("stream_broken_off", reason=reason, request_id=request.client.request_id)
        return False
    return True


async def _send_all(source: AsyncGenerator[bytes, None] | InThreads, out: _Out) -> None:
    async for piece in source:
        await out.send(piece)


async def _stopping(request: RequestContext) -> None:
    stopping: asyncio.Event = request.scope.get("state", {}).get(STOPPING) or asyncio.Event()
    await stopping.wait()
