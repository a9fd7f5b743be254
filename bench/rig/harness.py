"""The test harness: one PostgreSQL, each server on its own database, measured in turn."""

import itertools
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.results import BenchResults, LoadRun
from bench.rig import machine, servers
from bench.rig.load_requests import LoadRequest, write_requests
from bench.rig.seeds import (
    BetterAuthSeeds,
    FastapiUsersSeeds,
    GatehouseSeeds,
    NoSeeds,
    Postgres,
    Rows,
    Seeds,
    Sqlite,
)
from bench.rig.servers import ServerProcess
from bench.rig.subject import Subject
from bench.rig.wrk import LoadFailed, LoadGenerator, LoadResult
from bench.server_names import (
    ASGI,
    BETTER_AUTH,
    BETTER_AUTH_CACHED,
    BETTER_AUTH_PYTHON,
    FASTAPI_USERS,
    NICE_ZERO,
    ONE_THREAD,
    OURS,
    SQLITE,
    STARLETTE,
    is_ours,
)
from tests.rig.postgres import PostgresServer

USER_FIELD = b'"email"'
"""What the response to a session check contains if it names a user."""


class Harness:
    """Everything a run needs. Servers start on first use and keep running."""

    def __init__(
        self, results: BenchResults, folder: Path, closing: ExitStack, left_out: set[str]
    ) -> None:
        self.results = results
        self.folder = folder
        self._closing = closing
        self._left_out = left_out
        self.postgres = PostgresServer.create(folder / "postgres", durable=True)
        closing.callback(self.postgres.crash)
        self._running: dict[str, Subject] = {}
        self._files = itertools.count(1)
        self._part, self._until = "", math.inf

    @property
    def quick(self) -> bool:
        return self.results.quick

    @property
    def cores(self) -> int:
        return os.cpu_count() or 1

    def log(self, text: str) -> None:
        """Print a line of progress."""
        print(text, flush=True)

    def begin(self, part: str, until: float) -> None:
        """Begin a scenario, which skips rounds once the monotonic clock reaches `until`."""
        self._part, self._until = part, until

    def rounds(self, count: int) -> Iterator[int]:
        """Yield the numbers of so many rounds, or of fewer (at least one) if time runs out.

        A machine at half the speed gets medians of fewer rounds rather than a run twice as long.
        """
        for number in range(count):
            began = time.monotonic()
            yield number
            now = time.monotonic()
            if now + (now - began) > self._until and number + 1 < count:
                self.results.notes.append(f"{self._part}: {number + 1} of {count} rounds, for time")
                return

    def subjects(self, *names: str) -> list[Subject]:
        """Return these servers, started, without those that this machine cannot run."""
        return [self.subject(name) for name in names if name not in self._left_out]

    def subject(self, name: str) -> Subject:
        """Return a server, started and filled if it is not yet."""
        if name not in self._running:
            self._running[name] = self._start(name)
        return self._running[name]

    def new_database(self) -> str:
        """Make an empty database; returns its URL."""
        return self.postgres.url(self.postgres.create_database())

    def keep(self, server: ServerProcess) -> ServerProcess:
        """Start a server that is stopped with the harness."""
        self._closing.callback(server.stop)
        return server.start()

    def measure(
        self,
        scenario: str,
        subject: Subject,
        requests: Sequence[LoadRequest],
        expected: bytes = USER_FIELD,
        *,
        connections: int = 32,
        seconds: float = 2,
        once: bool = False,
    ) -> LoadRun:
        """Load one server and record the run.

        The last request is first sent alone: its response must contain `expected`, so that only
        what works is measured. With `once` that request is not sent again.
        """
        self.verify(subject, requests[-1], expected)
        file = self.file(subject.server, requests[:-1] if once else requests)
        port = subject.server.port
        with self.recording(scenario, subject, connections) as done:
            return done(
                LoadGenerator(file, port, connections=connections, seconds=seconds, once=once)
            )

    def warm_up(self, subject: Subject) -> None:
        """Warm a server up without recording figures.

        Ours drops its cache after two seconds without a request, as happens here while the others
        are measured; the others only need to have run for a moment.
        """
        if subject.is_warm and not is_ours(subject.name):
            return
        subject.is_warm = True
        self.verify(subject, subject.checks()[0], b"200")
        if is_ours(subject.name):
            self.send_each_once(subject, subject.checks())
        else:
            file = self.file(subject.server, subject.checks())
            LoadGenerator(file, subject.server.port, connections=32, seconds=1).result()

    def send_each_once(self, subject: Subject, requests: Sequence[LoadRequest]) -> None:
        """Send each request once without recording it, so that the server is warm."""
        file = self.file(subject.server, requests)
        LoadGenerator(file, subject.server.port, connections=32, seconds=10, once=True).result()

    def verify(self, subject: Subject, request: LoadRequest, expected: bytes) -> None:
        """Send one request and check its response; raises LoadFailed if it is not as expected."""
        status, body, _ = subject.send(request)
        if expected not in b"%d %b" % (status, body):
            raise LoadFailed(
                f"{subject.name} answered {request.method} {request.path} with {status}"
                f" {body[:200]!r}, expected {expected!r}"
            )

    def file(self, server: ServerProcess, requests: Sequence[LoadRequest]) -> Path:
        """Write requests for the load generator."""
        return write_requests(self.folder / f"requests-{next(self._files)}", requests, server.port)

    @contextmanager
    def recording(
        self, scenario: str, subject: Subject, connections: int
    ) -> Iterator[Callable[[LoadGenerator], LoadRun]]:
        """Measure the server's processor time until the load is done, and record the run."""
        roots = [os.getpid(), self._postmaster()]
        cpu, before = subject.server.cpu_seconds(), machine.take_cpu_snapshot(roots)

        def done(loading: LoadGenerator) -> LoadRun:
            load = loading.result()
            subject.server.check_alive()
            used = subject.server.cpu_seconds() - cpu
            foreign = machine.take_cpu_snapshot(roots).foreign_since(before)
            run = _to_run(scenario, subject.name, connections, load, used, foreign)
            self.results.runs.append(run)
            self.log(_format_run(run))
            return run

        yield done

    def _postmaster(self) -> int:
        return int((self.postgres.folder / "postmaster.pid").read_text().split()[0])

    def _start(self, name: str) -> Subject:
        self.log(f"  starting {name}")
        url = self.new_database()
        folder = self.folder / name
        server = self.keep(_server(name, folder, None if name == SQLITE else url))
        self.results.figures[f"start/{name}"] = server.seconds_to_first_response
        if name in _OUR_SETTINGS:
            server.wait_until_idle()  # the panel loads behind the first answer
        rows: Rows = Postgres(url)
        if name == SQLITE:
            rows = Sqlite(next((folder / f"{name}-data").glob("*.db")))
        self.results.figures[f"memory/{name}"] = server.megabytes()
        seeds = _seeds(name, server, rows)
        return Subject(server, seeds, rows, seeds.fill())


