"""Counters of the rate limits in Redis, where several replicas count together."""

import math
from collections.abc import Callable
from typing import TypeVar, cast

import structlog
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from backend.kernel.clock import Clock
from backend.kernel.secret import Secret
from backend.limits.memory import Counters

T = TypeVar("T")

_PATIENCE = 1  # seconds until Redis has answered or is away
_REST = 5  # seconds for which a Redis that is away is left alone: waiting costs a caller a second
_COMPLAIN_EVERY = 60  # seconds

log = structlog.get_logger()


class SharedCounters(Storage):
    """Counts in Redis; while Redis is away, in this process.

    The limits get looser then, for each replica counts for itself, but are never absent
    (ASVS 16.5.2).
    """

    STORAGE_SCHEME = ["shared-counters"]  # noqa: RUF012 - declared so, without ClassVar, by limits

    def __init__(self, uri: str | None = None, *, clock: Clock, redis_url: Secret) -> None:
        super().__init__(uri)
        self._clock = clock
        self._own = Counters(clock=clock)
        shared = storage_from_string(
            redis_url.reveal(),
            wrap_exceptions=True,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
        )
        self._redis = cast(Storage, shared)  # an asynchronous one would begin with async+
        self._rests_until = self._complained_at = -math.inf

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """What can go wrong with the storage: nothing that is not dealt with here."""
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more, or fewer if negative; return the count."""
        return self._ask(lambda counters: counters.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        """Return what is counted now."""
        return self._ask(lambda counters: counters.get(key))

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since the epoch."""
        return self._ask(lambda counters: counters.get_expiry(key))

    def clear(self, key: str) -> None:
        """Forget one counter, here and in Redis."""
        self._own.clear(key)
        self._ask(lambda counters: counters.clear(key))

    def reset(self) -> int | None:
        """Forget all counters, here and in Redis."""
        self._own.reset()
        return self._ask(lambda counters: counters.reset())

    def check(self) -> bool:
        """Tell whether Redis is there, after a second at most."""
        return self._redis.check()

    def _ask(self, question: Callable[[Storage], T]) -> T:
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
            log.warning("limits_store_away", reason=str(error.storage_error)[:200])
