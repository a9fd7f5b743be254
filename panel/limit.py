"""How often one session may ask the panel."""

import math
from collections import OrderedDict

from panel.given import Clock

PER_MINUTE = 300
_WINDOW = 60.0  # seconds
_SESSIONS_AT_MOST = 1000


class PerSessionLimit:
    """Counts requests of each session in windows of a minute, in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, session: str) -> int | None:
        """Count one more request; returns how many seconds to wait if it is one too many."""
        now = self._clock.monotonic()
        began, counted = self._counts.pop(session, (now, 0))
        if now - began >= _WINDOW:
            began, counted = now, 0
        self._counts[session] = began, counted + 1
        if len(self._counts) > _SESSIONS_AT_MOST:
            self._counts.popitem(last=False)
        return None if counted < PER_MINUTE else math.ceil(began + _WINDOW - now)
