"""Reads a visitor off the headers of a request."""

from collections.abc import Iterator

from starlette.types import Scope

from panel.client.visitor import Visitor
from panel.server.cookies import PanelCookies

_FRAMES = {"iframe", "frame", "embed", "object"}


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
    return [visitor.with_token(token) for token in cookies.sessions_in(header)] or [visitor]


def value(scope: Scope, name: bytes) -> str | None:
    """Return a request header, the first of its name, or None."""
    return next(values(scope, name), None)


def values(scope: Scope, name: bytes) -> Iterator[str]:
    """Yield every request header of a name."""
    return (text.decode("latin-1") for key, text in scope["headers"] if key == name)
