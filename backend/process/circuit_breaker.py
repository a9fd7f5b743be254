"""Limits attempts to reach a server that is away, to one in a while."""

import threading

from backend.kernel.clock import Clock


class CircuitBreaker:
    """Allows all attempts, and after a failure one in `retry_interval` seconds until one
    succeeds.

    Whoever attempts must record how it ended.
    """

    def __init__(self, clock: Clock, *, retry_interval: float = 1.0) -> None:
        self._clock = clock
        self._retry_interval = retry_interval
        self._lock = threading.Lock()
        self._next_attempt = 0.0
        self._attempting = False
        self._failure: str | None = None

    def find_obstacle(self) -> str | None:
        """Return the last failure if no attempt is allowed now, or None to attempt."""
        if self._failure is None:
            return None
        with self._lock:
            if self._attempting or self._clock.monotonic() < self._next_attempt:
                return self._failure
            self._attempting = True
        return None

    def record_failure(self, reason: BaseException, *, again_in: float | None = None) -> None:
        """Note a failed attempt; `again_in` seconds is the next one allowed."""
        wait = self._retry_interval if again_in is None else again_in
        with self._lock:
            self._failure = str(reason).strip().partition("\n")[0] or type(reason).__name__
            self._attempting = False
            self._next_attempt = self._clock.monotonic() + wait

    def record_success(self) -> None:
        with self._lock:
            self._failure, self._attempting = None, False
