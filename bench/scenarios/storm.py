"""The storm: 32 callers sign in without pause, beside 8 who only want to know who they are."""

from collections import defaultdict
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
    turns: tuple[str, ...] = (OURS, NODE, OURS)
    if not stage.quick:  # ours between all others: one pause of the machine moves its p99
        turns = (OURS, POLITE_NOT, ONE_THREAD, OURS, NODE, NODE_CACHED, OURS, USERS_PEER, PORTED)
    signed_in: defaultdict[str, list[float]] = defaultdict(list)
    for _ in stage.rounds(1 if stage.quick else 2):
        for whom in stage.among(*turns):
            signed_in[whom.name].append(_measure_one(stage, whom))
    for name, rates in signed_in.items():
        stage.results.figures[f"storm/sign-ins per second/{name}"] = median(rates)


def _measure_one(stage: Stage, whom: Contestant) -> float:
    """Measure one server's checks without and with a storm; returns its sign-ins a second."""
    alone, together = (1, 6) if stage.quick else (3, 8)
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
