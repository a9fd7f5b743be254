"""Every request's way in, and every answer's way out.

One layer instead of a stack of them: it names the request, leads known paths straight to their
endpoint, and gives every answer, whatever made it, the headers it must carry. A stack of three
wrappers around FastAPI's own five cost the session check more than half of its time
(docs/decisions/0012-one-layer-around-everything.md).
"""

import itertools
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kernel.randomness import Randomness
from backend.web.edge.cors import Cors
from backend.web.edge.security_headers import SecurityHeaders
from backend.web.request_context import header_in
from backend.web.routing.paths import raw_path

FixedRoutes = Mapping[tuple[str, bytes | None], ASGIApp]


class EdgeMiddleware:
    """The outermost application. `routes` are the endpoints whose path is fixed, by method and path
    as it is sent; everything else is for `app` to find."""

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
        named = (b"x-request-id", request_id.encode())
        origin = header_in(scope["headers"], b"origin")
        shared = self._cors.response_headers(origin)

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                dressed = [*headers, named, *shared, *self._security.missing(headers)]
                message = {**message, "headers": dressed}
            await send(message)

        route = self._routes.get((scope["method"], scope.get("raw_path")))
        if route is None:
            scope["path"] = raw_path(scope)
            route = self._cors.preflight(scope, origin) or self._app
        return await route(scope, receive, send_dressed)
