"""The outermost middleware: request ids, fixed routes, CORS and security headers.

It is one middleware for speed: three around FastAPI's own five took more than half of the time of
a session check (docs/decisions/0012-one-layer-around-everything.md).
"""

import itertools
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kernel.randomness import Randomness
from backend.web.edge.cors import Cors
from backend.web.edge.security_headers import SecurityHeaders
from backend.web.request_context import find_header
from backend.web.routing.paths import raw_path

FixedRoutes = Mapping[tuple[str, bytes | None], ASGIApp]


class EdgeMiddleware:
    """Calls endpoints whose path is fixed (`routes`, by method and raw path) directly, and `app`
    for everything else; adds headers to every response."""

    def __init__(
        self,
        app: ASGIApp,
        routes: FixedRoutes,
        *,
        headers: SecurityHeaders,
        cors: Cors,
        randomness: Randomness,
    ) -> None:
        self._app = app
        self._routes = routes
        self._security = headers
        self._cors = cors
        self._start = randomness.bytes(6).hex()
        self._count = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = scope["request_id"] = f"{self._start}-{next(self._count):x}"
        id_header = (b"x-request-id", request_id.encode())
        origin = find_header(scope["headers"], b"origin")
        cors_headers = self._cors.response_headers(origin)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message["headers"]
                headers = [*own, id_header, *cors_headers, *self._security.missing(own)]
                message = {**message, "headers": headers}
            await send(message)

        route = self._routes.get((scope["method"], scope.get("raw_path")))
        if route is None:
            scope["path"] = raw_path(scope)
            route = self._cors.preflight(scope, origin) or self._app
        return await route(scope, receive, send_with_headers)
