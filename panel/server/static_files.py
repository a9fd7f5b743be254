"""The panel's own public files: scripts and an icon."""

import hashlib
from pathlib import Path

from starlette.responses import Response

_FOLDER = Path(__file__).parents[1] / "static"
_MEDIA_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {
    f"/admin/{file.name}": file.read_bytes()
    for file in _FOLDER.iterdir()
    if file.suffix in _MEDIA_TYPES
}
PATHS = frozenset(_FILES)


def _url(name: str) -> str:
    digest = hashlib.sha256(_FILES[f"/admin/{name}"]).hexdigest()[:12]
    return f"/admin/{name}?{digest}"  # a new version of the file has a new address


ICON = _url("icon.svg")
HEAD_HTML = (
    f'<link rel="icon" type="image/svg+xml" href="{ICON}">'
    # Gradio's own word while it loads, out of the flow: nothing may jump when the page comes.
    "<style>.wrap.full.translucent { position: fixed !important; inset: 0; }</style>"
    f'<script src="{_url("connection.js")}"></script><script src="{_url("panel.js")}"></script>'
)


def file_at(path: str) -> Response:
    """Return the file at one of PATHS."""
    return Response(
        _FILES[path],
        media_type=_MEDIA_TYPES[Path(path).suffix],
        headers={"cache-control": "public, max-age=86400"},
    )
