"""The OpenAPI document. FastAPI writes it, from routes of its own that serve nobody.

Those are made when the document is first asked for: reading them out of the handlers would be three
quarters of the start of an application, and most never show it.
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
    """Built when it is first asked for, then kept: the routes do not change any more."""

    def __init__(self, about: str, tags: Mapping[str, str], cookies: Cookies) -> None:
        self._about = about
        self._tags = [{"name": name, "description": text} for name, text in tags.items()]
        self._cookies = cookies
        self._built: bytes | None = None
        self._one_builds = threading.Lock()  # and others wait: it costs half a second

    def of(self, app: FastAPI) -> bytes:
        """Return the document of all endpoints of `app`, as JSON."""
        with self._one_builds:
            if self._built is None:
                self._built = json.dumps(self._document(app), separators=(",", ":")).encode()
        return self._built

    def _document(self, app: FastAPI) -> dict[str, Any]:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=self._about,
            routes=[_readable(route) for route in app.routes],
            tags=self._tags,
        )
        schemes = document["components"]["securitySchemes"]
        schemes["cookie"] |= {"name": self._cookies.session_token, "description": _COOKIE}
        schemes["bearer"]["description"] = _BEARER
        for operation in (each for path in document["paths"].values() for each in path.values()):
            _without_null(operation)
        return document


def _readable(route: BaseRoute) -> BaseRoute:
    """Return a route that FastAPI can describe; what is written in plain FastAPI is one already."""
    if not isinstance(route, Endpoint):
        return route
    spec, signature = route.spec, route.signature
    return APIRoute(
        spec.path,
        _stand_in(spec.handler, signature),
        methods=[spec.method],
        tags=[spec.tag],
        operation_id=spec.handler.__name__,
        **describe_operation(spec, signature),
    )


def _stand_in(handler: Callable[..., Any], signature: HandlerSignature) -> Callable[..., Any]:
    """Return a function with the handler's name and those of its parameters that HTTP brings."""

    def stand_in() -> None:
        raise NotImplementedError("only described, never called")

    original = inspect.signature(handler)
    hidden = {*signature.services, signature.work, signature.db, signature.request}
    kept = [each for name, each in original.parameters.items() if name not in hidden]
    stand_in.__signature__ = original.replace(parameters=kept)  # type: ignore[attr-defined]
    stand_in.__name__ = handler.__name__
    return stand_in


def _without_null(operation: dict[str, Any]) -> None:
    """Take out the null by which FastAPI says that a body or a parameter may be left out.

    A query has no null, and a body that is null is refused.
    """
    content = operation.get("requestBody", {}).get("content", {})
    for holder in [*operation.get("parameters", []), *content.values()]:
        schema = holder["schema"]
        kinds = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
        if len(kinds) == 1:
            holder["schema"] = {**kinds[0], **{k: v for k, v in schema.items() if k != "anyOf"}}
