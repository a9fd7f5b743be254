"""Rate limits: how often one caller may ask.

Better Auth's rules for the auth endpoints, by client address; a limit per signed-in user on
protected endpoints, through slowapi; and one on failures per account. Counters live in this
process, or in Redis when several replicas share them. When Redis is away each process counts for
itself: the limits get looser, never absent (ASVS 16.5.2).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import structlog
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.requests import Request

from backend.kernel.clock import Clock
from backend.kernel.refusals import too_many_requests
from backend.kernel.settings import Settings

InThread = Callable[[Callable[[], None]], Awaitable[None]]

log = structlog.get_logger()

_STRICT, _MAILS, _ELSE = parse("3 per 10 second"), parse("3 per minute"), parse("100 per 10 second")
_BY_PATH = {
    "/sign-in": _STRICT,
    "/sign-up": _STRICT,
    "/change-password": _STRICT,
    "/change-email": _STRICT,
    "/request-password-reset": _MAILS,
    "/send-verification-email": _MAILS,
}
_COUNTED_ELSEWHERE = {"/get-session", "/ok"}  # by session, and not at all

PER_SESSION = parse("300 per minute")
PER_ADMIN = parse("300 per minute")  # on each of the endpoints that are for admins only
FAILURES_PER_ACCOUNT = parse("10 per 5 minute")
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
        self._clock = clock
        self._own = MemoryStorage()
        self._storage: Storage = self._own
        if settings.redis_url:
            url = settings.redis_url.reveal()
            shared = storage_from_string(url, wrap_exceptions=True, socket_timeout=1)
            self._storage = cast(Storage, shared)  # an asynchronous one would begin with async+
        self._complained_at = -math.inf
        self.per_user = PerUserLimit(settings, clock)

    def cover(self, path: str) -> bool:
        """Tell whether calls of this auth endpoint are counted by client address."""
        return self._on and path not in _COUNTED_ELSEWHERE

    async def check_address(self, path: str, address: str) -> Exceeded | None:
        """Count a call of an auth endpoint (`path` below the base path) by its client address."""
        if not address:
            return None
        first_two = "/" + path.partition("/")[2].partition("/")[0]
        return await self.check(_BY_PATH.get(first_two, _ELSE), address, path)

    async def check(self, rule: RateLimitItem, *who: str) -> Exceeded | None:
        """Count one more for `who`; in a thread when Redis is asked, which may be slow."""
        if self._storage is self._own:
            return self.count(rule, *who)
        return await asyncio.to_thread(self.count, rule, *who)

    def count(self, rule: RateLimitItem, *who: str) -> Exceeded | None:
        """Count one more for `who`, atomically and before the work it limits (CVE-2023-47111)."""
        if not self._on:
            return None
        key = rule.key_for(*who)
        counted = self._incremented(key, rule, 1)
        if counted <= rule.amount:
            return None
        return Exceeded(self._seconds_left(key), first=counted == rule.amount + 1)

    def refund(self, rule: RateLimitItem, *who: str) -> None:
        """Take a count back: what was counted beforehand turned out not to be a failure."""
        if self._on:
            self._incremented(rule.key_for(*who), rule, -1)

    def clear(self, rule: RateLimitItem, *who: str) -> None:
        """Forget what was counted: who it was has proved themselves by other means."""
        key = rule.key_for(*who)
        self._own.clear(key)
        if self._storage is self._own:
            return
        try:
            self._storage.clear(key)
        except StorageError as error:
            self._complain(error)

    def store(self) -> str:
        """Tell where the counters live; asks Redis, for at most a second, whether it is there."""
        if not self._on:
            return "off"
        if self._storage is self._own:
            return "memory"
        return "redis" if self._storage.check() else "memory, because redis is away"

    def _incremented(self, key: str, rule: RateLimitItem, by: int) -> int:
        try:
            return self._storage.incr(key, rule.get_expiry(), by)
        except StorageError as error:
            self._complain(error)
            return self._own.incr(key, rule.get_expiry(), by)

    def _seconds_left(self, key: str) -> int:
        try:
            ends = self._storage.get_expiry(key)
        except StorageError:
            ends = self._own.get_expiry(key)
        return max(1, math.ceil(ends - self._clock.now().timestamp()))

    def _complain(self, error: StorageError) -> None:
        if self._clock.monotonic() - self._complained_at >= 60:  # once a minute is enough
            self._complained_at = self._clock.monotonic()
            log.warning("limits_store_away", reason=str(error.storage_error)[:200])


class PerUserLimit:
    """The limit of each signed-in user on each protected endpoint."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        rate = settings.rate_limit_per_user
        self._clock = clock
        self._asks_redis = settings.redis_url is not None
        self._limiter = Limiter(
            key_func=lambda request: request.state.user_id,
            storage_uri=settings.redis_url.reveal() if settings.redis_url else "memory://",
            in_memory_fallback=[rate],
            in_memory_fallback_enabled=True,
            enabled=settings.rate_limits,
            key_style="url",
        )
        self._counted = self._limiter.limit(rate)(_count)

    async def check(self, request: Request, user_id: str, in_thread: InThread) -> None:
        """Count a call by this user; in a worker thread when Redis is asked, which may be slow."""
        request.state.user_id = user_id
        if self._asks_redis:
            await in_thread(lambda: self._check(request))
        else:
            self._check(request)

    def _check(self, request: Request) -> None:
        try:
            self._counted(request=request)
        except RateLimitExceeded:
            rule, who = request.state.view_rate_limit
            ends = self._limiter.limiter.get_window_stats(rule, *who).reset_time
            left = math.ceil(ends - self._clock.now().timestamp())
            raise too_many_requests(left) from None


def _count(request: Request) -> None:
    """Stand in for the endpoint: slowapi counts calls of a function that takes the request."""
