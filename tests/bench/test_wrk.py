"""The load generator: what it says is read, and its scripts send what they should."""

import asyncio
import shutil
import threading
from collections.abc import Iterator

import pytest

from bench.rig.load_requests import LoadRequest, caller_addresses, write_requests
from bench.rig.wrk import LoadFailed, LoadGenerator, parse_report
from tests.rig.missing_tools import skip_test

REPORT = """Running 1s test @ http://127.0.0.1:8000
{"requests":300,"duration":1500000,"p50":800,"p90":2000,"p99":31000,"max":40500,"failed":30,"broken":2}
"""


class RecordingServer:
    """A server that answers everything with 200, or /no with 403, and records the requests."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def start(self) -> None:
        self._thread.start()
        self._listening.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stopped.wait()
        server.close()

    async def _answer(self, reader, writer) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.heads.append(head)
                status = b"403 Forbidden" if head.startswith("GET /no ") else b"200 OK"
                writer.write(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\nok" % status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
def server_under_load() -> Iterator[RecordingServer]:
    if not shutil.which("wrk"):
        skip_test("wrk", "install the package wrk")
    server = RecordingServer()
    server.start()
    yield server
    server.stop()


def test_a_report_is_read_in_milliseconds_and_only_good_answers_count():
    load = parse_report(REPORT)
    assert (load.p50, load.p99, load.longest) == (0.8, 31.0, 40.5)
    assert load.per_second == (300 - 30) / 1.5
    assert load.broken == 2


def test_a_run_without_a_report_has_failed():
    with pytest.raises(LoadFailed, match="unable to connect"):
        parse_report("unable to connect to 127.0.0.1:1\n")


def test_a_request_carries_its_cookie_its_body_and_its_caller():
    sent = LoadRequest("POST", "/x", "a=b", b"{}", address="198.18.0.1").to(80).decode()
    assert sent.startswith("POST /x HTTP/1.1\r\nHost: 127.0.0.1:80\r\nCookie: a=b\r\n")
    assert "X-Forwarded-For: 198.18.0.1\r\n" in sent
    assert sent.endswith("Content-Length: 2\r\n\r\n{}")


def test_no_two_callers_have_the_same_address():
    assert len(set(caller_addresses(3_000))) == 3_000


def test_requests_are_sent_in_turn_again_and_again(server_under_load, tmp_path):
    requests = [LoadRequest("GET", f"/{number}") for number in range(3)]
    file = write_requests(tmp_path / "requests", requests, server_under_load.port)
    load = LoadGenerator(file, server_under_load.port, connections=1, seconds=1).result()
    paths = [head.split()[1] for head in server_under_load.heads]
    assert load.requests > 6
    assert load.failed == 0
    assert {paths.count(f"/{number}") - len(paths) // 3 for number in range(3)} <= {0, 1}


def test_each_request_is_sent_once_and_then_it_is_over(server_under_load, tmp_path):
    requests = [LoadRequest("GET", f"/{number}") for number in range(50)]
    file = write_requests(tmp_path / "requests", requests, server_under_load.port)
    load = LoadGenerator(
        file, server_under_load.port, connections=4, seconds=30, once=True
    ).result()
    assert sorted(head.split()[1] for head in server_under_load.heads) == sorted(
        each.path for each in requests
    )
    assert load.requests == 50
    assert load.seconds < 30


def test_refusals_are_counted_as_failed(server_under_load, tmp_path):
    requests = [LoadRequest("GET", path) for path in ("/yes", "/no")]
    file = write_requests(tmp_path / "requests", requests, server_under_load.port)
    load = LoadGenerator(
        file, server_under_load.port, connections=1, seconds=10, once=True
    ).result()
    assert (load.requests, load.failed) == (2, 1)
