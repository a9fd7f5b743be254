"""Cross-origin answers: for the trusted origins, and for nobody else."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.web.origins import TrustedOrigins

_ALLOWED = [
    (b"access-control-allow-credentials", b"true"),
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-max-age", b"600"),
]


class Cors:
    """Answers preflights of trusted origins and marks what they may read (ASVS 3.4.2).

    A foreign origin is never named, and never told that credentials are welcome: on a Space the
    edge in front of us may answer preflights by itself, so the answer proper has to be right.
    """

    def __init__(self, app: ASGIApp, origins: TrustedOrigins) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        origin = _header(scope, b"origin")
        if origin is None:
            return await self._app(scope, receive, _with(send, [(b"vary", b"Origin")]))
        if not self._origins.trusts(origin.decode("latin-1")):
            return await self._app(scope, receive, _with(send, [(b"vary", b"Origin")]))
        named = [(b"vary", b"Origin"), (b"access-control-allow-origin", origin)]
        if scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method"):
            return await self._answer_preflight(scope, send, named)
        credentials = [*named, (b"access-control-allow-credentials", b"true")]
        return await self._app(scope, receive, _with(send, credentials))

    async def _answer_preflight(
        self, scope: Scope, send: Send, named: list[tuple[bytes, bytes]]
    ) -> None:
        wanted = _header(scope, b"access-control-request-headers") or b"content-type"
        headers = [*named, *_ALLOWED, (b"access-control-allow-headers", wanted)]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


def _with(send: Send, more: list[tuple[bytes, bytes]]) -> Send:
    async def send_with_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *more]
        await send(message)

    return send_with_more
