"""Who knocks at the panel: as much of a request as the API needs to judge it itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

OWNER = "gatehouse.owner"
"""Where the pages find, in the scope, who asks."""


@dataclass(frozen=True)
class Visitor:
    """One request's sender. `token` and `devices` are the API's own signed values."""

    peer: tuple[str, int]
    forwarded_for: str | None
    user_agent: str
    framed: bool
    token: str | None = None
    devices: Sequence[str] = ()

    def with_token(self, token: str | None) -> "Visitor":
        """Return the same visitor with another session."""
        return replace(self, token=token)


@dataclass(frozen=True)
class Owner:
    """A visitor whose session is alive and an admin's."""

    visitor: Visitor
    key: str
    """What stands for this session within the process."""
    email: str
    address: str
    """Where the session was opened from, as the API saw it."""
