"""The OpenAPI document: FastAPI reads it from the routes, here it gets what routes do not know."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from backend.web.cookies import Cookies

_COOKIE = "Signing up and signing in set it; the browser sends it by itself. Nothing to enter here."
_BEARER = "The `token` from the body of a sign-in, or its `set-auth-token` header: both are taken."


class ApiDocument:
    """Built when it is first asked for, then kept: the routes do not change any more."""

    def __init__(self, about: str, tags: Mapping[str, str], cookies: Cookies) -> None:
        self._about = about
        self._tags = [{"name": name, "description": text} for name, text in tags.items()]
        self._cookies = cookies
        self._built: bytes | None = None

    def of(self, app: FastAPI) -> bytes:
        """Return the document of all endpoints of `app`, as JSON."""
        if self._built is None:
            self._built = json.dumps(self._document(app), separators=(",", ":")).encode()
        return self._built

    def _document(self, app: FastAPI) -> dict[str, Any]:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=self._about,
            routes=app.routes,
            tags=self._tags,
        )
        schemes = document["components"]["securitySchemes"]
        schemes["cookie"] |= {"name": self._cookies.session_token, "description": _COOKIE}
        schemes["bearer"]["description"] = _BEARER
        for operation in (each for path in document["paths"].values() for each in path.values()):
            _without_null(operation)
        return document


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
