"""The latest exchanges of one session of the panel."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from panel.tester.exchange import Exchange

AT_MOST = 50
_BYTES_AT_MOST = 2 * 1024 * 1024


@dataclass
class History:
    """The last 50 exchanges, the newest first, and of long ones fewer."""

    _kept: deque[Exchange] = field(default_factory=deque)
    _last: int = 0

    def remember(self, exchange: Exchange) -> Exchange:
        """Keep an exchange; returns it with its number."""
        self._last += 1
        numbered = replace(exchange, number=self._last)
        self._kept.appendleft(numbered)
        while len(self._kept) > 1 and self._is_full():
            self._kept.pop()
        return numbered

    def find(self, number: int | None) -> Exchange | None:
        """Return the exchange of a number, unless it has been forgotten."""
        return next((each for each in self._kept if each.number == number), None)

    def limited(self, now: datetime) -> dict[str, datetime]:
        """Return which requests the server refuses for now as too frequent, and until when.

        Those from another address (the journeys') were counted there, not here.
        """
        until: dict[str, datetime] = {}
        for each in self._kept:
            if not each.call.address and each.limited_until and each.limited_until > now:
                until.setdefault(each.call.path.partition("?")[0], each.limited_until)
        return until

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._kept))

    def _is_full(self) -> bool:
        too_long = sum(each.size for each in self._kept) > _BYTES_AT_MOST
        return too_long or len(self._kept) > AT_MOST
