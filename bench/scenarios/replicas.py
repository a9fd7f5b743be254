"""Two API processes on one PostgreSQL: what a request costs, and how soon a revocation counts."""

import http.client
import time

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
    one, two = (
        Contestant(server, GatehouseSeeds(server, Postgres(url)), rows=Postgres(url))
        for name in ("replica-1", "replica-2")
        for server in [stage.keep(servers.replica(name, stage.folder / name, url))]
    )
    one.own_cookies = two.own_cookies = one.seeds.fill()
    two.seeds.people = one.seeds.people
    _measure_cpu(stage, one, two)
    _measure_revocations(stage, one, two)
    for each in (one, two):
        each.server.stop()


def _measure_cpu(stage: Stage, one: Contestant, two: Contestant) -> None:
    seconds = 2 if stage.quick else 6
    stage.warm(one)
    stage.measure("check, one replica", one, one.checks(), _KNOWN, connections=16, seconds=seconds)
    stage.warm(two)
    stage.warm(one)
    file = stage.file(two.server, two.checks())
    with stage.watched("check, both replicas", two, 16) as second:
        other = Loading(file, two.server.port, connections=16, seconds=seconds)
        stage.measure(
            "check, both replicas", one, one.checks(), _KNOWN, connections=16, seconds=seconds
        )
        second(other)


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
                if _KNOWN not in _check(connection, cookie):
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
        if _check(connection, cookie) == b"null":
            return time.monotonic() - began
    return passed


def _check(connection: http.client.HTTPConnection, cookie: str) -> bytes:
    connection.request("GET", "/api/auth/get-session", headers={"Cookie": cookie})
    return connection.getresponse().read()
