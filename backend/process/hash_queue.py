"""A fair queue for hashing.

The rank of a request is the number of slots its caller already has, by address or by account,
whichever is more. Lower ranks hash first. If the queue is full, a new request takes the slot of
the highest rank that still waits. So a caller may use the whole queue while nobody else needs it,
and a single request waits for at most one hash of every other caller (ASVS 15.1.3).
"""

import threading
from collections import Counter
from concurrent.futures import Future
from itertools import count
from typing import Any

from backend.kernel.refusals import Refusal, service_unavailable


class HashQueueSlot:
    """The slot of one request."""

    __slots__ = ("_evicted", "_lock", "_pending", "callers", "order")

    def __init__(self, callers: tuple[str, ...], order: tuple[int, int]) -> None:
        self.callers = callers
        self.order = order
        """Its rank, then its number; the lowest is next."""
        self._lock = threading.Lock()
        self._evicted = False
        self._pending: Future[Any] | None = None

    def set_pending(self, future: Future[Any]) -> None:
        """Set the hash that the request waits for; refuses with 503 if the slot was evicted."""
        with self._lock:
            if self._evicted:
                raise queue_full()
            self._pending = future

    def evict(self) -> bool:
        """Give the slot up; False while its hash is being computed."""
        with self._lock:
            if self._pending is not None and not self._pending.done():
                self._evicted = self._pending.cancel()
            else:
                self._evicted = True
            return self._evicted


class HashQueue:
    """The slots, acquired when a request arrives and released when it ends."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._slots: set[HashQueueSlot] = set()
        self._slots_by_caller: Counter[str] = Counter()
        self._sequence = count()

    @property
    def free(self) -> int:
        """The number of free slots."""
        return self._size - len(self._slots)

    def acquire(self, *callers: str) -> HashQueueSlot:
        """Acquire a slot for a request of these callers, or refuse with 503 at once."""
        with self._lock:
            rank = max((self._slots_by_caller[caller] for caller in callers), default=0)
            if not self.free:
                self._evict_lower_priority(rank)
            slot = HashQueueSlot(callers, (rank, next(self._sequence)))
            self._slots.add(slot)
            self._slots_by_caller.update(callers)
            return slot

    def release(self, slot: HashQueueSlot) -> None:
        """Release a slot; an evicted one is free already."""
        with self._lock:
            self._free(slot)

    def _evict_lower_priority(self, rank: int) -> None:
        for last in sorted(self._slots, key=lambda slot: slot.order, reverse=True):
            if last.order[0] <= rank:
                break
            if last.evict():
                self._free(last)
                return
        raise queue_full()

    def _free(self, slot: HashQueueSlot) -> None:
        if slot not in self._slots:
            return
        self._slots.remove(slot)
        self._slots_by_caller -= Counter(slot.callers)  # drops those without slots


def queue_full() -> Refusal:
    return service_unavailable(retry_after=5)
