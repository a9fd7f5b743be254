"""Counters of the rate limits in the memory of this process."""

import hashlib
import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass

from backend.kernel.clock import Clock

MOST = 50_000
"""Windows of one length that are remembered: 5,000 new callers a second for ten seconds, about as
many as one process answers. A window takes some 300 bytes, at most 750: with the four lengths in
use (10 seconds, 1, 5 and 60 minutes) 60 MB for all that fits, and never more than 150 MB."""

_LONGEST_KEY = 120  # characters; a longer one may be a path that a caller made up
_FORGOTTEN_AT_ONCE = 2  # more than the one that is added: after a flood the memory comes back


@dataclass(slots=True)
class Window:
    """How much was counted, until the window ends (in the clock's monotonic seconds)."""

    count: int = 0
    ends: float = 0.0


_Lane = OrderedDict[str, Window]


class MemoryCounters:
    """Counts in fixed windows, each beginning with the first count.

    Bounded in memory, without a thread of its own, and each call takes the same few steps however
    much is remembered: windows of one length end in the order in which they began, so those to be
    forgotten are always the first of their lane.

    A full lane forgets what has ended, and if nothing has, the window that ends next. Whoever wants
    a counter forgotten before its time has to begin `MOST` others of its length after it, each with
    a request from an address, or about an account, that has none yet; every such request is a try
    of its own, so the one try gained is bought with 50,000. Windows of other lengths lose nothing:
    a flood of sign-ins, counted for ten seconds, does not touch the failures of an account.

    The window of a key is as long as its first count said. Keys of one rule are all of one length,
    since a key names its rule.
    """

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._lanes: defaultdict[int, _Lane] = defaultdict(OrderedDict)
        self._lock = threading.Lock()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more, or fewer if negative, but never below zero; return the count."""
        key = _short(key)
        with self._lock:
            now = self._clock.monotonic()
            lane = self._lanes[expiry]
            window = lane.get(key)
            if window is None or window.ends <= now:
                if amount <= 0:  # taken back after its window has ended
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
        key = _short(key)
        with self._lock:
            for lane in self._lanes.values():
                lane.pop(key, None)

    def __len__(self) -> int:
        """Return how many windows are remembered, ended ones that still take room included."""
        with self._lock:
            return sum(map(len, self._lanes.values()))

    def _begin(self, lane: _Lane, key: str, now: float, ends: float) -> Window:
        lane.pop(key, None)  # an ended one would keep its place in the order
        for _ in range(_FORGOTTEN_AT_ONCE):
            if lane and next(iter(lane.values())).ends <= now:
                lane.popitem(last=False)
        if len(lane) >= self._most:
            lane.popitem(last=False)
        window = lane[key] = Window(0, ends)
        return window

    def _find(self, key: str) -> Window | None:
        key, now = _short(key), self._clock.monotonic()
        found = (lane.get(key) for lane in self._lanes.values())
        return next((window for window in found if window and window.ends > now), None)


def _short(key: str) -> str:
    if len(key) <= _LONGEST_KEY:
        return key
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
