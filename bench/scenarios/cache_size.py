"""Many cached sessions: the memory of each, and whether lookups get slower.

Each number of sessions is measured in a process of its own:
`python -m bench.scenarios.cache_size COUNT`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from backend.features.sessions.cache import CurrentSession, SessionCache
from backend.features.sessions.reader import to_current_session
from backend.features.sessions.routes import render_session
from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness, uuid7
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import TokenDigest, TokenMint, digest
from backend.storage.queries.sessions import Session, SessionWithUser
from backend.storage.queries.users import User
from backend.web.cookie_header import find_cookie
from bench.rig import machine
from bench.rig.harness import Harness
from bench.rig.prepare import ROOT
from bench.rig.seeds import COOKIE, cookie_for

_LOOKUPS = 200_000
_HEAVIEST = 8_000  # bytes of an entry; more than any has, to see whether memory suffices
_TIMEOUT = 300.0  # seconds


def measure(harness: Harness) -> None:
    """Fill the cache with more and more sessions; a quick run stops at 30,000."""
    for count in (1_000, 30_000) if harness.quick else (1_000, 10_000, 100_000, 1_000_000):
        if count * _HEAVIEST / 2**20 > machine.available_megabytes():
            harness.results.notes.append(f"No memory for {count:,} cached sessions.")
            return
        command = [sys.executable, "-m", "bench.scenarios.cache_size", str(count)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT, check=True
        )
        measured = json.loads(done.stdout)
        for name, value in measured.items():
            harness.results.figures[f"cached/{name}/{count}"] = value
        harness.log(
            f"  {count:>9,} cached: {measured['bytes each']:,.0f} bytes each, a hit takes"
            f" {measured['ns a hit by cookie']:.0f} ns by cookie,"
            f" {measured['ns a hit']:.0f} ns by digest"
        )


def measure_cache(count: int) -> dict[str, float]:
    """Fill a cache in this process; returns the bytes of an entry and the time of a hit."""
    clock, randomness = SystemClock(), SystemRandomness()
    mint, cache = TokenMint(Keyring([randomness.bytes(32)])), SessionCache(count)
    own = machine.own_megabytes()
    entries = []
    for number in range(count):
        now = clock.now()
        session = _make_session(uuid7(randomness, now), uuid7(randomness, now), number)
        token = mint.new(randomness)
        entry = to_current_session(session, token, digest(token), None)
        entry.response = render_session(entry)
        entry.cookie = find_cookie(cookie_for(token.reveal()).encode(), COOKIE)
        cache.fill(entry, cache.generation)
        entries.append(entry)
    weight = (machine.own_megabytes() - own) * 2**20 / count
    looked_up = [entries[(number * 7919) % count] for number in range(_LOOKUPS)]
    # New objects, as each request brings them: a key that is the very same needs no comparison.
    digests = [TokenDigest(bytes(bytearray(entry.digest))) for entry in looked_up]
    cookies = [(entry.cookie or "").encode().decode() for entry in looked_up]
    return {
        "bytes each": weight,
        "ns a hit": _nanoseconds(cache.get, digests),
        "ns a hit by cookie": _nanoseconds(cache.get_by_cookie, cookies),
    }


def _nanoseconds(find: Callable[[Any], CurrentSession | None], keys: Sequence[Any]) -> float:
    began = time.perf_counter_ns()
    for key in keys:
        find(key)
    return (time.perf_counter_ns() - began) / len(keys)


def _make_session(session_id: UUID, user_id: UUID, number: int) -> SessionWithUser:
    now = SystemClock().now()
    session = Session(
        id=session_id,
        user_id=user_id,
        expires_at=now + timedelta(days=7),
        created_at=now,
        updated_at=now,
        ip_address=f"198.18.{number % 250}.{number // 250 % 250}",
        user_agent="".join(["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/", str(number)]),
        remembered=True,
        impersonated_by=None,
    )
    user = User(user_id, f"user-{number}@example.com", f"User {number}", now, now)
    return SessionWithUser(session, user)


if __name__ == "__main__":
    print(json.dumps(measure_cache(int(sys.argv[1]))))
