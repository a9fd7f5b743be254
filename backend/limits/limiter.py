"""The rate limiter: counts in this process, or in Redis for all replicas together."""

import asyncio
import math
from dataclasses import dataclass

from backend.kernel.clock import Clock
from backend.kernel.refusals import too_many_requests
from backend.kernel.settings import Settings
from backend.limits.memory import MemoryCounters, Window
from backend.limits.redis import RedisCounters
from backend.limits.rules import Rule, protected_calls


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that is reached: seconds to wait, and whether this is the first refusal."""

    retry_after: int
    first: bool


class Limiter:
    """Counts in fixed windows, always before the operation (CVE-2023-47111)."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.enabled = settings.rate_limits
        self.protected_calls = protected_calls(settings.rate_limit_per_user)
        self._clock = clock
        self._redis = RedisCounters(clock, settings.redis_url) if settings.redis_url else None
        self._counters = self._redis or MemoryCounters(clock)

    async def check(self, rule: Rule, *key_parts: str) -> None:
        """Count one more; refuses with 429 above the limit."""
        exceeded = await self.count_async(rule, *key_parts)
        if exceeded is not None:
            raise too_many_requests(exceeded.retry_after)

    async def count_async(self, rule: Rule, *key_parts: str) -> Exceeded | None:
        """Count one more; with Redis in a thread, because it may be slow."""
        if self._redis is not None:
            return await asyncio.to_thread(self.count, rule, *key_parts)
        return self.count(rule, *key_parts)

    def count(self, rule: Rule, *key_parts: str) -> Exceeded | None:
        """Count one more, atomically; may call Redis."""
        if not self.enabled:
            return None
        key = rule.key(*key_parts)
        counted = self._counters.incr(key, rule.per)
        if counted <= rule.amount:
            return None
        seconds_left = self._counters.get_expiry(key) - self._clock.now().timestamp()
        return Exceeded(max(1, math.ceil(seconds_left)), first=counted == rule.amount + 1)

    def check_window(self, rule: Rule, window: Window) -> None:
        """Count one more in the caller's own window, without a lookup; refuses above the limit."""
        if not self.enabled:
            return
        now = self._clock.monotonic()
        if window.ends <= now:
            window.count, window.ends = 0, now + rule.per
        window.count += 1
        if window.count > rule.amount:
            raise too_many_requests(int(window.ends - now) + 1)

    def refund(self, rule: Rule, *key_parts: str) -> None:
        """Take a count back: what was counted in advance was not a failure."""
        if self.enabled:
            self._counters.incr(rule.key(*key_parts), rule.per, -1)

    def clear(self, rule: Rule, *key_parts: str) -> None:
        """Reset a counter: the user has proved themselves by other means."""
        self._counters.clear(rule.key(*key_parts))

    def describe_store(self) -> str:
        """Tell where the counters live; pings Redis, for at most a second."""
        if not self.enabled:
            return "off"
        if self._redis is None:
            return "memory"
        return "redis" if self._redis.check() else "memory, because redis is away"
