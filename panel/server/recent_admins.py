"""Sessions that opened a page within the last minute.

A page loads about eighty files of Gradio's. They are the same for everyone and hold no secrets, so
for them a check within the last minute is enough: they neither call the API nor count towards the
session's rate limit. Strangers still get none, which keeps the public surface small.
"""

from collections import OrderedDict

from panel.client.visitor import CurrentAdmin
from panel.ports import Clock

_TTL = 60.0  # seconds
_MAX_SESSIONS = 1000


class RecentAdmins:
    """Remembers admins for a minute. For files only; pages and events always ask the API."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recent: OrderedDict[str, tuple[float, CurrentAdmin]] = OrderedDict()

    def remember(self, admin: CurrentAdmin) -> None:
        """Remember an admin whose session the API has just confirmed."""
        self._recent.pop(admin.key, None)
        self._recent[admin.key] = self._clock.monotonic(), admin
        if len(self._recent) > _MAX_SESSIONS:
            self._recent.popitem(last=False)

    def find(self, token: str | None) -> CurrentAdmin | None:
        """Return the admin whose session was confirmed within the last minute, or None."""
        when, admin = self._recent.get(token or "", (0.0, None))
        return admin if self._clock.monotonic() - when < _TTL else None

    def forget(self, token: str | None) -> None:
        """Forget a session that has ended."""
        self._recent.pop(token or "", None)
