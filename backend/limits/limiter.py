"""Rate limits: how often one caller may ask.

Better Auth's rules for the auth endpoints, by client address; a limit per signed-in user on
protected endpoints; and one on failures per account. All count in one place: in this process
(`backend/limits/memory.py`), or in Redis when several replicas share their limits
(`backend/limits/redis.py`).
"""

import asyncio
import math
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import Storage

from backend.kernel.clock import Clock
from backend.kernel.settings import Settings
from backend.limits.memory import Counters
from backend.limits.redis import SharedCounters

_STRICT, _MAILS, _ELSE = parse("3 per 10 second"), parse("3 per minute"), parse("100 per 10 second")
_BY_PATH = {
    "/sign-in": _STRICT,
    "/sign-up": _STRICT,
    "/change-password": _STRICT,
    "/change-email": _STRICT,
    "/request-password-reset": _MAILS,
    "/send-verification-email": _MAILS,
}
_HASHING = {"/verify-password", "/delete-user", "/reset-password"}
"""What costs a hash besides. Links with a token in their path, such as `/reset-password/{token}`,
cost none, and are opened by whoever reads the mail: a scanner before its owner."""
_BY_ADMINS = parse("10 per 10 second")  # of passwords that one admin sets
_COUNTED_ELSEWHERE = {"/get-session", "/ok"}  # by session, and not at all

PER_SESSION = parse("300 per minute")
PER_ADMIN = parse("300 per minute")  # on each of the endpoints that are for admins only
FAILURES_PER_ACCOUNT = parse("10 per 5 minute")  # of all strangers together, or of one device
FAILURES_OF_DEVICES = parse("20 per 5 minute")  # of all devices of one user together
MAILS_PER_ADDRESS = parse("3 per hour")  # of one kind, that a stranger can cause


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit is reached: for how many seconds, and whether this is the first refusal of it."""

    retry_after: int
    first: bool


class Limits:
    """Counts requests in fixed windows."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._on = settings.rate_limits
        self._strict = settings.strict
        self._clock = clock
        self._asks_redis = settings.redis_url is not None
        self._counters = _counters(settings, clock)
        self.per_user = parse(settings.rate_limit_per_user)
        """Of each signed-in user, on each protected endpoint."""

    def cover(self, path: str) -> bool:
        """Tell whether calls of this auth endpoint are counted by client address."""
        return self._on and path not in _COUNTED_ELSEWHERE

    async def check_address(self, path: str, address: str) -> Exceeded | None:
        """Count a call of an auth endpoint (`path` below the base path) by its client address."""
        if not address:
            return None
        first = "/" + path.partition("/")[2].partition("/")[0]
        hashes = self._strict and path in _HASHING  # where Better Auth has its ordinary limit
        return await self.check(_STRICT if hashes else _BY_PATH.get(first, _ELSE), address, path)

    async def check_hashing(self, path: str, user_id: str) -> Exceeded | None:
        """Count a call that costs a hash by who is signed in, from whatever addresses they call."""
        if not self._strict:
            return None
        rule = _BY_ADMINS if path.startswith("/admin/") else _STRICT
        return await self.check(rule, "hash", user_id, path)

    async def check(self, rule: RateLimitItem, *who: str) -> Exceeded | None:
        """Count one more for `who`; in a thread when Redis is asked, which may be slow."""
        if self._asks_redis:
            return await asyncio.to_thread(self.count, rule, *who)
        return self.count(rule, *who)

    def count(self, rule: RateLimitItem, *who: str) -> Exceeded | None:
        """Count one more for `who`, atomically and before the work it limits (CVE-2023-47111)."""
        if not self._on:
            return None
        key = rule.key_for(*who)
        counted = self._counters.incr(key, rule.get_expiry())
        if counted <= rule.amount:
            return None
        left = _seconds_until(self._counters.get_expiry(key), self._clock)
        return Exceeded(left, first=counted == rule.amount + 1)

    def refund(self, rule: RateLimitItem, *who: str) -> None:
        """Take a count back: what was counted beforehand turned out not to be a failure."""
        if self._on:
            self._counters.incr(rule.key_for(*who), rule.get_expiry(), -1)

    def clear(self, rule: RateLimitItem, *who: str) -> None:
        """Forget what was counted: who it was has proved themselves by other means."""
        self._counters.clear(rule.key_for(*who))

    def store(self) -> str:
        """Tell where the counters live; asks Redis, for at most a second, whether it is there."""
        if not self._on:
            return "off"
        if not self._asks_redis:
            return "memory"
        return "redis" if self._counters.check() else "memory, because redis is away"


def _counters(settings: Settings, clock: Clock) -> Storage:
    if settings.redis_url is None:
        return Counters(clock=clock)
    return SharedCounters(clock=clock, redis_url=settings.redis_url)


def _seconds_until(ends: float, clock: Clock) -> int:
    return max(1, math.ceil(ends - clock.now().timestamp()))
