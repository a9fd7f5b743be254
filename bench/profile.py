"""`python -m bench.profile [CHECKOUT ...]`: which part of the code a request's time is spent in.

Each checkout (without one: this) is started as people start it, asked by 32 callers, and looked at
hundreds of times a second. A sample counts for the part to which the line belongs that runs just
then; work outside the interpreter counts with the line that asked for it last. Several checkouts of
this project, of which the first may be the older, are shown beside each other.
"""

import argparse
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import machine
from bench.asking import Request, addresses
from bench.contestant import Contestant
from bench.names import OURS
from bench.prepare import PYTHON, ROOT, prepare
from bench.results import Results
from bench.seeds import GatehouseSeeds, Postgres
from bench.servers import Server, gatehouse
from bench.stage import Stage, stage
from bench.tables import table
from bench.wrk import Loading

_SECONDS, _SAMPLES = 8, 500  # how long, and how often a second

# Read from the top: a part, and words of which one is in the path of a file that belongs to it.
_PARTS = (
    (
        "our endpoint, session and limits",
        ("backend/features", "backend/kernel", "limits/", "slowapi/"),
    ),
    ("our storage", ("backend/storage",)),
    ("our layers around each request", ("backend/web", "backend/main", "panel/", "app.py")),
    ("FastAPI and Starlette", ("fastapi/", "starlette/", "pydantic/", "anyio/")),
    ("SQLAlchemy and psycopg2", ("sqlalchemy/", "psycopg2/")),
    ("threads and their locks", ("threading.py", "concurrent/", "queue.py")),
    (
        "event loop, sockets and HTTP",
        ("asyncio/", "uvicorn/", "uvloop", "selectors", "contextvars"),
    ),
)
_ELSE = "everything else"

_KINDS: dict[str, Callable[[Contestant], list[Request]]] = {
    "a session check": lambda whom: whom.checks(),
    "listing sessions": lambda whom: [
        Request("GET", "/api/auth/list-sessions", cookie, address=address)
        for cookie, address in zip(whom.own_cookies, addresses(3_000), strict=True)
    ],
}


def main() -> None:
    """Profile each checkout, and print a table for each kind of request."""
    parser = argparse.ArgumentParser("python -m bench.profile", description=main.__doc__)
    parser.add_argument("checkout", nargs="*", type=Path, default=[ROOT])
    checkouts = [each.resolve() for each in parser.parse_args().checkout]
    prepare()
    with stage(Results(about=machine.described()), set()) as bench:
        spent = [_profiled(bench, checkout) for checkout in checkouts]
    for kind in _KINDS:
        print(f"\nCPU of the server for {kind}, µs:\n")
        print(shown([each[kind] for each in spent], [each.name for each in checkouts]))


def _profiled(bench: Stage, checkout: Path) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory(prefix="gatehouse-profile-") as folder, ExitStack() as ending:
        url = bench.new_database()
        told = {"PYTHONPATH": str(checkout)}
        server = gatehouse(OURS, Path(folder), url, told, app=checkout / "app.py").start()
        ending.callback(server.stop)
        server.wait_until_idle()
        rows = Postgres(url)
        seeds = GatehouseSeeds(server, rows)
        whom = Contestant(server, seeds, seeds.fill(), rows)
        return {kind: _spent(bench, whom, asked(whom)) for kind, asked in _KINDS.items()}


def _spent(bench: Stage, whom: Contestant, requests: list[Request]) -> dict[str, float]:
    """Return the microseconds of processor time that each part takes of one request."""
    file = bench.file(whom.server, requests)
    Loading(file, whom.server.port, connections=32, seconds=3).result()  # not kept: it is warm then
    before = whom.server.cpu_seconds()
    alone = Loading(file, whom.server.port, connections=32, seconds=4).result()
    each = (whom.server.cpu_seconds() - before) / alone.requests * 1e6
    load = Loading(file, whom.server.port, connections=32, seconds=_SECONDS + 3)
    samples = _samples(whom.server)
    load.result()
    total = sum(samples.values())
    return {part: each * count / total for part, count in samples.items()}


def _samples(server: Server) -> Counter[str]:
    with tempfile.NamedTemporaryFile(suffix=".folded") as found:
        how = f"-p {server.pid} -d {_SECONDS} -r {_SAMPLES} -f raw --gil -o {found.name}"
        subprocess.run(
            [PYTHON.with_name("py-spy"), "record", *how.split()],
            check=True,
            capture_output=True,
        )
        counted: Counter[str] = Counter()
        for line in Path(found.name).read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            counted[part_of(stack.rpartition(";")[2])] += int(count)
    return counted


def part_of(innermost: str) -> str:
    """Return the part that a line of a stack, with its file, belongs to."""
    for part, words in _PARTS:
        if any(word in innermost for word in words):
            return part
    return _ELSE


def shown(spent: list[dict[str, float]], names: list[str]) -> str:
    """Return what each checkout spends on each part, as a table."""
    parts = [part for part, _ in _PARTS] + [_ELSE]
    rows = [[part, *(f"{each.get(part, 0):,.1f}" for each in spent)] for part in parts]
    rows.append(["all of it", *(f"{sum(each.values()):,.1f}" for each in spent)])
    return table(["part ", *names], rows)


if __name__ == "__main__":
    main()
