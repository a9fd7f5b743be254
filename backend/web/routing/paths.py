"""Paths are compared as they were sent.

A server decodes the percents of a path before it hands it on, and then `sign-in%2Femail` is
`sign-in/email`: whoever spells it so passes by the rule that a proxy in front has for the other
(CWE-647). Better Auth's router knows one spelling of each path, and so does ours. Only what stands
in the place of a parameter is decoded, once the route is found.
"""

from typing import Any
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match, Route
from starlette.types import Scope


def raw_path(scope: Scope) -> str:
    """Return the path of a request with its percents."""
    raw: bytes | None = scope.get("raw_path")  # which a server may leave out (ASGI 2.5)
    path: str = scope["path"]
    return path if raw is None else raw.decode("latin-1")


class PathRoute(Route):
    """A route that is looked for in the path as it was sent."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Compare the path, and decode the parameters found in it."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            child["route"] = self
            found: dict[str, Any] = child["path_params"]
            for name in self.param_convertors:
                if isinstance(value := found.get(name), str):
                    found[name] = unquote(value)
        return match, child


class PathAPIRoute(PathRoute, APIRoute):
    """The same for an endpoint in plain FastAPI."""
