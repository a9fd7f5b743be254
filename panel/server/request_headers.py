"""Reads a visitor from the headers of a request."""

from collections.abc import Iterator

from starlette.types import Scope

from panel.client.visitor import CookieKind, Visitor
from panel.server.cookies import PanelCookies

_FRAMES = {"iframe", "frame", "embed", "object"}


def visitors_of(scope: Scope, cookies: PanelCookies) -> list[Visitor]:
    """Return the visitor of a request, once for each session cookie it carries."""
    header = "; ".join(get_headers(scope, b"cookie"))
    host, port = scope.get("client") or ("", 0)
    visitor = Visitor(
        peer=(host, port),
        forwarded_for=", ".join(get_headers(scope, b"x-forwarded-for")) or None,
        user_agent=get_header(scope, b"user-agent") or "",
        framed=get_header(scope, b"sec-fetch-dest") in _FRAMES,
        devices=cookies.values_in(header, CookieKind.DEVICE),
        challenges=cookies.values_in(header, CookieKind.CHALLENGE),
        trusted=cookies.values_in(header, CookieKind.TRUSTED),
        passkeys=cookies.values_in(header, CookieKind.PASSKEY),
        origin=get_header(scope, b"origin") or "",
        states=cookies.values_in(header, CookieKind.STATE),
    )
    sessions = cookies.values_in(header, CookieKind.SESSION)
    return [visitor.with_token(token) for token in sessions] or [visitor]


def get_header(scope: Scope, name: bytes) -> str | None:
    """Return the first request header of a name, or None."""
    return next(get_headers(scope, name), None)


def get_headers(scope: Scope, name: bytes) -> Iterator[str]:
    """Yield every request header of a name."""
    return (text.decode("latin-1") for key, text in scope["headers"] if key == name)
