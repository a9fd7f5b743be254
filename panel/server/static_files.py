"""The panel's own files, open to everybody: a script and an icon."""

import hashlib
from pathlib import Path

from starlette.responses import Response

_FOLDER = Path(__file__).parents[1] / "static"
_KINDS = {".js": "text/javascript", ".svg": "image/svg+xml"}
_BODIES = {
    f"/admin/{file.name}": file.read_bytes() for file in _FOLDER.iterdir() if file.suffix in _KINDS
}
PATHS = frozenset(_BODIES)


def _address(name: str) -> str:
    digest = hashlib.sha256(_BODIES[f"/admin/{name}"]).hexdigest()[:12]
    return f"/admin/{name}?{digest}"  # a new version of the file has a new address


ICON = _address("icon.svg")
IN_PAGE = (
    f'<link rel="icon" type="image/svg+xml" href="{ICON}">'
    f'<script src="{_address("panel.js")}"></script>'
)


def file_at(path: str) -> Response:
    """Return the file at one of PATHS."""
    return Response(
        _BODIES[path],
        media_type=_KINDS[Path(path).suffix],
        headers={"cache-control": "public, max-age=86400"},
    )
