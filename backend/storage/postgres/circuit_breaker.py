"""Limits attempts to connect to an unreachable server to one a second."""

import threading

from backend.kernel.clock import Clock
from backend.storage.errors import DatabaseUnavailable

_RETRY_INTERVAL = 1.0  # seconds


class CircuitBreaker:
    """Allows all attempts to connect, and after a failure one a second until one succeeds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next_attempt = 0.0
        self._attempting = False
        self._failure: str | None = None

    def check(self) -> None:
        """Raise DatabaseUnavailable with the last failure if no attempt is allowed now."""
        if self._failure is None:
            return
        with self._lock:
            if self._attempting or self._clock.monotonic() < self._next_attempt:
                raise DatabaseUnavailable(f"a moment ago: {self._failure}")
            self._attempting = True

    def record_failure(self, reason: BaseException, *, again_in: float = _RETRY_INTERVAL) -> None:
        with self._lock:
            self._failure, self._attempting = str(reason).strip().partition("\n")[0], False
            self._next_attempt = self._clock.monotonic() + again_in

    def record_success(self) -> None:
        with self._lock:
            self._failure, self._attempting = None, False
