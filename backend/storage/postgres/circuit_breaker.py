"""Sends no more connection attempts than one a second to a server that does not answer."""

import threading

from backend.kernel.clock import Clock
from backend.storage.errors import DatabaseUnavailable

_KNOCK_EVERY = 1.0  # seconds between attempts while the server is away


class CircuitBreaker:
    """Lets one attempt a second through while the server does not answer, and all otherwise."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next_knock = 0.0
        self._knocking = False
        self._away: str | None = None

    def enter(self) -> None:
        """Ask to connect; raises DatabaseUnavailable at once, with the reason of whose turn it was,
        when it is not ours."""
        if self._away is None:
            return
        with self._lock:
            if self._knocking or self._clock.monotonic() < self._next_knock:
                raise DatabaseUnavailable(f"a moment ago: {self._away}")
            self._knocking = True

    def failed(self, reason: BaseException, *, again_in: float = _KNOCK_EVERY) -> None:
        with self._lock:
            self._away, self._knocking = str(reason).strip().partition("\n")[0], False
            self._next_knock = self._clock.monotonic() + again_in

    def passed(self) -> None:
        with self._lock:
            self._away, self._knocking = None, False
