"""A lock that is handed over in the order in which it was asked for."""

import threading
from collections import deque


class FairLock:
    """As threading.Lock, but who came first is next.

    A plain one belongs to whoever asks just when it is free. A thread that lets it go and soon asks
    again is quicker than those that must be woken, so that one of them may wait a second and longer
    while hundreds of others have had their turn.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Lock] = deque()
        """Those who wait, each at a lock of their own that is opened when it is their turn."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, timeout: float = -1) -> bool:
        """Take the lock; False if it is not our turn within `timeout` seconds. -1: wait on."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            waiter = threading.Lock()
            waiter.acquire()
            self._queue.append(waiter)
        return waiter.acquire(timeout=timeout) or self._was_handed_over(waiter)

    def release(self) -> None:
        """Hand the lock to who has waited longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False

    def _was_handed_over(self, waiter: threading.Lock) -> bool:
        """Leave the line, unless the lock was handed to us in the moment in which we gave up."""
        with self._guard:
            if waiter not in self._queue:
                return True
            self._queue.remove(waiter)
            return False
