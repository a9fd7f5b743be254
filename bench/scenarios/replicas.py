"""Two API processes on one PostgreSQL: the added throughput, and the delay of a revocation.

Each has a processor, which also runs its callers: so two cores show what a machine with cores for
both and a separate load generator would reach.
"""

import http.client
import time
from contextlib import ExitStack

from bench.results import percentile
from bench.rig import servers
from bench.rig.harness import USER_FIELD, Harness
from bench.rig.load_requests import caller_addresses
from bench.rig.seeds import GatehouseSeeds, Postgres
from bench.rig.subject import Subject
from bench.rig.wrk import LoadGenerator

_MAX_WAIT = 5.0  # seconds after which a session that is still accepted counts as never rejected


def measure(harness: Harness) -> None:
    """Load one, then both; then end sessions on one and ask the other until it refuses."""
    url = harness.new_database()
    one, two = (_replica(harness, url, number) for number in range(2))
    one.session_cookies = two.session_cookies = one.seeds.fill()
    two.seeds.users = one.seeds.users
    _measure_both(harness, one, two)
    _measure_revocations(harness, one, two)
    for each in (one, two):
        each.server.stop()


def _replica(harness: Harness, url: str, number: int) -> Subject:
    name = f"replica-{number + 1}"
    folder, processor = harness.folder / name, _processor(harness, number)
    server = harness.keep(servers.replica(name, folder, url, processor=processor))
    return Subject(server, GatehouseSeeds(server, Postgres(url)), Postgres(url))


def _processor(harness: Harness, number: int) -> int | None:
    """Return the processor of a replica and its callers; None where there are none to choose."""
    return number if harness.cores > 1 else None


def _measure_both(harness: Harness, one: Subject, two: Subject) -> None:
    """Load one, then both, in turn."""
    for _ in range(1 if harness.quick else 3):
        harness.warm_up(one)
        _check(harness, "check, one replica", [one])
        harness.warm_up(two)
        harness.warm_up(one)
        _check(harness, "check, both replicas", [one, two])


def _check(harness: Harness, scenario: str, replicas: list[Subject]) -> None:
    seconds = 2 if harness.quick else 4
    for each in replicas:
        harness.verify(each, each.checks()[0], USER_FIELD)
    files = [harness.file(each.server, each.checks()) for each in replicas]
    with ExitStack() as watching:
        recording = [
            watching.enter_context(harness.recording(scenario, each, 16)) for each in replicas
        ]
        loads = [
            LoadGenerator(
                file,
                each.server.port,
                connections=16,
                seconds=seconds,
                processor=_processor(harness, number),
            )
            for number, (each, file) in enumerate(zip(replicas, files, strict=True))
        ]
        for done, load in zip(recording, loads, strict=True):
            done(load)


def _measure_revocations(harness: Harness, one: Subject, two: Subject) -> None:
    count = 300 if harness.quick else 10_000
    here, there = (
        http.client.HTTPConnection("127.0.0.1", each.server.port, timeout=30) for each in (one, two)
    )
    callers = caller_addresses(count)
    late = []
    for cookie, address in zip(one.seeds.more_sessions(count), callers, strict=True):
        for connection in (here, there):
            for _ in range(2):  # the second answer comes from memory
                if USER_FIELD not in _get_session(connection, cookie):
                    raise AssertionError("a fresh session was refused")
        headers = {"Cookie": cookie, "X-Forwarded-For": address, "Origin": one.server.url}
        headers["Content-Type"] = "application/json"
        here.request("POST", "/api/auth/sign-out", b"{}", headers)
        here.getresponse().read()
        late.append(_seconds_until_rejected(there, cookie))
    figures = harness.results.figures
    figures["revocation/sessions"] = count
    figures["revocation/refused"] = sum(each < _MAX_WAIT for each in late)
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        figures[f"revocation/{name} ms"] = percentile(late, share) * 1000
    harness.log(
        f"  {figures['revocation/refused']:,.0f} of {count:,} sessions ended on one replica were"
        f" refused by the other, p99 after {figures['revocation/p99 ms']:.1f} ms"
    )


def _seconds_until_rejected(connection: http.client.HTTPConnection, cookie: str) -> float:
    began = time.monotonic()
    while (passed := time.monotonic() - began) < _MAX_WAIT:
        if _get_session(connection, cookie) == b"null":
            return time.monotonic() - began
    return passed


def _get_session(connection: http.client.HTTPConnection, cookie: str) -> bytes:
    connection.request("GET", "/api/auth/get-session", headers={"Cookie": cookie})
    return connection.getresponse().read()
