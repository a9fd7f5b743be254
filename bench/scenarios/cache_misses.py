"""The first check of a session, which asks the database; and the cold cache after a restart."""

from statistics import median

from bench.rig.harness import Harness
from bench.rig.servers import ServerProcess
from bench.server_names import BETTER_AUTH, OURS, SQLITE

_WARM_UP_REQUESTS = 2_000  # Node answers twice as many a second after them as before


def measure(harness: Harness) -> None:
    """Check fresh sessions, each once; then restart ours and check each known session once."""
    count = 1_000 if harness.quick else 10_000
    for _ in harness.rounds(1 if harness.quick else 3):
        for subject in harness.subjects(OURS, SQLITE, BETTER_AUTH):
            rehearsal = subject.checks(subject.seeds.more_sessions(_WARM_UP_REQUESTS))
            harness.send_each_once(subject, rehearsal)
            fresh = subject.checks(subject.seeds.more_sessions(count))
            harness.measure("miss", subject, fresh, seconds=20, once=True)
    ours = harness.subject(OURS)
    harness.results.figures["start/gatehouse, again"] = median(
        _restart(ours.server) for _ in range(1 if harness.quick else 3)
    )
    ours.server.wait_until_idle()
    harness.measure("cold cache", ours, ours.checks(), seconds=20, once=True)


def _restart(server: ServerProcess) -> float:
    server.stop()
    return server.start().seconds_to_first_response
