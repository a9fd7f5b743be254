"""The latest exchanges of a panel session."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from panel.tester.exchange import Exchange

MAX_EXCHANGES = 50
_MAX_BYTES = 2 * 1024 * 1024


@dataclass
class History:
    """The last 50 exchanges, newest first; fewer if they are large."""

    _exchanges: deque[Exchange] = field(default_factory=deque)
    _last: int = 0

    def remember(self, exchange: Exchange) -> Exchange:
        """Keep an exchange; returns it with its number."""
        self._last += 1
        numbered = replace(exchange, number=self._last)
        self._exchanges.appendleft(numbered)
        while len(self._exchanges) > 1 and self._is_full():
            self._exchanges.pop()
        return numbered

    def find(self, number: int | None) -> Exchange | None:
        """Return the exchange with this number, or None if it is no longer kept."""
        return next((each for each in self._exchanges if each.number == number), None)

    def limited(self, now: datetime) -> dict[str, datetime]:
        """Return the rate-limited paths, and until when.

        Journeys send from addresses of their own, so their limits are left out.
        """
        until: dict[str, datetime] = {}
        for each in self._exchanges:
            if not each.call.address and each.limited_until and each.limited_until > now:
                until.setdefault(each.call.path.partition("?")[0], each.limited_until)
        return until

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._exchanges))

    def _is_full(self) -> bool:
        too_large = sum(each.size for each in self._exchanges) > _MAX_BYTES
        return too_large or len(self._exchanges) > MAX_EXCHANGES
