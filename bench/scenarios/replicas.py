"""Two API processes on one PostgreSQL: what the second one adds, and how soon a revocation counts.

Each has a processor, which also carries its callers: so two cores tell what a machine would that
has the cores for both and somebody else to ask them.
"""

import http.client
import time
from contextlib import ExitStack

from bench import servers
from bench.asking import addresses
from bench.contestant import Contestant
from bench.results import percentile
from bench.seeds import GatehouseSeeds, Postgres
from bench.stage import Stage
from bench.wrk import Loading

_KNOWN = b'"email'
_NEVER = 5.0  # seconds after which a session that is still accepted counts as never refused


def measure(stage: Stage) -> None:
    """Load one, then both; then end sessions on one and ask the other until it refuses."""
    url = stage.new_database()
    one, two = (_replica(stage, url, number) for number in range(2))
    one.own_cookies = two.own_cookies = one.seeds.fill()
    two.seeds.people = one.seeds.people
    _measure_both(stage, one, two)
    _measure_revocations(stage, one, two)
    for each in (one, two):
        each.server.stop()


def _replica(stage: Stage, url: str, number: int) -> Contestant:
    name = f"replica-{number + 1}"
    folder, processor = stage.folder / name, _processor(stage, number)
    server = stage.keep(servers.replica(name, folder, url, processor=processor))
    return Contestant(server, GatehouseSeeds(server, Postgres(url)), Postgres(url))


def _processor(stage: Stage, number: int) -> int | None:
    """Return the processor of a replica and its callers; None where there are none to choose."""
    return number if stage.cores > 1 else None


def _measure_both(stage: Stage, one: Contestant, two: Contestant) -> None:
    """Load one, then both, in turn."""
    for _ in range(1 if stage.quick else 3):
        stage.warm(one)
        _check(stage, "check, one replica", [one])
        stage.warm(two)
        stage.warm(one)
        _check(stage, "check, both replicas", [one, two])


def _check(stage: Stage, scenario: str, replicas: list[Contestant]) -> None:
    seconds = 2 if stage.quick else 4
    for each in replicas:
        stage.prove(each, each.checks()[0], _KNOWN)
    files = [stage.file(each.server, each.checks()) for each in replicas]
    with ExitStack() as watching:
        watched = [watching.enter_context(stage.watched(scenario, each, 16)) for each in replicas]
        loads = [
            Loading(
                file,
                each.server.port,
                connections=16,
                seconds=seconds,
                processor=_processor(stage, number),
            )
            for number, (each, file) in enumerate(zip(replicas, files, strict=True))
        ]
        for done, load in zip(watched, loads, strict=True):
            done(load)


def _measure_revocations(stage: Stage, one: Contestant, two: Contestant) -> None:
    count = 300 if stage.quick else 10_000
    here, there = (
        http.client.HTTPConnection("127.0.0.1", each.server.port, timeout=30) for each in (one, two)
    )
    callers = addresses(count)
    late = []
    for cookie, address in zip(one.seeds.more_sessions(count), callers, strict=True):
        for connection in (here, there):
            for _ in range(2):  # the second answer comes from memory
                if _KNOWN not in _ask(connection, cookie):
                    raise AssertionError("a fresh session was refused")
        headers = {"Cookie": cookie, "X-Forwarded-For": address, "Origin": one.server.url}
        headers["Content-Type"] = "application/json"
        here.request("POST", "/api/auth/sign-out", b"{}", headers)
        here.getresponse().read()
        late.append(_until_refused(there, cookie))
    figures = stage.results.figures
    figures["revocation/sessions"] = count
    figures["revocation/refused"] = sum(each < _NEVER for each in late)
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        figures[f"revocation/{name} ms"] = percentile(late, share) * 1000
    stage.say(
        f"  {figures['revocation/refused']:,.0f} of {count:,} sessions ended on one replica were"
        f" refused by the other, p99 after {figures['revocation/p99 ms']:.1f} ms"
    )


def _until_refused(connection: http.client.HTTPConnection, cookie: str) -> float:
    began = time.monotonic()
    while (passed := time.monotonic() - began) < _NEVER:
        if _ask(connection, cookie) == b"null":
            return time.monotonic() - began
    return passed


def _ask(connection: http.client.HTTPConnection, cookie: str) -> bytes:
    connection.request("GET", "/api/auth/get-session", headers={"Cookie": cookie})
    return connection.getresponse().read()
