"""Signing in and up: the throughput is that of the hash, and of little else."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.secret import Password
from bench.rig.harness import Harness
from bench.rig.load_requests import LoadRequest, caller_addresses, encode_form, encode_json
from bench.rig.seeds import PASSWORD
from bench.rig.servers import ROUNDS
from bench.rig.subject import Subject
from bench.server_names import BETTER_AUTH, BETTER_AUTH_PYTHON, FASTAPI_USERS, OURS

_SIGNED_IN = {FASTAPI_USERS: b"204"}
_numbers = itertools.count(1)


def measure(harness: Harness) -> None:
    """Measure what bcrypt allows here, and what each server makes of it, in turn."""
    others = () if harness.quick else (FASTAPI_USERS, BETTER_AUTH_PYTHON)
    # Few callers: Better Auth answers the first of them only when all are hashed.
    seconds, callers = (3, 4) if harness.quick else (10, 8)
    allowed = []
    for _ in harness.rounds(1 if harness.quick else 3):
        allowed.append(_hash_alone(harness, seconds / 2))
        for subject in harness.subjects(OURS, BETTER_AUTH, *others):
            requests, expected = sign_ins(subject), _SIGNED_IN.get(subject.name, b'"token"')
            harness.measure(
                "sign-in", subject, requests, expected, connections=callers, seconds=seconds
            )
        for subject in harness.subjects(OURS, BETTER_AUTH, *others):
            requests = _sign_ups(subject)
            harness.measure("sign-up", subject, requests, connections=callers, seconds=seconds)
    harness.results.figures["bcrypt/per second"] = median(allowed)


def sign_ins(subject: Subject) -> list[LoadRequest]:
    """Return sign-ins of those whose sessions are not checked, each from its own address."""
    callers = zip(subject.seeds.other_users, caller_addresses(1_000), strict=True)
    return [_sign_in(subject, user.email, address) for user, address in callers]


def _sign_in(subject: Subject, email: str, address: str) -> LoadRequest:
    if subject.name == FASTAPI_USERS:
        form = encode_form({"username": email, "password": PASSWORD})
        return LoadRequest("POST", "/auth/login", body=form, form=True, address=address)
    body = encode_json({"email": email, "password": PASSWORD})
    return LoadRequest("POST", "/api/auth/sign-in/email", body=body, address=address)


def _sign_ups(subject: Subject) -> list[LoadRequest]:
    path = subject.seeds.sign_up_request[0]
    requests = []
    for address in caller_addresses(1_000):
        email = f"new-{next(_numbers)}@example.com"
        body = encode_json({"name": "New", "email": email, "password": PASSWORD})
        requests.append(LoadRequest("POST", path, body=body, address=address))
    return requests


def _hash_alone(harness: Harness, seconds: float) -> float:
    """Return what bcrypt allows with every processor and nothing else to do: hashes a second."""
    hasher = PasswordHasher(int(ROUNDS))
    hashed = hasher.hash(Password(PASSWORD))
    threads = harness.cores
    until = time.monotonic() + seconds

    def work() -> int:
        done = 0
        while time.monotonic() < until:
            hasher.verify(Password(PASSWORD), hashed)
            done += 1
        return done

    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        count = sum(pool.map(lambda _: work(), range(threads)))
    rate = count / (time.monotonic() - began)
    harness.log(f"  bcrypt {ROUNDS} alone with {threads} threads: {rate:.1f} hashes a second")
    return rate
