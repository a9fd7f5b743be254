"""The security headers of every response of the panel."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from panel.ports import PanelSettings
from panel.server.content_security_policy import CLOSED

_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    # Not no-referrer: with it, browsers send the sign-in form with `Origin: null`.
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=(), payment=()",
}
_DEFAULTS = {b"content-security-policy": CLOSED.encode(), b"cache-control": b"no-store"}
_HSTS = {b"strict-transport-security": b"max-age=63072000; includeSubDomains"}
_NOT_FRAMED = {b"x-frame-options": b"DENY"}  # cannot name the Hub, so it is left out on a Space


class PanelHeaders:
    """Adds the security headers and removes Gradio's CORS headers.

    Except on localhost, Gradio allows every origin with credentials.
    """

    def __init__(self, app: ASGIApp, settings: PanelSettings) -> None:
        self._app = app
        https = settings.base_url.startswith("https://")
        self._always = {
            **_ALWAYS,
            **(_HSTS if https else {}),
            **({} if settings.space_id else _NOT_FRAMED),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._merge(message.get("headers", []))}
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _merge(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        lowered = [(name.lower(), value) for name, value in headers]
        kept = [
            (name, value)
            for name, value in lowered
            if name not in self._always and not name.startswith(b"access-control-")
        ]
        names = {name for name, _ in kept}
        missing = [(name, value) for name, value in _DEFAULTS.items() if name not in names]
        return [*kept, *self._always.items(), *missing]
