"""The session check: who is asking? With a valid, a forged, a revoked and no cookie."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.asking import Request
from bench.contestant import Contestant
from bench.names import ASGI, NODE, NODE_CACHED, OURS, PORTED, STARLETTE, USERS_PEER
from bench.scenarios.database import sign_outs
from bench.seeds import forged
from bench.stage import Stage
from bench.wrk import Loading

PROTECTED = "/api/me"
_PAUSE = 1.0  # seconds between two revocations: seen to work, without being the load
_REPORTED = 11  # seconds after which PostgreSQL's idle backends have told what they did
_LOOKED_FOR = """
    SELECT coalesce((SELECT sum(idx_scan) FROM pg_stat_user_indexes
                     WHERE relname = 'sessions'
                     AND pg_get_indexdef(indexrelid) LIKE '%(session_token)%'), 0)
         + coalesce((SELECT sum(seq_scan) FROM pg_stat_user_tables
                     WHERE relname = 'sessions'), 0)
"""
_KNOWN, _NOBODY = b'"email"', b"200 null"


def measure(stage: Stage) -> None:
    """Measure every server in turn, then the other cookies, then other numbers of callers."""
    turns: tuple[str, ...] = (OURS, STARLETTE, NODE, NODE_CACHED)
    few: tuple[str, ...] = (OURS, NODE)
    if not stage.quick:  # ours between all others: every goal is about it
        turns = (OURS, STARLETTE, NODE, OURS, NODE_CACHED, USERS_PEER, OURS, PORTED, ASGI)
        few = (OURS, STARLETTE, NODE, NODE_CACHED, USERS_PEER, PORTED, ASGI)
    seconds = 1 if stage.quick else 3
    for _ in stage.rounds(2 if stage.quick else 5):
        for whom in stage.among(*turns):
            stage.warm(whom)
            with _revoking(stage, whom):
                stage.measure("check", whom, whom.checks(), _KNOWN, seconds=seconds)
    _measure_other_cookies(stage)
    _measure_protected(stage)
    _flood(stage)
    for callers in (1, 8, 256):
        for whom in stage.among(*few):
            stage.warm(whom)
            checks = whom.checks()
            stage.measure("check", whom, checks, _KNOWN, connections=callers, seconds=seconds)


def _measure_other_cookies(stage: Stage) -> None:
    """Measure each kind of cookie in turn, valid ones among them: a slow minute hits all kinds."""
    rounds, seconds = (2, 1) if stage.quick else (4, 2)
    kinds = (("valid", None, _KNOWN), ("forged", forged(1000), _NOBODY), ("absent", [""], _NOBODY))
    for _ in stage.rounds(rounds):
        for whom in stage.among(OURS, NODE):
            stage.warm(whom)
            for kind, cookies, expected in kinds:
                checks = whom.checks(cookies)
                stage.measure(f"check, {kind}", whom, checks, expected, seconds=seconds)
            checks = whom.checks(_ended(whom))
            stage.measure("check, revoked", whom, checks, _NOBODY, seconds=seconds)


def _ended(whom: Contestant) -> list[str]:
    """Return the cookies of sessions that have just been signed out."""
    cookies = whom.seeds.more_sessions(200)
    for request in sign_outs(cookies):
        whom.ask(request)
    return cookies


def _measure_protected(stage: Stage) -> None:
    ours = stage.contestant(OURS)
    requests = [Request("GET", PROTECTED, cookie) for cookie in ours.own_cookies]
    for _ in stage.rounds(1 if stage.quick else 3):
        stage.warm(ours)
        stage.measure("protected", ours, requests, _KNOWN, seconds=1 if stage.quick else 3)


def _flood(stage: Stage) -> None:
    """Valid checks from 8 callers while 24 others show forged cookies: no session is looked for.

    Counted are reads of the sessions by their token, and of the whole table. Reads by other
    columns are the housekeeping's, which has nothing to do with who asks.
    """
    ours = stage.contestant(OURS)
    seconds = 2 if stage.quick else 5
    made_up = stage.file(ours.server, ours.checks(forged(1000)))
    valid = stage.file(ours.server, ours.checks())
    stage.warm(ours)
    before = _looked_for(ours)
    with stage.watched("check, forged flood", ours, 8) as done:
        flood = Loading(made_up, ours.server.port, connections=24, seconds=seconds)
        done(Loading(valid, ours.server.port, connections=8, seconds=seconds))
        stage.results.figures["flood/forged per second"] = flood.result().per_second
    stage.results.figures["flood/sessions looked for"] = _looked_for(ours) - before


def _looked_for(ours: Contestant) -> float:
    known = ours.checks()[0]
    for _ in range(_REPORTED):  # ... and asks meanwhile, so that nothing in memory is forgotten
        ours.ask(known)
        time.sleep(1)
    return float(ours.rows.value(_LOOKED_FOR))


@contextmanager
def _revoking(stage: Stage, whom: Contestant) -> Iterator[None]:
    """Meanwhile end sessions of ours one after the other, and see each refused at once."""
    if whom.name != OURS:
        yield
        return
    cookies = whom.seeds.more_sessions(100)
    over = threading.Event()
    seen = [0, 0]
    failures: list[BaseException] = []

    def revoke() -> None:
        try:
            for cookie, sign_out in zip(cookies, sign_outs(cookies), strict=True):
                if over.is_set():
                    return
                check = Request("GET", whom.check_path, cookie)
                if _KNOWN not in whom.ask(check)[1] or _KNOWN not in whom.ask(check)[1]:
                    raise AssertionError("a fresh session was refused")
                whom.ask(sign_out)
                seen[0] += 1
                seen[1] += whom.ask(check)[1] == b"null"
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
    figures = stage.results.figures
    for name, count in zip(("revoked", "refused at once"), seen, strict=True):
        figures[f"check/{name}"] = figures.get(f"check/{name}", 0) + count
