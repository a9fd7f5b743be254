"""Who sends a request to the panel: what the API needs to identify them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

CURRENT_ADMIN = "gatehouse.admin"
"""The key of the current admin in the ASGI scope."""


@dataclass(frozen=True)
class Visitor:
    """The sender of a request. `token` and `devices` are the API's signed values."""

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
class CurrentAdmin:
    """A visitor with a valid session of an admin."""

    visitor: Visitor
    key: str
    """Identifies the session within the process."""
    email: str
    address: str
    """The address from which the session was opened, as the API saw it."""
