"""The endpoints that always ask the database: list-sessions, update-user, sign-out."""

from bench.rig.harness import Harness
from bench.rig.load_requests import LoadRequest, caller_addresses, encode_json
from bench.rig.subject import Subject
from bench.server_names import BETTER_AUTH, BETTER_AUTH_PYTHON, OURS, SQLITE

AUTH = "/api/auth"
_WARM_UP_REQUESTS = 1_000


def measure(harness: Harness) -> None:
    """Measure each endpoint on each server in turn, each after a rehearsal."""
    rounds, seconds = (1, 1) if harness.quick else (3, 3)
    names = (OURS, SQLITE, BETTER_AUTH, *(() if harness.quick else (BETTER_AUTH_PYTHON,)))
    for _ in harness.rounds(rounds):
        for subject in harness.subjects(*names):
            requests = list_sessions(subject)
            harness.send_each_once(subject, requests[-_WARM_UP_REQUESTS:])
            harness.measure("list-sessions", subject, requests, b'"userAgent"', seconds=seconds)
        for subject in harness.subjects(*names):
            requests = update_user(subject)
            harness.send_each_once(subject, requests[-_WARM_UP_REQUESTS:])
            harness.measure("update-user", subject, requests, b'{"status":true}', seconds=seconds)
        for subject in harness.subjects(*names):
            _sign_out(harness, subject)


def list_sessions(subject: Subject) -> list[LoadRequest]:
    """Return what each user sends to see where they are signed in."""
    return [
        LoadRequest("GET", f"{AUTH}/list-sessions", cookie, address=address)
        for cookie, address in zip(subject.session_cookies, caller_addresses(3_000), strict=True)
    ]


def update_user(subject: Subject) -> list[LoadRequest]:
    """Return what each user sends to be called by another name, twice."""
    return [
        LoadRequest(
            "POST", f"{AUTH}/update-user", cookie, encode_json({"name": name}), address=address
        )
        for name in ("Ada", "Grace")
        for cookie, address in zip(subject.session_cookies, caller_addresses(3_000), strict=True)
    ]


def sign_outs(cookies: list[str]) -> list[LoadRequest]:
    """Return what ends the session of each cookie, each from its own address."""
    return [
        LoadRequest("POST", f"{AUTH}/sign-out", cookie, b"{}", address=address)
        for cookie, address in zip(cookies, caller_addresses(len(cookies)), strict=True)
    ]


def _sign_out(harness: Harness, subject: Subject) -> None:
    count = _WARM_UP_REQUESTS + (1_000 if harness.quick else 2_000)
    requests = sign_outs(subject.seeds.more_sessions(count))
    harness.send_each_once(subject, requests[:_WARM_UP_REQUESTS])
    requests = requests[_WARM_UP_REQUESTS:]
    harness.measure("sign-out", subject, requests, b'{"success":true}', seconds=20, once=True)
