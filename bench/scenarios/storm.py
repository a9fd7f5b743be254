"""The storm: 32 callers sign in without pause, beside 8 who only want to know who they are."""

from statistics import median

from bench.contestant import Contestant
from bench.names import NODE, NODE_CACHED, ONE_THREAD, OURS, POLITE_NOT, PORTED, USERS_PEER
from bench.scenarios.passwords import sign_ins
from bench.stage import Stage
from bench.wrk import Loading

_KNOWN = b'"email'
SIGNING_IN, CHECKING = 32, 8


def measure(stage: Stage) -> None:
    """Measure the checks alone, then in the storm; ours also at the other ends of the trade."""
    names: tuple[str, ...] = (OURS, NODE)
    if not stage.quick:
        names = (OURS, POLITE_NOT, ONE_THREAD, NODE, NODE_CACHED, USERS_PEER, PORTED)
    signed_in: dict[str, list[float]] = {name: [] for name in names}
    for around in range(2):
        for whom in stage.among(*(names[:1] if stage.quick and around else names)):
            rounds = signed_in[whom.name]
            rounds.append(_measure_one(stage, whom))
            figures = stage.results.figures
            figures[f"storm/sign-ins per second/{whom.name}"] = median(rounds)


def _measure_one(stage: Stage, whom: Contestant) -> float:
    """Measure one server's checks without and with a storm; returns its sign-ins a second."""
    alone, together = (1, 6) if stage.quick else (3, 12)
    checks = whom.checks()
    stage.warm(whom)
    stage.measure(
        "check, before the storm", whom, checks, _KNOWN, connections=CHECKING, seconds=alone
    )
    checking, signing = stage.file(whom.server, checks), stage.file(whom.server, sign_ins(whom))
    port = whom.server.port
    with stage.watched("check, in the storm", whom, CHECKING) as done:
        storm = Loading(signing, port, connections=SIGNING_IN, seconds=together)
        done(Loading(checking, port, connections=CHECKING, seconds=together))
        signed_in = storm.result().per_second
    stage.say(f"    meanwhile {signed_in:.1f} sign-ins a second")
    return signed_in
