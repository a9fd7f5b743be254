"""A lock that threads get in the order in which they ask for it."""

import threading
from collections import deque


class FairLock:
    """Like threading.Lock, but first come, first served.

    A plain lock goes to the thread that asks while it is free. One that releases it and soon asks
    again beats those that must be woken first, which may wait for seconds while others get it
    hundreds of times.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Lock] = deque()
        """One lock for each waiting thread, released when it is next."""

    @property
    def waiting(self) -> int:
        """The number of waiting threads."""
        return len(self._queue)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, timeout: float = -1) -> bool:
        """Take the lock; False after `timeout` seconds. -1 waits without limit."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            waiter = threading.Lock()
            waiter.acquire()
            self._queue.append(waiter)
        return waiter.acquire(timeout=timeout) or self._was_handed_over(waiter)

    def release(self) -> None:
        """Hand the lock to the thread that has waited longest."""
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False

    def _was_handed_over(self, waiter: threading.Lock) -> bool:
        """Leave the queue, unless the lock was handed over just as the timeout ended."""
        with self._guard:
            if waiter not in self._queue:
                return True
            self._queue.remove(waiter)
            return False
