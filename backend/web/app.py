"""The FastAPI application and its outermost middleware."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.web.edge.middleware import EdgeMiddleware, FixedRoutes
from backend.web.responses.responses import NOT_FOUND, to_asgi_messages
from backend.web.responses.streaming import STOPPING
from backend.web.routing.endpoint import Endpoint
from backend.web.routing.openapi import ApiDocument
from backend.web.routing.paths import PathAPIRoute


class Api(FastAPI):
    """FastAPI inside `EdgeMiddleware`, which handles every request and response."""

    edge: ASGIApp
    _stopping: asyncio.Event | None = None

    def add_edge_middleware(self, **options: Any) -> None:
        """Wrap the application, once all routes are added; see `EdgeMiddleware`."""
        routes: FixedRoutes = {
            (method, route.path.encode()): route.app
            for route in self.routes
            if isinstance(route, Endpoint) and "{" not in route.path
            for method in route.methods or ()
        }
        self.router.route_class = PathAPIRoute  # for routes added later, in plain FastAPI
        self.edge = EdgeMiddleware(super().__call__, routes, **options)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of all endpoints, including those in plain FastAPI."""
        document: ApiDocument = self.state.context.services[ApiDocument]
        return dict(json.loads(document.render(self)))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]
        scope["app"] = self
        if scope["type"] == "lifespan":
            self._stopping = scope.get("state", {}).get(STOPPING)
        return self.edge(scope, receive, send)

    @contextmanager
    def call_at_shutdown(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback`, within this `with`, as soon as the server begins to shut down.

        That is before the lifespan ends: responses in flight may take seconds.
        """
        stopping = self._stopping or asyncio.Event()  # which another server may not set
        waiter = asyncio.create_task(_call_after(stopping, callback))
        try:
            yield
        finally:
            waiter.cancel()


async def _call_after(event: asyncio.Event, callback: Callable[[], None]) -> None:
    await event.wait()
    callback()


class UnknownPath:
    """Answers every other path and method below the API's base: an empty 404, never 405."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for message in to_asgi_messages(NOT_FOUND, []):
            await send(message)
