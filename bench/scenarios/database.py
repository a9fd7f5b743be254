"""The endpoints that always ask the database: list-sessions, update-user, sign-out."""

from bench.asking import Request, addresses, as_json
from bench.contestant import Contestant
from bench.names import NODE, OURS, PORTED, SQLITE
from bench.stage import Stage

AUTH = "/api/auth"
_REHEARSED = 1_000


def measure(stage: Stage) -> None:
    """Measure each endpoint on each server in turn, each after a rehearsal."""
    rounds, seconds = (1, 1) if stage.quick else (3, 3)
    names = (OURS, SQLITE, NODE) if stage.quick else (OURS, SQLITE, NODE, PORTED)
    for _ in stage.rounds(rounds):
        for whom in stage.among(*names):
            requests = list_sessions(whom)
            stage.rehearse(whom, requests[-_REHEARSED:])
            stage.measure("list-sessions", whom, requests, b'"userAgent"', seconds=seconds)
        for whom in stage.among(*names):
            requests = update_user(whom)
            stage.rehearse(whom, requests[-_REHEARSED:])
            stage.measure("update-user", whom, requests, b'{"status":true}', seconds=seconds)
        for whom in stage.among(*names):
            _sign_out(stage, whom)


def list_sessions(whom: Contestant) -> list[Request]:
    """Return what each user sends to see where they are signed in."""
    return [
        Request("GET", f"{AUTH}/list-sessions", cookie, address=address)
        for cookie, address in zip(whom.own_cookies, addresses(3_000), strict=True)
    ]


def update_user(whom: Contestant) -> list[Request]:
    """Return what each user sends to be called by another name, twice."""
    return [
        Request("POST", f"{AUTH}/update-user", cookie, as_json({"name": name}), address=address)
        for name in ("Ada", "Grace")
        for cookie, address in zip(whom.own_cookies, addresses(3_000), strict=True)
    ]


def sign_outs(cookies: list[str]) -> list[Request]:
    """Return what ends the session of each cookie, each from its own address."""
    return [
        Request("POST", f"{AUTH}/sign-out", cookie, b"{}", address=address)
        for cookie, address in zip(cookies, addresses(len(cookies)), strict=True)
    ]


def _sign_out(stage: Stage, whom: Contestant) -> None:
    count = _REHEARSED + (1_000 if stage.quick else 2_000)
    requests = sign_outs(whom.seeds.more_sessions(count))
    stage.rehearse(whom, requests[:_REHEARSED])
    requests = requests[_REHEARSED:]
    stage.measure("sign-out", whom, requests, b'{"success":true}', seconds=20, once=True)
