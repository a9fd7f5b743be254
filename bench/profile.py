"""`python -m bench.profile [BEFORE NOW]`: where a request spends its processor time.

Starts each checkout (default: this one), loads them in turn with 32 callers, and samples them a
hundred times a second without pausing their threads, which would change their schedule. A sample
counts for the part of the code that is running; native code counts with the line that called it.
Samples show where a thread spends its time, the system how much processor time the event loop and
the workers use. `--keep` writes two checkouts, the older first, into docs/performance.md.
"""

import argparse
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.page import PAGE, replace_section
from bench.report.tables import format_table
from bench.results import BenchResults
from bench.rig import machine
from bench.rig.harness import Harness, harness
from bench.rig.load_requests import LoadRequest
from bench.rig.prepare import PYTHON, ROOT, prepare
from bench.rig.seeds import GatehouseSeeds, Postgres, forged_cookies
from bench.rig.servers import ServerProcess, gatehouse
from bench.rig.subject import Subject
from bench.rig.wrk import LoadGenerator
from bench.scenarios.database import list_sessions, update_user
from bench.server_names import OURS

_ROUNDS = 2
_WARM, _ALONE, _SAMPLED = 5, 4, 6  # seconds of load; an idle server has lost its cache
_RATE = 100  # samples a second
_LOOP, _WORKERS = "loop", "workers"

# The first part matches of which a word is in the path of the file.
_PARTS = (
    ("our endpoint, session and limits", ("backend/features", "backend/kernel", "limits/")),
    ("asking the database", ("backend/storage", "sqlalchemy/", "psycopg2/")),
    ("our layers around each request", ("backend/web", "backend/main", "panel/", "app.py")),
    ("FastAPI and Starlette", ("fastapi/", "starlette/", "pydantic/", "anyio/")),
    ("handing over between threads", ("threading.py", "concurrent/", "queue.py", "futures.py")),
    (
        "event loop, sockets and HTTP",
        ("asyncio/", "uvicorn/", "uvloop", "selectors", "contextvars"),
    ),
)
_ELSE = "everything else"

_KINDS: dict[str, Callable[[Subject], list[LoadRequest]]] = {
    "a session check": lambda subject: subject.checks(),
    "a check with a forged cookie": lambda subject: subject.checks(forged_cookies(1_000)),
    "listing sessions": list_sessions,
    "updating a user": update_user,
}

CpuTime = dict[str, float]
"""Microseconds of processor time for one request, by part."""


def main() -> None:
    """Profile each checkout, and print a table for each kind of request."""
    parser = argparse.ArgumentParser("python -m bench.profile", description=main.__doc__)
    parser.add_argument("checkout", nargs="*", type=Path, default=[ROOT])
    parser.add_argument("--keep", action="store_true", help="put it into docs/performance.md")
    arguments = parser.parse_args()
    checkouts = [each.resolve() for each in arguments.checkout]
    prepare()
    with harness(BenchResults(about=machine.describe_machine()), set()) as bench:
        running = [_start(bench, number, each) for number, each in enumerate(checkouts)]
        spent = {kind: _profile_in_turn(bench, kind, running) for kind in _KINDS}
    names = ["before", "now"] if len(checkouts) == 2 else [each.name for each in checkouts]
    text = render_profile(spent, names)
    print(text)
    if arguments.keep:
        replace_section(PAGE, "profile", text)


@dataclass
class _Samples:
    """The samples of a server under one kind of load."""

    requests: int = 0
    used: Counter[str] = field(default_factory=Counter)
    """Milliseconds of processor time by place, for these requests."""
    samples: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By place and part, under the same load, and beside them."""

    def spent(self) -> CpuTime:
        """Return the processor time that each part takes of one request."""
        spent: CpuTime = defaultdict(float)
        for place, counted in self.samples.items():
            each = self.used[place] * 1000 / self.requests / counted.total()
            for part, count in counted.items():
                spent[part] += each * count
        return spent


def _start(bench: Harness, number: int, checkout: Path) -> Subject:
    bench.log(f"Starting {checkout}")
    url, name = bench.new_database(), f"{OURS}-{number}"
    settings = {"PYTHONPATH": str(checkout)}
    server = gatehouse(name, bench.folder / name, url, settings, app=checkout / "app.py")
    bench.keep(server).wait_until_idle()
    rows = Postgres(url)
    seeds = GatehouseSeeds(server, rows)
    return Subject(server, seeds, rows, seeds.fill())


def _profile_in_turn(bench: Harness, kind: str, running: list[Subject]) -> list[CpuTime]:
    """Load each server a few times, one after the other: a slow minute hits both."""
    seen = [
        (subject.server, bench.file(subject.server, _KINDS[kind](subject)), _Samples())
        for subject in running
    ]
    for number in range(_ROUNDS):
        bench.log(f"  {kind}, round {number + 1} of {_ROUNDS}")
        for server, file, each in seen:
            _profile_once(server, file, each)
    return [each.spent() for _, _, each in seen]


def _profile_once(server: ServerProcess, file: Path, seen: _Samples) -> None:
    LoadGenerator(file, server.port, connections=32, seconds=_WARM).result()
    before = _cpu_milliseconds(server)
    seen.requests += (
        LoadGenerator(file, server.port, connections=32, seconds=_ALONE).result().requests
    )
    for place, used in _cpu_milliseconds(server).items():
        seen.used[place] += used - before[place]
    load = LoadGenerator(file, server.port, connections=32, seconds=_SAMPLED + 2)
    _sample(server, seen)
    load.result()


def _cpu_milliseconds(server: ServerProcess) -> dict[str, int]:
    """Return the milliseconds that the event loop and the workers have used so far."""
    whole, loop = server.cpu_seconds(), machine.main_thread_seconds(server.pid)
    return {_LOOP: round(loop * 1000), _WORKERS: round((whole - loop) * 1000)}


def _sample(server: ServerProcess, seen: _Samples) -> None:
    """Sample the server for a while, and count the samples by part."""
    with tempfile.NamedTemporaryFile(suffix=".folded") as output:
        options = f"-p {server.pid} -d {_SAMPLED} -r {_RATE} --gil --nonblocking --threads -f raw"
        subprocess.run(
            [PYTHON.with_name("py-spy"), "record", *options.split(), "-o", output.name],
            check=True,
            capture_output=True,
        )
        for line in Path(output.name).read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            thread, *frames = stack.split(";")
            if frames:  # else the stack moved while it was read
                place = _LOOP if f"({server.pid})" in thread else _WORKERS
                seen.samples[place][part_of(frames[-1])] += int(count)


def part_of(innermost: str) -> str:
    """Return the part that a line of a stack, with its file, belongs to."""
    for part, words in _PARTS:
        if any(word in innermost for word in words):
            return part
    return _ELSE


def render_profile(spent: dict[str, list[CpuTime]], names: list[str]) -> str:
    """Return the time of each part in each checkout, a table for each kind of request."""
    return "\n\n".join(
        f"Microseconds of processor time for {kind}:\n\n{_render_table(each, names)}"
        for kind, each in spent.items()
    )


def _render_table(spent: list[CpuTime], names: list[str]) -> str:
    parts = [part for part, _ in _PARTS] + [_ELSE]
    rows = [[part, *(f"{each.get(part, 0):,.0f}" for each in spent)] for part in parts]
    rows.append(["all of it", *(f"{sum(each.values()):,.0f}" for each in spent)])
    return format_table(["part ", *names], rows)


if __name__ == "__main__":
    main()
