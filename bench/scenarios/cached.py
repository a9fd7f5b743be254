"""Many sessions in memory: what one weighs, and whether finding one gets slower.

Each number of sessions is tried in a process of its own: `python -m bench.scenarios.cached COUNT`.
"""

import json
import subprocess
import sys
import time
from datetime import timedelta
from uuid import UUID

from backend.features.sessions.cache import SessionCache
from backend.features.sessions.reader import _current
from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness, uuid7
from backend.kernel.signing import Keyring
from backend.kernel.tokens import TokenMint, digest
from backend.storage.sessions import Session, SessionWithUser
from backend.storage.users import User
from bench import machine
from bench.prepare import ROOT
from bench.stage import Stage

_LOOKUPS = 200_000
_HEAVIEST = 8_000  # bytes of an entry; more than any has, to see whether memory suffices
_PATIENCE = 300.0  # seconds


def measure(stage: Stage) -> None:
    """Fill the cache with more and more sessions; a quick run stops at 30,000."""
    for count in (1_000, 30_000) if stage.quick else (1_000, 10_000, 100_000, 1_000_000):
        if count * _HEAVIEST / 2**20 > machine.available_megabytes():
            stage.results.notes.append(f"No memory for {count:,} cached sessions.")
            return
        command = [sys.executable, "-m", "bench.scenarios.cached", str(count)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
        found = json.loads(done.stdout)
        stage.results.figures[f"cached/bytes each/{count}"] = found["bytes"]
        stage.results.figures[f"cached/ns a hit/{count}"] = found["ns"]
        stage.say(
            f"  {count:>9,} cached: {found['bytes']:,.0f} bytes each, {found['ns']:.0f} ns a hit"
        )


def fill(count: int) -> dict[str, float]:
    """Fill a cache in this process; returns the bytes of an entry and the nanoseconds of a hit."""
    clock, randomness = SystemClock(), SystemRandomness()
    mint, cache = TokenMint(Keyring([randomness.bytes(32)])), SessionCache(count)
    own = machine.own_megabytes()
    digests = []
    for number in range(count):
        now = clock.now()
        found = _found(uuid7(randomness, now), uuid7(randomness, now), number)
        token = mint.new(randomness)
        entry = _current(found, token, digest(token), None)
        cache.fill(entry, cache.generation)
        digests.append(entry.digest)
    weight = (machine.own_megabytes() - own) * 2**20 / count
    asked = [digests[(number * 7919) % count] for number in range(_LOOKUPS)]
    began = time.perf_counter_ns()
    for each in asked:
        cache.get(each)
    return {"bytes": weight, "ns": (time.perf_counter_ns() - began) / _LOOKUPS}


def _found(session_id: UUID, user_id: UUID, number: int) -> SessionWithUser:
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
    user = User(
        id=user_id,
        email=f"user-{number}@example.com",
        email_verified=False,
        name=f"User {number}",
        image=None,
        role="user",
        banned=False,
        ban_reason=None,
        ban_expires=None,
        created_at=now,
        updated_at=now,
    )
    return SessionWithUser(session, user)


if __name__ == "__main__":
    print(json.dumps(fill(int(sys.argv[1]))))
