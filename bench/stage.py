"""Where the servers meet: one PostgreSQL, each server on its own database, measured in turn."""

import itertools
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import machine, servers
from bench.asking import Request, write
from bench.contestant import Contestant
from bench.names import (
    ASGI,
    NODE,
    NODE_CACHED,
    ONE_THREAD,
    OURS,
    POLITE_NOT,
    PORTED,
    SQLITE,
    STARLETTE,
    USERS_PEER,
    is_ours,
)
from bench.results import Results, Run
from bench.seeds import (
    BetterAuthSeeds,
    FastapiUsersSeeds,
    GatehouseSeeds,
    NoSeeds,
    Postgres,
    Seeds,
    Sqlite,
)
from bench.servers import Server
from bench.wrk import Load, LoadFailed, Loading
from tests.rig.postgres import PostgresServer


class Stage:
    """All that a run needs. Servers start when they are first asked for, and stay."""

    def __init__(
        self, results: Results, folder: Path, closing: ExitStack, left_out: set[str]
    ) -> None:
        self.results = results
        self.folder = folder
        self._closing = closing
        self._left_out = left_out
        self.postgres = PostgresServer.create(folder / "postgres", durable=True)
        closing.callback(self.postgres.crash)
        self._running: dict[str, Contestant] = {}
        self._files = itertools.count(1)
        self._part, self._until = "", math.inf

    @property
    def quick(self) -> bool:
        return self.results.quick

    @property
    def cores(self) -> int:
        return os.cpu_count() or 1

    def say(self, text: str) -> None:
        """Tell whoever waits how far it is."""
        print(text, flush=True)

    def begin(self, part: str, until: float) -> None:
        """Begin a part of the run, which saves rounds once the clock (monotonic) shows `until`."""
        self._part, self._until = part, until

    def rounds(self, count: int) -> Iterator[int]:
        """Yield the numbers of so many rounds; of fewer, but of one, where the time is too short.

        A machine at half the speed gets medians of fewer rounds rather than a run twice as long.
        """
        for number in range(count):
            began = time.monotonic()
            yield number
            now = time.monotonic()
            if now + (now - began) > self._until and number + 1 < count:
                self.results.notes.append(f"{self._part}: {number + 1} of {count} rounds, for time")
                return

    def among(self, *names: str) -> list[Contestant]:
        """Return these servers, started; without those that this machine cannot run."""
        return [self.contestant(name) for name in names if name not in self._left_out]

    def contestant(self, name: str) -> Contestant:
        """Return a server, started and filled if it is not yet."""
        if name not in self._running:
            self._running[name] = self._start(name)
        return self._running[name]

    def new_database(self) -> str:
        """Make an empty database; returns its URL."""
        return self.postgres.url(self.postgres.create_database())

    def keep(self, server: Server) -> Server:
        """Start a server that is ended with the stage."""
        self._closing.callback(server.stop)
        return server.start()

    def measure(
        self,
        scenario: str,
        whom: Contestant,
        requests: Sequence[Request],
        expected: bytes,
        *,
        connections: int = 32,
        seconds: float = 2,
        once: bool = False,
    ) -> Run:
        """Load one server and keep what was seen.

        First one request is sent alone, the last one: its answer must contain `expected`, so that
        nothing is measured that does not work. With `once` that request is not sent again.
        """
        self.prove(whom, requests[-1], expected)
        file = self.file(whom.server, requests[:-1] if once else requests)
        with self.watched(scenario, whom, connections) as done:
            load = Loading(
                file, whom.server.port, connections=connections, seconds=seconds, once=once
            )
            return done(load)

    def warm(self, whom: Contestant) -> None:
        """Bring a server into the state of one that is in use, without keeping figures of it.

        Ours forgets what it remembers when nobody has asked anything for two seconds, as happens
        here while the others have their turn; the others only need to have run for a moment.
        """
        if whom.warm and not is_ours(whom.name):
            return
        whom.warm = True
        self.prove(whom, whom.checks()[0], b"200")
        if is_ours(whom.name):
            self.rehearse(whom, whom.checks())
            return
        file = self.file(whom.server, whom.checks())
        Loading(file, whom.server.port, connections=32, seconds=1).result()

    def rehearse(self, whom: Contestant, requests: Sequence[Request]) -> None:
        """Send each request once and keep no figures: what follows meets a server in use."""
        file = self.file(whom.server, requests)
        Loading(file, whom.server.port, connections=32, seconds=10, once=True).result()

    def prove(self, whom: Contestant, request: Request, expected: bytes) -> None:
        """Send one request and look at its answer; raises LoadFailed if it is not as expected."""
        status, body, _ = whom.ask(request)
        if expected not in b"%d %b" % (status, body):
            raise LoadFailed(
                f"{whom.name} answers {request.method} {request.path} with {status} {body[:200]!r},"
                f" where {expected!r} was expected"
            )

    def file(self, server: Server, requests: Sequence[Request]) -> Path:
        """Write requests for the load generator."""
        return write(self.folder / f"requests-{next(self._files)}", requests, server.port)

    @contextmanager
    def watched(
        self, scenario: str, whom: Contestant, connections: int
    ) -> Iterator[Callable[[Loading], Run]]:
        """Take the server's processor time from here until the load is done, and keep the run."""
        roots = [os.getpid(), self._postmaster()]
        cpu, before = whom.server.cpu_seconds(), machine.look(roots)

        def done(loading: Loading) -> Run:
            load = loading.result()
            whom.server.check_alive()
            used = whom.server.cpu_seconds() - cpu
            foreign = machine.look(roots).foreign_since(before)
            run = _as_run(scenario, whom.name, connections, load, used, foreign)
            self.results.runs.append(run)
            self.say(_line(run))
            return run

        yield done

    def _postmaster(self) -> int:
        return int((self.postgres.folder / "postmaster.pid").read_text().split()[0])

    def _start(self, name: str) -> Contestant:
        self.say(f"  starting {name}")
        url = self.new_database()
        folder = self.folder / name
        server = self.keep(_server(name, folder, None if name == SQLITE else url))
        self.results.figures[f"start/{name}"] = server.first_answer
        if name in _OURS:
            server.wait_until_idle()  # the panel loads behind the first answer
        rows: Postgres | Sqlite = Postgres(url)
        if name == SQLITE:
            rows = Sqlite(next((folder / f"{name}-data").glob("*.db")))
        self.results.figures[f"memory/{name}"] = server.megabytes()
        seeds = _seeds(name, server, rows)
        return Contestant(server, seeds, rows, seeds.fill())


