"""The application: FastAPI, with our own way in."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.web.edge.middleware import EdgeMiddleware, FixedRoutes
from backend.web.responses.streaming import STOPPING
from backend.web.routing.endpoint import Endpoint
from backend.web.routing.openapi import ApiDocument
from backend.web.routing.paths import PathAPIRoute


class Api(FastAPI):
    """FastAPI, around which every request and every answer passes through one entrance."""

    entrance: ASGIApp
    _stopping: asyncio.Event | None = None

    def add_edge_middleware(self, **dressing: Any) -> None:
        """Open the way in, once all routes are there; see `EdgeMiddleware`."""
        routes: FixedRoutes = {
            (method, route.path.encode()): route.app
            for route in self.routes
            if isinstance(route, Endpoint) and "{" not in route.path
            for method in route.methods or ()
        }
        self.router.route_class = PathAPIRoute  # of what is added later, in plain FastAPI
        self.entrance = EdgeMiddleware(super().__call__, routes, **dressing)

    def openapi(self) -> dict[str, Any]:
        """Return the description of every endpoint, our own and those in plain FastAPI."""
        document: ApiDocument = self.state.context.services[ApiDocument]
        return dict(json.loads(document.of(self)))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]
        scope["app"] = self
        if scope["type"] == "lifespan":
            self._stopping = scope.get("state", {}).get(STOPPING)
        return self.entrance(scope, receive, send)

    @contextmanager
    def when_stopping(self, task: Callable[[], None]) -> Iterator[None]:
        """Call `task`, within this `with`, as soon as the server is told to stop.

        That is before the lifespan ends: answers in flight may take seconds.
        """
        waiting = asyncio.create_task(_after(self._stopping, task)) if self._stopping else None
        try:
            yield
        finally:
            if waiting is not None:
                waiting.cancel()


async def _after(event: asyncio.Event, task: Callable[[], None]) -> None:
    await event.wait()
    task()
