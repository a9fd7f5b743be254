"""Signing in and up: the throughput is that of the hash, and of little else."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.secrets.secret import Password
from bench.asking import Request, addresses, as_form, as_json
from bench.contestant import Contestant
from bench.names import NODE, OURS, PORTED, USERS_PEER
from bench.seeds import PASSWORD
from bench.servers import ROUNDS
from bench.stage import Stage

_SIGNED_IN = {USERS_PEER: b"204"}
_numbers = itertools.count(1)


def measure(stage: Stage) -> None:
    """Measure what bcrypt allows here, and what each server makes of it, in turn."""
    names = (OURS, NODE) if stage.quick else (OURS, NODE, USERS_PEER, PORTED)
    # Few callers: Better Auth answers the first of them only when all are hashed.
    seconds, callers = (3, 4) if stage.quick else (10, 8)
    allowed = []
    for _ in stage.rounds(1 if stage.quick else 3):
        allowed.append(_hash_alone(stage, seconds / 2))
        for whom in stage.among(*names):
            asked, expected = sign_ins(whom), _SIGNED_IN.get(whom.name, b'"token"')
            stage.measure("sign-in", whom, asked, expected, connections=callers, seconds=seconds)
        for whom in stage.among(*names):
            asked = _sign_ups(whom)
            stage.measure("sign-up", whom, asked, b'"email"', connections=callers, seconds=seconds)
    stage.results.figures["bcrypt/per second"] = median(allowed)


def sign_ins(whom: Contestant) -> list[Request]:
    """Return sign-ins of those whose sessions are not checked, each from its own address."""
    callers = zip(whom.seeds.others, addresses(1_000), strict=True)
    return [_sign_in(whom, person.email, address) for person, address in callers]


def _sign_in(whom: Contestant, email: str, address: str) -> Request:
    if whom.name == USERS_PEER:
        form = as_form({"username": email, "password": PASSWORD})
        return Request("POST", "/auth/login", body=form, form=True, address=address)
    body = as_json({"email": email, "password": PASSWORD})
    return Request("POST", "/api/auth/sign-in/email", body=body, address=address)


def _sign_ups(whom: Contestant) -> list[Request]:
    path = whom.seeds.signs_up[0]
    return [
        Request(
            "POST",
            path,
            body=as_json(
                {"name": "New", "email": f"new-{next(_numbers)}@example.com", "password": PASSWORD}
            ),
            address=address,
        )
        for address in addresses(1_000)
    ]


def _hash_alone(stage: Stage, seconds: float) -> float:
    """Return what bcrypt allows with every processor and nothing else to do: hashes a second."""
    hasher = PasswordHasher(int(ROUNDS))
    hashed = hasher.hash(Password(PASSWORD))
    threads = stage.cores
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
    stage.say(f"  bcrypt {ROUNDS} alone with {threads} threads: {rate:.1f} hashes a second")
    return rate
