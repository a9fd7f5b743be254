"""What an enrolment shows between its steps: an app's secret, and backup codes.

In memory for ten minutes, as neither may be in a form or an address.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from panel.ports import Clock

_TTL = 600.0  # seconds
_MAX = 100  # enrolments


@dataclass(frozen=True)
class Enrolment:
    """An enrolment under way."""

    uri: str
    """What the app reads from the QR code; empty once it has, or if there is no app."""
    backup_codes: Sequence[str] = ()


class Enrolments:
    """The enrolments under way, by session."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: OrderedDict[str, tuple[float, Enrolment]] = OrderedDict()

    def find(self, key: str) -> Enrolment | None:
        """Return what a session has begun within the last ten minutes."""
        begun, enrolment = self._pending.get(key, (0.0, None))
        return enrolment if self._clock.monotonic() - begun < _TTL else None

    def keep(self, key: str, enrolment: Enrolment) -> None:
        """Keep what a session has begun, in place of what was there."""
        self.forget(key)
        self._pending[key] = self._clock.monotonic(), enrolment
        if len(self._pending) > _MAX:
            self._pending.popitem(last=False)

    def finish_app(self, old_key: str, new_key: str) -> None:
        """The app has its secret: only the backup codes stay, for the session that came with it."""
        enrolment = self.find(old_key)
        self.forget(old_key)
        if enrolment is not None:
            self.keep(new_key, replace(enrolment, uri=""))

    def forget(self, key: str) -> None:
        """Forget what a session has begun."""
        self._pending.pop(key, None)
