"""Routes that match the raw path, without decoding it first.

Servers decode percent-encoded paths, so that `sign-in%2Femail` becomes `sign-in/email` and bypasses
the rule that a proxy in front has for that path (CWE-647). Better Auth's router accepts only one
spelling of each path, and so does this. Path parameters are decoded once the route is found.
"""

from typing import Any
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Scope


def raw_path(scope: Scope) -> str:
    """Return the path of a request, still percent-encoded."""
    raw: bytes | None = scope.get("raw_path")  # optional in ASGI 2.5
    path: str = scope["path"]
    return path if raw is None else raw.decode("latin-1")


class PathRoute(Route):
    """A route that matches the raw path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path, and decode its parameters."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            child["route"] = self
            parameters: dict[str, Any] = child["path_params"]
            for name in self.param_convertors:
                if isinstance(value := parameters.get(name), str):
                    parameters[name] = unquote(value)
        return match, child


class PathAPIRoute(PathRoute, APIRoute):
    """The same for endpoints in plain FastAPI."""
