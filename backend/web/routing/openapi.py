"""The OpenAPI document, made by FastAPI from routes that are never served.

These routes are made on the first request for the document: making them would take three quarters
of the start of an application, and most never serve it.
"""

import inspect
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from backend.web.cookies import Cookies
from backend.web.routing.endpoint import Endpoint
from backend.web.routing.operations import describe_operation
from backend.web.routing.routes import HandlerSignature

_COOKIE = "Signing up and signing in set it; the browser sends it by itself. Nothing to enter here."
_BEARER = "The `token` from the body of a sign-in, or its `set-auth-token` header: both are taken."


class ApiDocument:
    """The document, built on first use and then kept: the routes do not change."""

    def __init__(self, about: str, tags: Mapping[str, str], cookies: Cookies) -> None:
        self._about = about
        self._tags = [{"name": name, "description": text} for name, text in tags.items()]
        self._cookies = cookies
        self._rendered: bytes | None = None
        self._lock = threading.Lock()  # so that only one thread builds it, in half a second

    def render(self, app: FastAPI) -> bytes:
        """Return the document of all endpoints of `app`, as JSON."""
        with self._lock:
            if self._rendered is None:
                self._rendered = json.dumps(self._build(app), separators=(",", ":")).encode()
        return self._rendered

    def _build(self, app: FastAPI) -> dict[str, Any]:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=self._about,
            routes=[_to_api_route(route) for route in app.routes],
            tags=self._tags,
        )
        schemes = document["components"]["securitySchemes"]
        schemes["cookie"] |= {"name": self._cookies.session_token, "description": _COOKIE}
        schemes["bearer"]["description"] = _BEARER
        for operation in (each for path in document["paths"].values() for each in path.values()):
            _strip_null(operation)
        return document


def _to_api_route(route: BaseRoute) -> BaseRoute:
    """Return a route that FastAPI can describe; routes in plain FastAPI already are."""
    if not isinstance(route, Endpoint):
        return route
    spec, signature = route.spec, route.signature
    return APIRoute(
        spec.path,
        _describable(spec.handler, signature),
        methods=[spec.method],
        tags=[spec.tag],
        operation_id=spec.handler.__name__,
        **describe_operation(spec, signature),
    )


def _describable(handler: Callable[..., Any], signature: HandlerSignature) -> Callable[..., Any]:
    """Return a function with the handler's name and those parameters that come from the request."""

    def stand_in() -> None:
        raise NotImplementedError("only described, never called")

    original = inspect.signature(handler)
    hidden = {*signature.services, signature.work, signature.db, signature.request}
    kept = [each for name, each in original.parameters.items() if name not in hidden]
    stand_in.__signature__ = original.replace(parameters=kept)  # type: ignore[attr-defined]
    stand_in.__name__ = handler.__name__
    return stand_in


def _strip_null(operation: dict[str, Any]) -> None:
    """Remove the null with which FastAPI marks an optional body or parameter.

    Queries cannot have null, and a body that is null is refused.
    """
    content = operation.get("requestBody", {}).get("content", {})
    for holder in [*operation.get("parameters", []), *content.values()]:
        schema = holder["schema"]
        kinds = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
        if len(kinds) == 1:
            holder["schema"] = {**kinds[0], **{k: v for k, v in schema.items() if k != "anyOf"}}