@contextmanager
def stage(results: Results, left_out: set[str]) -> Iterator[Stage]:
    """Set everything up below a folder of its own, and end and remove it all afterwards."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-bench-")))
        folder.chmod(0o711)  # PostgreSQL, which runs as its own user, must pass through
        yield Stage(results, folder, closing, left_out)


def _server(name: str, folder: Path, url: str | None) -> Server:
    if name in _OURS:
        return servers.gatehouse(name, folder, url, _OURS[name])
    if url is None:
        raise LoadFailed(f"{name} needs a PostgreSQL")
    if name in (NODE, NODE_CACHED):
        return servers.better_auth(name, folder, url, cookie_cache=name == NODE_CACHED)
    return servers.python_peer(name, _MODULES[name], folder, url)


_OURS = {
    OURS: {},
    SQLITE: {},
    POLITE_NOT: {"HASH_NICE": "0"},
    ONE_THREAD: {"HASH_THREADS": "1"},
}
_MODULES = {
    USERS_PEER: "fastapi_users_peer",
    PORTED: "better_auth_server_peer",
    STARLETTE: "bare_starlette",
    ASGI: "raw_asgi",
}


def _seeds(name: str, server: Server, rows: Postgres | Sqlite) -> Seeds:
    if name in _OURS:
        return GatehouseSeeds(server, rows)
    if name == USERS_PEER:
        return FastapiUsersSeeds(server, rows)
    return (NoSeeds if name in (STARLETTE, ASGI) else BetterAuthSeeds)(server, rows)


def _as_run(
    scenario: str, server: str, connections: int, load: Load, used: float, foreign: float
) -> Run:
    nobody = load.seconds * 1000  # where nobody was answered, all have waited at least so long
    return Run(
        scenario=scenario,
        server=server,
        connections=connections,
        per_second=load.per_second,
        p50=load.p50 if load.requests else nobody,
        p99=load.p99 if load.requests else nobody,
        longest=load.longest,
        cpu=used / load.requests * 1e6 if load.requests else 0.0,
        requests=load.requests,
        failed=load.failed + load.broken,
        foreign=foreign,
    )


def _line(run: Run) -> str:
    failed = f"  {run.failed} failed" if run.failed else ""
    return (
        f"  {run.scenario:<24}{run.server:<26}{run.connections:>4} conn."
        f"{run.per_second:>10,.0f}/s  p50 {run.p50:>8.2f} ms  p99 {run.p99:>8.2f} ms"
        f"  {run.cpu:>9,.0f} us CPU  others {run.foreign:>4.0%}{failed}"
    )
