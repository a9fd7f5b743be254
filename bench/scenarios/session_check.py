"""The session check with a valid, a forged, a revoked and no cookie."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.rig.harness import USER_FIELD, Harness
from bench.rig.load_requests import LoadRequest
from bench.rig.seeds import forged_cookies
from bench.rig.subject import Subject
from bench.rig.wrk import LoadGenerator
from bench.scenarios.database import sign_outs
from bench.server_names import (
    ASGI,
    BETTER_AUTH,
    BETTER_AUTH_CACHED,
    BETTER_AUTH_PYTHON,
    FASTAPI_USERS,
    OURS,
    STARLETTE,
)

PROTECTED = "/api/me"
_PAUSE = 1.0  # seconds between two revocations, to test them without adding load
_STATS_DELAY = 11  # seconds after which idle PostgreSQL backends have reported their statistics
_SESSION_READS = """
    SELECT coalesce((SELECT sum(idx_scan) FROM pg_stat_user_indexes
                     WHERE relname = 'sessions'
                     AND pg_get_indexdef(indexrelid) LIKE '%(session_token)%'), 0)
         + coalesce((SELECT sum(seq_scan) FROM pg_stat_user_tables
                     WHERE relname = 'sessions'), 0)
"""
_NULL_SESSION = b"200 null"
# Ours between all others: every goal is about it.
_TURNS = (
    *(OURS, STARLETTE, BETTER_AUTH, OURS, BETTER_AUTH_CACHED, FASTAPI_USERS),
    *(OURS, BETTER_AUTH_PYTHON, ASGI),
)


def measure(harness: Harness) -> None:
    """Measure every server in turn, then the other cookies, then other numbers of callers."""
    turns = (OURS, STARLETTE, BETTER_AUTH, BETTER_AUTH_CACHED) if harness.quick else _TURNS
    each_once = (OURS, BETTER_AUTH) if harness.quick else tuple(dict.fromkeys(_TURNS))
    seconds = 1 if harness.quick else 3
    for _ in harness.rounds(2 if harness.quick else 5):
        for subject in harness.subjects(*turns):
            harness.warm_up(subject)
            with _revoke_meanwhile(harness, subject):
                harness.measure("check", subject, subject.checks(), seconds=seconds)
    _measure_other_cookies(harness)
    _measure_protected(harness)
    _measure_flood(harness)
    for callers in (1, 8, 256):
        for subject in harness.subjects(*each_once):
            harness.warm_up(subject)
            checks = subject.checks()
            harness.measure("check", subject, checks, connections=callers, seconds=seconds)


def _measure_other_cookies(harness: Harness) -> None:
    """Measure each kind of cookie in turn, valid ones among them: a slow minute hits all kinds."""
    rounds, seconds = (2, 1) if harness.quick else (4, 2)
    kinds = (
        ("valid", None, USER_FIELD),
        ("forged", forged_cookies(1000), _NULL_SESSION),
        ("absent", [""], _NULL_SESSION),
    )
    for _ in harness.rounds(rounds):
        for subject in harness.subjects(OURS, BETTER_AUTH):
            harness.warm_up(subject)
            for kind, cookies, expected in kinds:
                checks = subject.checks(cookies)
                harness.measure(f"check, {kind}", subject, checks, expected, seconds=seconds)
            checks = subject.checks(_signed_out_cookies(subject))
            harness.measure("check, revoked", subject, checks, _NULL_SESSION, seconds=seconds)


def _signed_out_cookies(subject: Subject) -> list[str]:
    """Return the cookies of sessions that have just been signed out."""
    cookies = subject.seeds.more_sessions(200)
    for request in sign_outs(cookies):
        subject.send(request)
    return cookies


def _measure_protected(harness: Harness) -> None:
    ours = harness.subject(OURS)
    requests = [LoadRequest("GET", PROTECTED, cookie) for cookie in ours.session_cookies]
    for _ in harness.rounds(1 if harness.quick else 3):
        harness.warm_up(ours)
        harness.measure("protected", ours, requests, seconds=1 if harness.quick else 3)


def _measure_flood(harness: Harness) -> None:
    """Valid checks from 8 callers while 24 others send forged cookies: no session is queried.

    Counted are reads of the sessions by their token, and of the whole table. Reads by other
    columns are those of housekeeping.
    """
    ours = harness.subject(OURS)
    seconds = 2 if harness.quick else 5
    made_up = harness.file(ours.server, ours.checks(forged_cookies(1000)))
    valid = harness.file(ours.server, ours.checks())
    harness.warm_up(ours)
    before = _count_session_reads(ours)
    with harness.recording("check, forged flood", ours, 8) as done:
        flood = LoadGenerator(made_up, ours.server.port, connections=24, seconds=seconds)
        done(LoadGenerator(valid, ours.server.port, connections=8, seconds=seconds))
        harness.results.figures["flood/forged per second"] = flood.result().per_second
    harness.results.figures["flood/sessions looked for"] = _count_session_reads(ours) - before


def _count_session_reads(ours: Subject) -> float:
    known = ours.checks()[0]
    for _ in range(_STATS_DELAY):  # with requests, so that the cache is not dropped
        ours.send(known)
        time.sleep(1)
    return float(ours.rows.value(_SESSION_READS))


@contextmanager
def _revoke_meanwhile(harness: Harness, subject: Subject) -> Iterator[None]:
    """End sessions of ours one after the other meanwhile, and check that each is rejected."""
    if subject.name != OURS:
        yield
        return
    cookies = subject.seeds.more_sessions(100)
    over = threading.Event()
    counts = [0, 0]
    failures: list[BaseException] = []

    def revoke() -> None:
        try:
            for cookie, sign_out in zip(cookies, sign_outs(cookies), strict=True):
                if over.is_set():
                    return
                check = LoadRequest("GET", subject.check_path, cookie)
                if not all(USER_FIELD in subject.send(check)[1] for _ in range(2)):
                    raise AssertionError("a fresh session was refused")
                subject.send(sign_out)
                counts[0] += 1
                counts[1] += subject.send(check)[1] == b"null"
                over.wait(_PAUSE)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=revoke)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failures:
        raise failures[0]
    figures = harness.results.figures
    for name, count in zip(("revoked", "refused at once"), counts, strict=True):
        figures[f"check/{name}"] = figures.get(f"check/{name}", 0) + count
