"""Rate limits: how often one caller may ask.

Better Auth's rules for the auth endpoints, by client address; a limit per signed-in user on
protected endpoints, through slowapi; and one on failures per account. All count in one place: in
this process (`backend/web/counters.py`), or in Redis when several replicas share their limits
(`backend/web/shared_counters.py`).
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

from limits import RateLimitItem, parse
from limits.storage import Storage
from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.requests import Request
from starlette.types import Scope

from backend.kernel.clock import Clock
from backend.kernel.refusals import too_many_requests
from backend.kernel.settings import Settings
from backend.web.counters import Counters
from backend.web.shared_counters import SharedCounters
from backend.web.visit import route_of

InThread = Callable[[Callable[[], None]], Awaitable[None]]

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
        self.per_user = PerUserLimit(settings, clock)
        self._counters = self.per_user.counters

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


class PerUserLimit:
    """The limit of each signed-in user on each protected endpoint."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._asks_redis = settings.redis_url is not None
        scheme, told = _where_to_count(settings, clock)
        self._limiter = _Told(
            key_func=_user,
            storage_uri=f"{scheme}://",
            storage_options=told,
            enabled=settings.rate_limits,
            key_style="url",
        )
        self._counted = self._limiter.limit(settings.rate_limit_per_user)(_count)

    @property
    def counters(self) -> Storage:
        """Where slowapi counts."""
        return self._limiter.limiter.storage

    async def check(self, scope: Scope, user_id: str, in_thread: InThread) -> None:
        """Count a call by this user; in a worker thread when Redis is asked, which may be slow.

        All paths of one endpoint count together: slowapi is told the path as it was declared.
        """
        request = Request({**scope, "path": route_of(scope)})
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
            ends = self.counters.get_expiry(rule.key_for(*who))
            raise too_many_requests(_seconds_until(ends, self._clock)) from None


class _Told(Limiter):
    """slowapi's limiter, as our settings have it and nothing else.

    By itself it also obeys RATELIMIT_ENABLED and its like, in the environment or in `.env`: one
    word there would switch the limit off unseen. And it logs every refusal, so that whoever is
    refused could fill the log.
    """

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self.logger.setLevel(logging.ERROR)

    def get_app_config(self, key: str, default_value: Any = None) -> Any:
        """Return the default, whatever the environment says."""
        return default_value


def _where_to_count(settings: Settings, clock: Clock) -> tuple[str, dict[str, Any]]:
    """Return which of our counters slowapi is to make, by their scheme, and what they are told."""
    if settings.redis_url is None:
        return Counters.STORAGE_SCHEME[0], {"clock": clock}
    return SharedCounters.STORAGE_SCHEME[0], {"clock": clock, "redis_url": settings.redis_url}


def _seconds_until(ends: float, clock: Clock) -> int:
    return max(1, math.ceil(ends - clock.now().timestamp()))


def _user(request: Request) -> str:
    user_id: str = request.state.user_id
    return user_id


# slowapi asks for it with every call, and to find it out takes longer than all the counting.
vars(_user)["__signature__"] = signature(_user)


def _count(request: Request) -> None:
    """Stand in for the endpoint: slowapi counts calls of a function that takes the request."""
