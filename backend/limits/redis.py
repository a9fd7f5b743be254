"""Counters of the rate limits in Redis, where several replicas count together."""

import math
from collections.abc import Callable
from typing import TypeVar

import structlog
from limits.errors import StorageError
from limits.storage import RedisStorage

from backend.kernel.clock import Clock
from backend.kernel.secrets.secret import Secret
from backend.limits.memory import MemoryCounters

T = TypeVar("T")

_PATIENCE = 1  # seconds until Redis has answered or is away
_REST = 5  # seconds for which a Redis that is away is left alone: waiting costs a caller a second
_COMPLAIN_EVERY = 60  # seconds

log = structlog.get_logger()


class RedisCounters:
    """Counts in Redis; while Redis is away, in this process.

    The limits get looser then, for each replica counts for itself, but are never absent
    (ASVS 16.5.2).
    """

    def __init__(self, clock: Clock, url: Secret) -> None:
        self._clock = clock
        self._own = MemoryCounters(clock)
        self._redis = RedisStorage(
            url.reveal(),
            wrap_exceptions=True,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
        )
        self._rests_until = self._complained_at = -math.inf

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more, or fewer if negative; return the count."""
        return self._ask(lambda counters: counters.incr(key, expiry, amount))

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since the epoch."""
        return self._ask(lambda counters: counters.get_expiry(key))

    def clear(self, key: str) -> None:
        """Forget one counter, here and in Redis."""
        self._own.clear(key)
        self._ask(lambda counters: counters.clear(key))

    def check(self) -> bool:
        """Tell whether Redis is there, after a second at most."""
        return self._redis.check()

    def _ask(self, question: Callable[[RedisStorage | MemoryCounters], T]) -> T:
        if self._clock.monotonic() >= self._rests_until:
            try:
                return question(self._redis)
            except StorageError as error:
                self._rest(error)
        return question(self._own)

    def _rest(self, error: StorageError) -> None:
        now = self._clock.monotonic()
        self._rests_until = now + _REST
        if now - self._complained_at >= _COMPLAIN_EVERY:
            self._complained_at = now
            log.warning("limits_store_away", reason=str(error.storage_error))
