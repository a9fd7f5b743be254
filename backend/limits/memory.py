"""Counters of the rate limits in the memory of this process."""

import hashlib
import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass

from backend.kernel.clock import Clock

MAX_WINDOWS = 50_000
"""Windows kept per length: 5,000 new callers a second for ten seconds, about as
many as one process serves. A window takes some 300 bytes, at most 750: with the four lengths in
use (10 seconds, 1, 5 and 60 minutes) 60 MB for all that fits, and never more than 150 MB."""

_MAX_KEY_LENGTH = 120  # characters; a longer one may be a path that a caller invented
_MAX_EVICTED_PER_CALL = 2  # more than is added, so that memory is freed after a flood


@dataclass(slots=True)
class Window:
    """How much was counted, until the window ends (in the clock's monotonic seconds)."""

    count: int = 0
    ends: float = 0.0


_Lane = OrderedDict[str, Window]


class MemoryCounters:
    """Counts in fixed windows, each beginning with the first count.

    Bounded in memory, without a thread, and in constant time: windows of one length end in the
    order in which they began, so the next to evict is always the first of its lane.

    A full lane evicts an ended window or, if there is none, the one that ends next. To evict a
    counter early, an attacker must start `MAX_WINDOWS` windows of the same length after it, each
    from a new address or about a new account; every such request is an attempt of its own, so one
    extra attempt costs 50,000. Windows of other lengths are not affected: a flood of sign-ins,
    counted for ten seconds, does not touch the failures of an account.

    The first count of a key sets the length of its window. All keys of a rule have the same length,
    since a key contains its rule.
    """

    def __init__(self, clock: Clock, *, max_windows: int = MAX_WINDOWS) -> None:
        self._clock = clock
        self._max_windows = max_windows
        self._lanes: defaultdict[int, _Lane] = defaultdict(OrderedDict)
        self._lock = threading.Lock()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more, or fewer if negative, but never below zero; return the count."""
        key = _shorten(key)
        with self._lock:
            now = self._clock.monotonic()
            lane = self._lanes[expiry]
            window = lane.get(key)
            if window is None or window.ends <= now:
                if amount <= 0:  # refunded after its window has ended
                    return 0
                window = self._begin(lane, key, now, now + expiry)
            window.count = max(0, window.count + amount)
            return window.count

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since the epoch; without one it is now."""
        with self._lock:
            now = self._clock.now().timestamp()
            window = self._find(key)
            return now + window.ends - self._clock.monotonic() if window else now

    def clear(self, key: str) -> None:
        """Forget one counter."""
        key = _shorten(key)
        with self._lock:
            for lane in self._lanes.values():
                lane.pop(key, None)

    def __len__(self) -> int:
        """Return how many windows are kept, including ended ones not yet evicted."""
        with self._lock:
            return sum(map(len, self._lanes.values()))

    def _begin(self, lane: _Lane, key: str, now: float, ends: float) -> Window:
        lane.pop(key, None)  # an ended one would keep its position
        for _ in range(_MAX_EVICTED_PER_CALL):
            if lane and next(iter(lane.values())).ends <= now:
                lane.popitem(last=False)
        if len(lane) >= self._max_windows:
            lane.popitem(last=False)
        window = lane[key] = Window(0, ends)
        return window

    def _find(self, key: str) -> Window | None:
        key, now = _shorten(key), self._clock.monotonic()
        windows = (lane.get(key) for lane in self._lanes.values())
        return next((window for window in windows if window and window.ends > now), None)


def _shorten(key: str) -> str:
    if len(key) <= _MAX_KEY_LENGTH:
        return key
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
