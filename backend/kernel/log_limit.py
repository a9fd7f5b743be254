"""A limit on lines of the log that anybody can cause."""

from threading import Lock

_WINDOW, _MAX_LINES = 60.0, 5  # seconds, and different lines in them


class LogLimit:
    """Lets each line through once a minute, and no more than five of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._written: set[str] = set()
        self._ends_at = float("-inf")

    def allows(self, line: str, now: float) -> bool:
        """Tell whether this line is to be written; `now` is in seconds of a monotonic clock."""
        with self._lock:
            if now >= self._ends_at:
                self._ends_at, self._written = now + _WINDOW, set()
            if line in self._written or len(self._written) >= _MAX_LINES:
                return False
            self._written.add(line)
            return True
