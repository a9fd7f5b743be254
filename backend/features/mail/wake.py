"""The bell that wakes the worker: there is mail."""

import threading


class Bell:
    """Rung by whoever posts, waited for by the one who sends."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def wait(self, seconds: float | None) -> None:
        """Wait until somebody rang or the time is over, and be ready for the next ring."""
        self._rung.wait(seconds)
        self._rung.clear()
