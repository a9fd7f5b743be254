"""The headers every answer carries, whatever made it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
]
_HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class SecurityHeaders:
    """Adds the browser-security headers (ASVS 3.4); a page with a policy of its own keeps it."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._common = [*_ALWAYS, _HSTS] if https else _ALWAYS
        self._api = [
            *self._common,
            (b"content-security-policy", API_POLICY),
            (b"x-frame-options", b"DENY"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                has_policy = any(name == b"content-security-policy" for name, _ in headers)
                message["headers"] = [*headers, *(self._common if has_policy else self._api)]
            await send(message)

        return await self._app(scope, receive, send_with_headers)
