"""Sessions that opened a page a moment ago.

A page loads some eighty files of Gradio's. They are the same for everybody and hold no secret, so
it is enough that their reader was an admin within the last minute: the API is not asked anew for
each, and they do not count towards how often a session may ask. Strangers still get none of them:
the list of what anybody can reach stays as short as it can be.
"""

from collections import OrderedDict

from panel.client.visitor import Owner
from panel.ports import Clock

_KNOWN_FOR = 60.0  # seconds
_SESSIONS_AT_MOST = 1000


class RecentAdmins:
    """Remembers, for a minute, who was let in. For files only; a page or an event asks the API."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, Owner]] = OrderedDict()

    def remember(self, owner: Owner) -> None:
        """Note that the API has just said who this is."""
        self._seen.pop(owner.key, None)
        self._seen[owner.key] = self._clock.monotonic(), owner
        if len(self._seen) > _SESSIONS_AT_MOST:
            self._seen.popitem(last=False)

    def find(self, token: str | None) -> Owner | None:
        """Return whom this session belonged to within the last minute, if to anybody."""
        when, owner = self._seen.get(token or "", (0.0, None))
        return owner if self._clock.monotonic() - when < _KNOWN_FOR else None

    def forget(self, token: str | None) -> None:
        """Forget a session that is over."""
        self._seen.pop(token or "", None)
