"""Prints every path that Gradio has a route for, in a process of its own: python -m ...

Gradio leaves event loops and sockets open, which a test run takes for mistakes of ours.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import gettempdir

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from panel.server.gradio.app import build_app
from panel.services import Services
from tests.make import make_settings


def gradio_app() -> Starlette:
    """Build the app of all pages, without services behind them."""
    settings = make_settings(Path(gettempdir()))
    return build_app(Services(settings, None, None, None, None, None))  # type: ignore[arg-type]


def gradio_paths() -> list[str]:
    """Return every path below the mount of Gradio, with its parameters in braces."""
    (mount,) = [route for route in gradio_app().routes if isinstance(route, Mount)]
    return sorted({mount.path + path for path in _paths_of(mount.app.routes)})


def _paths_of(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in routes:
        inner = getattr(getattr(route, "original_router", route), "routes", None)
        if inner is not None:
            yield from _paths_of(inner)
        elif hasattr(route, "path"):
            yield route.path


if __name__ == "__main__":
    sys.stdout.write(json.dumps(gradio_paths()))