@contextmanager
def harness(results: BenchResults, left_out: set[str]) -> Iterator[Harness]:
    """Set everything up in a temporary folder, and stop and remove it afterwards."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-bench-")))
        folder.chmod(0o711)  # PostgreSQL, which runs as its own user, must pass through
        yield Harness(results, folder, closing, left_out)


def _server(name: str, folder: Path, url: str | None) -> ServerProcess:
    if name in _OUR_SETTINGS:
        return servers.gatehouse(name, folder, url, _OUR_SETTINGS[name])
    if url is None:
        raise LoadFailed(f"{name} needs a PostgreSQL")
    if name in (BETTER_AUTH, BETTER_AUTH_CACHED):
        return servers.better_auth(name, folder, url, cookie_cache=name == BETTER_AUTH_CACHED)
    return servers.python_peer(name, _MODULES[name], folder, url)


_OUR_SETTINGS = {
    OURS: {},
    SQLITE: {},
    NICE_ZERO: {"HASH_NICE": "0"},
    ONE_THREAD: {"HASH_THREADS": "1"},
}
_MODULES = {
    FASTAPI_USERS: "fastapi_users_peer",
    BETTER_AUTH_PYTHON: "better_auth_server_peer",
    STARLETTE: "bare_starlette",
    ASGI: "raw_asgi",
}


def _seeds(name: str, server: ServerProcess, rows: Rows) -> Seeds:
    if name in _OUR_SETTINGS:
        return GatehouseSeeds(server, rows)
    if name == FASTAPI_USERS:
        return FastapiUsersSeeds(server, rows)
    return (NoSeeds if name in (STARLETTE, ASGI) else BetterAuthSeeds)(server, rows)


def _to_run(
    scenario: str, server: str, connections: int, load: LoadResult, used: float, foreign: float
) -> LoadRun:
    unanswered = load.seconds * 1000  # without responses, all have waited at least this long
    return LoadRun(
        scenario=scenario,
        server=server,
        connections=connections,
        per_second=load.per_second,
        p50=load.p50 if load.requests else unanswered,
        p99=load.p99 if load.requests else unanswered,
        longest=load.longest,
        cpu=used / load.requests * 1e6 if load.requests else 0.0,
        requests=load.requests,
        failed=load.failed + load.broken,
        foreign=foreign,
    )


def _format_run(run: LoadRun) -> str:
    failed = f"  {run.failed} failed" if run.failed else ""
    return (
        f"  {run.scenario:<24}{run.server:<26}{run.connections:>4} conn."
        f"{run.per_second:>10,.0f}/s  p50 {run.p50:>8.2f} ms  p99 {run.p99:>8.2f} ms"
        f"  {run.cpu:>9,.0f} us CPU  others {run.foreign:>4.0%}{failed}"
    )
