"""Sends responses while they are made: events as they happen, downloads of any length.

The first chunk is made before the status is sent. Until then errors are refused as at any other
endpoint, and the handler's changes are committed.

A stream of events may end at any time, so it ends properly: when the server stops, when the
database becomes unavailable, when the stream has lasted long enough. An incomplete download is cut
off instead, so that no client takes it for complete. When the server stops, a download has as much
time as any other response in flight.
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
from backend.web.app_context import RESPONSE_TIMEOUT, Pools, with_timeout
from backend.web.logs.crash_log import log_crash
from backend.web.request_context import RequestContext, wait_for_disconnect
from backend.web.responses.responses import StreamingResponse, start_message

STOPPING = "server_stopping"
"""Key in the ASGI state of the asyncio.Event that the server sets when it stops."""

log = structlog.get_logger()


async def send_stream(
    stream: StreamingResponse, request: RequestContext, pools: Pools, receive: Receive, send: Send
) -> None:
    """Send a stream, and always close its generator; HEAD makes no chunk.

    Re-raises the generator's error if nothing has been sent, so that the request can be refused.
    """
    chunks = stream.chunks
    source = chunks if isinstance(chunks, AsyncGenerator) else ThreadedStream(chunks, pools)
    out = _StreamSender(
        send, start_message(stream, request.cookies, (b"content-type", stream.media_type))
    )
    try:
        complete = request.method == "HEAD"
        if not complete:
            complete = await _send_until_closed(source, out, stream, request, receive)
    finally:
        stream.on_close()
        await source.aclose()
    if complete or not isinstance(source, ThreadedStream):
        await out.finish()


class ThreadedStream:
    """Runs a synchronous generator in worker threads, one chunk at a time."""

    def __init__(self, chunks: Generator[bytes, None, None], pools: Pools) -> None:
        self._chunks = chunks
        self._pools = pools
        self._job: Future[bytes | None] | None = None

    def __aiter__(self) -> "ThreadedStream":
        return self

    async def __anext__(self) -> bytes:
        self._job = self._pools.downloads.submit(next, self._chunks, None)
        chunk = await with_timeout(asyncio.wrap_future(self._job), RESPONSE_TIMEOUT)
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close the generator, at once or as soon as the chunk it is making is done."""
        if self._job is None or self._job.done():
            with contextlib.suppress(Refusal):  # no free thread; garbage collection closes it
                await self._pools.run(self._chunks.close)
        else:
            self._job.add_done_callback(lambda _: self._chunks.close())


class _StreamSender:
    """Sends the chunks. The status goes out with the first one."""

    def __init__(self, send: Send, start: dict[str, Any]) -> None:
        self._send = send
        self._start = start
        self.started = False

    async def send(self, chunk: bytes, *, more: bool = True) -> None:
        if not self.started:
            self.started = True
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def finish(self) -> None:
        await self.send(b"", more=False)


async def _send_until_closed(
    source: AsyncGenerator[bytes, None] | ThreadedStream,
    out: _StreamSender,
    stream: StreamingResponse,
    request: RequestContext,
    receive: Receive,
) -> bool:
    """Send chunk after chunk; returns whether the stream was sent to its end."""
    sending = asyncio.create_task(_send_all(source, out))
    watched = [sending, asyncio.create_task(wait_for_disconnect(receive))]
    if not isinstance(source, ThreadedStream):
        watched.append(asyncio.create_task(_wait_for_shutdown(request)))
    try:
        await asyncio.wait(watched, timeout=stream.max_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in watched:
            task.cancel()
        await asyncio.gather(*watched, return_exceptions=True)
    if sending.cancelled():
        return False
    try:
        sending.result()
    except Exception as error:
        if not out.started:
            raise
        is_expected = isinstance(error, Refusal | DatabaseUnavailable)
        if not is_expected:
            log_crash(request.scope)
        reason = str(error) if is_expected else type(error).__name__
        log.warning("stream_broken_off", reason=reason, request_id=request.client.request_id)
        return False
    return True


async def _send_all(
    source: AsyncGenerator[bytes, None] | ThreadedStream, out: _StreamSender
) -> None:
    async for chunk in source:
        await out.send(chunk)


async def _wait_for_shutdown(request: RequestContext) -> None:
    stopping: asyncio.Event = request.scope.get("state", {}).get(STOPPING) or asyncio.Event()
    await stopping.wait()
