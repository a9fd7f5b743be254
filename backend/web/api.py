"""The application: FastAPI, with our own way in."""

from collections.abc import Awaitable
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.web.endpoint import Endpoint
from backend.web.entrance import Entrance, Rooms
from backend.web.paths import PathRoute


class Api(FastAPI):
    """FastAPI, around which every request and every answer passes through one entrance."""

    entrance: ASGIApp

    def build_entrance(self, **dressing: Any) -> None:
        """Open the way in, once all routes are there; see `Entrance`."""
        rooms: Rooms = {
            (method, route.path.encode()): route.app
            for route in self.routes
            if isinstance(route, Endpoint) and "{" not in route.path
            for method in route.methods or ()
        }
        self.router.route_class = PathRoute  # of what is added later, in plain FastAPI
        self.entrance = Entrance(super().__call__, rooms, **dressing)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:  # type: ignore[override]
        scope["app"] = self
        return self.entrance(scope, receive, send)
