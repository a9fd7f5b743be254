"""Who knocks at the panel: as much of a request as the API needs to judge it itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from starlette.types import Scope

from panel.cookies import PanelCookies

OWNER = "gatehouse.owner"
"""Where the pages find, in the scope, who asks."""
_FRAMES = {"iframe", "frame", "embed", "object"}


@dataclass(frozen=True)
class Visitor:
    """One request's sender. `token` and `devices` are the API's own signed values."""

    peer: tuple[str, int]
    forwarded_for: str | None
    user_agent: str
    framed: bool
    token: str | None = None
    devices: Sequence[str] = ()

    def holding(self, token: str | None) -> "Visitor":
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


def visitors_of(scope: Scope, cookies: PanelCookies) -> list[Visitor]:
    """Read off a request who it may be: its visitor with each session that the browser shows."""
    header = "; ".join(values(scope, b"cookie"))
    host, port = scope.get("client") or ("", 0)
    visitor = Visitor(
        peer=(host, port),
        forwarded_for=", ".join(values(scope, b"x-forwarded-for")) or None,
        user_agent=value(scope, b"user-agent") or "",
        framed=value(scope, b"sec-fetch-dest") in _FRAMES,
        devices=cookies.devices_in(header),
    )
    return [visitor.holding(token) for token in cookies.sessions_in(header)] or [visitor]


def value(scope: Scope, name: bytes) -> str | None:
    """Return a request header, the first of its name, or None."""
    return next(values(scope, name), None)


def values(scope: Scope, name: bytes) -> Iterator[str]:
    """Yield every request header of a name."""
    return (text.decode("latin-1") for key, text in scope["headers"] if key == name)
