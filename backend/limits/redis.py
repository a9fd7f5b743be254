"""Rate limit counters in Redis, shared by all replicas."""

import math
from collections.abc import Callable
from typing import TypeVar

import structlog
from limits.errors import StorageError
from limits.storage import RedisStorage

from backend.kernel.clock import Clock
from backend.kernel.secrets.secret import Secret
from backend.kernel.settings import SettingsError
from backend.limits.memory import MemoryCounters

T = TypeVar("T")

_TIMEOUT = 1  # seconds until Redis counts as away
_RETRY_AFTER = 5  # seconds before an absent Redis is tried again: waiting costs a caller one
_WARN_EVERY = 60  # seconds

log = structlog.get_logger()


class RedisCounters:
    """Counts in Redis; while Redis is away, in this process.

    Each replica then counts for itself: the limits get looser but are never absent (ASVS 16.5.2).
    Raises SettingsError for a REDIS_URL with options the client does not know.
    """

    def __init__(self, clock: Clock, url: Secret) -> None:
        self._clock = clock
        self._local = MemoryCounters(clock)
        self._redis = _open(url)
        self._retry_at = self._warned_at = -math.inf

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more, or fewer if negative; return the count."""
        return self._run(lambda counters: counters.incr(key, expiry, amount))

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since the epoch."""
        return self._run(lambda counters: counters.get_expiry(key))

    def clear(self, key: str) -> None:
        """Forget one counter, here and in Redis."""
        self._local.clear(key)
        self._run(lambda counters: counters.clear(key))

    def check(self) -> bool:
        """Tell whether Redis answers, within a second."""
        return self._redis.check()

    def _run(self, operation: Callable[[RedisStorage | MemoryCounters], T]) -> T:
        if self._clock.monotonic() >= self._retry_at:
            try:
                return operation(self._redis)
            except StorageError as error:
                self._fall_back(error)
        return operation(self._local)

    def _fall_back(self, error: StorageError) -> None:
        now = self._clock.monotonic()
        self._retry_at = now + _RETRY_AFTER
        if now - self._warned_at >= _WARN_EVERY:
            self._warned_at = now
            log.warning("limits_store_away", reason=str(error.storage_error))


def _open(url: Secret) -> RedisStorage:
    try:
        storage = RedisStorage(
            url.reveal(),
            wrap_exceptions=True,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
        )
        storage.storage.connection_pool.make_connection()  # without connecting
    except TypeError:
        raise SettingsError("REDIS_URL has an option that the Redis client does not know") from None
    except ValueError as error:
        raise SettingsError(f"REDIS_URL: {error}") from None
    return storage
