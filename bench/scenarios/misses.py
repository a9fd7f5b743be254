"""The first check of a session, which asks the database; and the cold cache after a restart."""

from statistics import median

from bench.names import NODE, OURS, SQLITE
from bench.servers import Server
from bench.stage import Stage

_KNOWN = b'"email'
_REHEARSED = 2_000  # Node answers twice as many a second after them as before


def measure(stage: Stage) -> None:
    """Check fresh sessions, each once; then restart ours and check each known session once."""
    count = 1_000 if stage.quick else 10_000
    for _ in stage.rounds(1 if stage.quick else 3):
        for whom in stage.among(OURS, SQLITE, NODE):
            stage.rehearse(whom, whom.checks(whom.seeds.more_sessions(_REHEARSED)))
            fresh = whom.checks(whom.seeds.more_sessions(count))
            stage.measure("miss", whom, fresh, _KNOWN, seconds=20, once=True)
    ours = stage.contestant(OURS)
    stage.results.figures["start/gatehouse, again"] = median(
        _restarted(ours.server) for _ in range(1 if stage.quick else 3)
    )
    ours.server.wait_until_idle()
    stage.measure("cold cache", ours, ours.checks(), _KNOWN, seconds=20, once=True)


def _restarted(server: Server) -> float:
    server.stop()
    return server.start().first_answer
