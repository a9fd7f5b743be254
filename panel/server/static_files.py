"""The panel's own public files: scripts, styles that come with the page, and an icon."""

import hashlib
from pathlib import Path

from starlette.responses import Response

_FOLDER = Path(__file__).parents[1] / "static"
_NAMES = (
    "connection.js",
    "panel.js",
    "header.css",
    "lists.css",
    "icon.svg",
    "copy.js",
    "passkeys.js",
)
"""panel.css is not among them: Gradio sends it."""
_MEDIA_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}
_FILES = {f"/admin/{name}": (_FOLDER / name).read_bytes() for name in _NAMES}
PATHS = frozenset(_FILES)


def url(name: str) -> str:
    """Return the address of a file."""
    digest = hashlib.sha256(_FILES[f"/admin/{name}"]).hexdigest()[:12]
    return f"/admin/{name}?{digest}"  # a new version of the file has a new address


ICON = url("icon.svg")
HEAD_HTML = (
    f'<link rel="icon" type="image/svg+xml" href="{ICON}">'
    f'<link rel="stylesheet" href="{url("header.css")}">'
    f'<link rel="stylesheet" href="{url("lists.css")}">'
    f'<script src="{url("connection.js")}"></script><script src="{url("panel.js")}"></script>'
)


def file_at(path: str) -> Response:
    """Return the file at one of PATHS."""
    return Response(
        _FILES[path],
        media_type=_MEDIA_TYPES[Path(path).suffix],
        headers={"cache-control": "public, max-age=86400"},
    )
