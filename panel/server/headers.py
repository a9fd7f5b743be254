"""The security headers of every response of the panel."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from panel.ports import PanelSettings
from panel.server.content_security_policy import CLOSED

_ALWAYS = {
    "x-content-type-options": "nosniff",
    # Not no-referrer: with it, browsers send the sign-in form with `Origin: null`.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), "
    "publickey-credentials-get=(self), publickey-credentials-create=(self)",
}
_DEFAULTS = {"content-security-policy": CLOSED, "cache-control": "no-store"}
_HSTS = {"strict-transport-security": "max-age=63072000; includeSubDomains"}
_NOT_FRAMED = {"x-frame-options": "DENY"}  # cannot name the Hub, so it is left out on a Space


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
                headers = MutableHeaders(raw=list(message.get("headers", [])))
                for name in [each for each in headers if each.startswith("access-control-")]:
                    del headers[name]
                headers.update(self._always)
                for name, value in _DEFAULTS.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, send_with_headers)
