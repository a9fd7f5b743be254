"""Who hashes next, where more want to than can.

A request's rank is the number of places its caller holds already, by address or by account,
whichever is more. Lower ranks hash first. When all places are taken, a newcomer gets that of the
highest rank that only waits. So a caller may use everything while nobody else wants to, and whoever
comes with a single request waits for at most one hash of every other caller (ASVS 15.1.3).
"""

import threading
from collections import Counter
from concurrent.futures import Future
from itertools import count
from typing import Any

from backend.kernel.refusals import Refusal, unavailable


class HashQueueSlot:
    """The place of one request."""

    __slots__ = ("_lock", "_lost", "_pending", "callers", "order")

    def __init__(self, callers: tuple[str, ...], order: tuple[int, int]) -> None:
        self.callers = callers
        self.order = order
        """Its rank, then its number: the lowest is next."""
        self._lock = threading.Lock()
        self._lost = False
        self._pending: Future[Any] | None = None

    def wait_with(self, hashing: Future[Any]) -> None:
        """Note what the request waits for; refuses with 503 if the place was lost meanwhile."""
        with self._lock:
            if self._lost:
                raise no_place()
            self._pending = hashing

    def lose(self) -> bool:
        """Hand the place to another request; False while its hash is being computed."""
        with self._lock:
            if self._pending is not None and not self._pending.done():
                self._lost = self._pending.cancel()
            else:
                self._lost = True
            return self._lost


class HashQueue:
    """The places: taken at the door, given back when the request ends."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._taken: set[HashQueueSlot] = set()
        self._held: Counter[str] = Counter()
        self._numbers = count()

    @property
    def free(self) -> int:
        """How many places nobody holds."""
        return self._places - len(self._taken)

    def take(self, *callers: str) -> HashQueueSlot:
        """Take a place for a request of these callers, or refuse with 503 at once."""
        with self._lock:
            rank = max((self._held[caller] for caller in callers), default=0)
            if not self.free:
                self._make_room(rank)
            slot = HashQueueSlot(callers, (rank, next(self._numbers)))
            self._taken.add(slot)
            self._held.update(callers)
            return slot

    def give_back(self, slot: HashQueueSlot) -> None:
        """Free a place; one that was lost is free already."""
        with self._lock:
            self._free(slot)

    def _make_room(self, rank: int) -> None:
        for last in sorted(self._taken, key=lambda slot: slot.order, reverse=True):
            if last.order[0] <= rank:
                break
            if last.lose():
                self._free(last)
                return
        raise no_place()

    def _free(self, slot: HashQueueSlot) -> None:
        if slot not in self._taken:
            return
        self._taken.remove(slot)
        self._held.subtract(slot.callers)
        for caller in slot.callers:
            if not self._held[caller]:
                del self._held[caller]


def no_place() -> Refusal:
    return unavailable(retry_after=5)
