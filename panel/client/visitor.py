"""Who sends a request to the panel: what the API needs to identify them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

CURRENT_ADMIN = "gatehouse.admin"
"""The key of the current admin in the ASGI scope."""


class CookieKind(StrEnum):
    """What a cookie of the API is good for; the panel keeps each under a name of its own."""

    SESSION = "session"
    DEVICE = "device"
    """A browser in which this user has signed in before."""
    CHALLENGE = "challenge"
    """A sign-in that waits for its second step."""
    TRUSTED = "trusted"
    """A browser in which the next sign-in needs no second step."""
    PASSKEY = "passkey"
    """A browser that was given something for its passkey to sign."""
    STATE = "state"
    """A browser that was sent to a provider."""


@dataclass(frozen=True)
class Visitor:
    """The sender of a request. The values of their cookies are the API's signed ones."""

    peer: tuple[str, int]
    forwarded_for: str | None
    user_agent: str
    framed: bool
    token: str | None = None
    devices: Sequence[str] = ()
    challenges: Sequence[str] = ()
    trusted: Sequence[str] = ()
    passkeys: Sequence[str] = ()
    states: Sequence[str] = ()
    origin: str = ""
    """Of the page that has sent a form, as the browser names it."""

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
    user_id: str = ""
    has_second_factor: bool = False
    must_enrol: bool = False
    """Whether a second factor has to be set up before anything else opens."""
