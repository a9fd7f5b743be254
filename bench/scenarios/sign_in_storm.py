"""A sign-in storm: 32 callers sign in without pause while 8 others check their sessions."""

from collections import defaultdict
from statistics import median

from bench.rig.harness import Harness
from bench.rig.subject import Subject
from bench.rig.wrk import LoadGenerator
from bench.scenarios.passwords import sign_ins
from bench.server_names import (
    BETTER_AUTH,
    BETTER_AUTH_CACHED,
    BETTER_AUTH_PYTHON,
    FASTAPI_USERS,
    NICE_ZERO,
    ONE_THREAD,
    OURS,
)

SIGNING_IN, CHECKING = 32, 8
# Ours between all others: one pause of the machine moves its p99.
_TURNS = (
    *(OURS, NICE_ZERO, ONE_THREAD, OURS, BETTER_AUTH, BETTER_AUTH_CACHED),
    *(OURS, FASTAPI_USERS, BETTER_AUTH_PYTHON),
)


def measure(harness: Harness) -> None:
    """Measure the checks alone, then in the storm; ours also with other settings."""
    turns = (OURS, BETTER_AUTH, OURS) if harness.quick else _TURNS
    signed_in: defaultdict[str, list[float]] = defaultdict(list)
    for _ in harness.rounds(1 if harness.quick else 2):
        for subject in harness.subjects(*turns):
            signed_in[subject.name].append(_measure_one(harness, subject))
    for name, rates in signed_in.items():
        harness.results.figures[f"storm/sign-ins per second/{name}"] = median(rates)


def _measure_one(harness: Harness, subject: Subject) -> float:
    """Measure one server's checks without and with a storm; returns its sign-ins a second."""
    alone, together = (1, 6) if harness.quick else (3, 8)
    checks = subject.checks()
    harness.warm_up(subject)
    harness.measure("check, before the storm", subject, checks, connections=CHECKING, seconds=alone)
    checking = harness.file(subject.server, checks)
    signing = harness.file(subject.server, sign_ins(subject))
    port = subject.server.port
    with harness.recording("check, in the storm", subject, CHECKING) as done:
        storm = LoadGenerator(signing, port, connections=SIGNING_IN, seconds=together)
        done(LoadGenerator(checking, port, connections=CHECKING, seconds=together))
        signed_in = storm.result().per_second
    harness.log(f"    meanwhile {signed_in:.1f} sign-ins a second")
    return signed_in
