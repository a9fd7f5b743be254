"""Answers that are made while they leave, over HTTP/1.1 as Gatehouse speaks it."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from backend.storage.engine import DatabaseUnavailable
from backend.web.app_context import Pools
from backend.web.edge.client_address import ClientAddresses
from backend.web.request_context import RequestContext
from backend.web.responses.responses import StreamingResponse
from backend.web.responses.streaming import send_stream
from tests.make import make_settings
from tests.rig.background import in_background
from tests.server.toy import CHUNK, Toy
from tests.server.wire_client import TIMEOUT, WireClient


class Streamer(Toy):
    """Serves streams that wait after their first piece; GET /open and `gate` let them go on."""

    def __init__(self, pools: Pools) -> None:
        super().__init__()
        self._pools = pools
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.closed = threading.Event()
        self.max_seconds = float(TIMEOUT)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        streams = {"/events": self.events, "/endless": self.endless, "/rows": self.rows}
        pieces: Any = streams.get(scope.get("path", ""))
        if pieces is None:
            await super().__call__(scope, receive, send)
            return
        stream = StreamingResponse(pieces(), b"text/plain", max_seconds=self.max_seconds)
        await send_stream(
            stream, RequestContext(scope, ClientAddresses((), None)), self._pools, receive, send
        )

    async def events(self) -> AsyncGenerator[bytes, None]:
        try:
            self.begun.set()
            yield b"data: 1\n\n"
            await self.door.wait()
            yield b"data: 2\n\n"
        finally:
            self.closed.set()

    async def endless(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield CHUNK
                await asyncio.sleep(0)
        finally:
            self.closed.set()

    def rows(self) -> Generator[bytes, None, None]:
        try:
            yield b"1\n"
            self.begun.set()
            self.gate.wait(TIMEOUT)
            yield b"2\n"
            if self.door.is_set():
                raise DatabaseUnavailable("it went away")
        finally:
            self.closed.set()


class RunningServer:
    """A server with its streamer; it can be stopped while a test looks on."""

    def __init__(self, streamer: Streamer) -> None:
        self.streamer = streamer
        self._server = ExitStack()
        self._clients = ExitStack()
        self._address = self._server.enter_context(in_background(streamer))

    def connect(self) -> WireClient:
        return self._clients.enter_context(closing(WireClient(self._address)))

    def get(self, path: str) -> WireClient:
        """Ask for a stream, and read its head."""
        client = self.connect().get(path)
        head = client.response()
        assert (head.status, head.headers["transfer-encoding"]) == (200, "chunked")
        return client

    def begin_to_stop(self) -> threading.Thread:
        """Tell the server to stop, and return once it does."""
        idle = self.connect()
        idle.get("/health").response()
        stopping = threading.Thread(target=self._server.close)
        stopping.start()
        assert idle.is_closed()
        return stopping

    def close(self) -> None:
        self._clients.close()
        self._server.close()


@pytest.fixture
def server(tmp_path) -> Iterator[RunningServer]:
    pools = Pools(make_settings(tmp_path))
    running = RunningServer(Streamer(pools))
    yield running
    running.streamer.gate.set()
    running.close()
    pools.close()


def test_the_first_event_arrives_before_the_second_is_made(server):
    client = server.get("/events")
    assert client.chunk() == b"data: 1\n\n"
    server.connect().get("/open").response()
    assert [client.chunk(), client.chunk()] == [b"data: 2\n\n", b""]
    assert server.streamer.closed.wait(TIMEOUT)


def test_the_first_rows_arrive_before_the_others_are_made(server):
    client = server.get("/rows")
    assert client.chunk() == b"1\n"
    server.streamer.gate.set()
    assert [client.chunk(), client.chunk()] == [b"2\n", b""]


@pytest.mark.parametrize("path", ["/events", "/rows"])
def test_after_a_stream_the_connection_serves_the_next_request(server, path):
    server.streamer.gate.set()
    if path == "/events":
        server.connect().get("/open").response()
    client = server.get(path)
    assert [client.chunk() for _ in range(3)][-1] == b""
    assert client.get("/health").response().json == {"status": "ok"}


@pytest.mark.parametrize("path", ["/events", "/rows"])
def test_head_tells_the_same_without_a_body_and_makes_nothing(server, path):
    client = server.connect().send(f"HEAD {path} HTTP/1.1", "Host: localhost")
    head = client.response()
    assert (head.status, head.headers["content-type"], head.body) == (200, "text/plain", b"")
    assert client.get("/health").response().json == {"status": "ok"}
    assert not server.streamer.begun.is_set()


@pytest.mark.parametrize("path", ["/events", "/endless"])
def test_a_reader_who_leaves_frees_the_stream(server, path):
    server.get(path).close()
    assert server.streamer.closed.wait(TIMEOUT)


def test_a_download_is_freed_when_its_piece_is_made(server):
    client = server.get("/rows")
    assert server.streamer.begun.wait(TIMEOUT)
    client.close()
    assert not server.streamer.closed.is_set()
    server.streamer.gate.set()
    assert server.streamer.closed.wait(TIMEOUT)


def test_a_server_that_stops_ends_events_properly(server):
    client = server.get("/events")
    assert client.chunk() == b"data: 1\n\n"
    server.begin_to_stop().join()
    assert client.chunk() == b""
    assert client.is_closed()
    assert server.streamer.closed.is_set()


def test_a_server_that_stops_finishes_a_download(server):
    client = server.get("/rows")
    assert client.chunk() == b"1\n"
    stopping = server.begin_to_stop()
    server.streamer.gate.set()
    assert [client.chunk(), client.chunk()] == [b"2\n", b""]
    stopping.join()


def test_events_that_have_lasted_long_enough_end_properly(server):
    server.streamer.max_seconds = 0.1
    client = server.get("/events")
    assert [client.chunk(), client.chunk()] == [b"data: 1\n\n", b""]
    assert server.streamer.closed.wait(TIMEOUT)


def test_a_reader_who_takes_nothing_does_not_hold_the_stream(server):
    server.streamer.max_seconds = 0.1
    server.connect().get("/endless")
    assert server.streamer.closed.wait(TIMEOUT)


def test_a_download_that_takes_too_long_is_cut_and_not_ended(server):
    server.streamer.max_seconds = 0.1
    client = server.get("/rows")
    assert client.chunk() == b"1\n"
    assert client.is_closed()


def test_a_download_whose_database_goes_away_is_cut_and_not_ended(server):
    client = server.get("/rows")
    server.connect().get("/open").response()
    server.streamer.gate.set()
    assert [client.chunk(), client.chunk()] == [b"1\n", b"2\n"]
    assert client.is_closed()
