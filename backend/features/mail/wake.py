"""The signal that wakes the mail worker."""

import threading


class WakeUp:
    """An event set by `enqueue`, and cleared by the worker that waits for it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def wait(self, seconds: float | None) -> None:
        """Wait until it is set or the time has passed, then clear it."""
        self._event.wait(seconds)
        self._event.clear()
