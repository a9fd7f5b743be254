"""The paths the panel answers. Everything else below /admin is an empty-handed 404.

Gradio opens some fifty routes, several of them to anybody. Its page needs the ones named here.
"""

import re
from enum import Enum, auto

from panel.pages import PAGES
from panel.server.static_files import PATHS as OWN_FILES
from panel.ui.urls import HOME, SIGN_IN, SIGN_OUT, USERS_CSV

SAFE_METHODS = frozenset({"GET", "HEAD"})


class Kind(Enum):
    """Who may ask for a path, and what they get without a session."""

    OPEN = auto()
    """Anybody."""
    PAGE = auto()
    """Admins; anybody else is led to the sign-in page."""
    PART = auto()
    """Admins; anybody else gets a 401."""
    FILE = auto()
    """As PART; the same for every admin, so it neither counts nor asks the API anew."""


_OPEN = {*((method, path) for path in {SIGN_IN, *OWN_FILES} for method in SAFE_METHODS)}
_OPEN |= {("POST", SIGN_IN), ("POST", SIGN_OUT)}
_PAGES = frozenset({"/admin", HOME, *(f"/admin/{page.slug}" for page in PAGES)})
_NAME = r"[A-Za-z0-9_@-][A-Za-z0-9_@.-]*"  # never a dot in front: no way up, no hidden file
_FILE = re.compile(rf"/admin/(?:assets|static)/{_NAME}(?:/{_NAME})*")
JOIN = "/admin/gradio_api/queue/join"
_PARTS = [
    ("GET", re.compile(re.escape(USERS_CSV))),
    ("GET", re.compile(r"/admin/theme\.css")),
    ("GET", re.compile(r"/admin/gradio_api/heartbeat/[a-z0-9]{1,64}")),
    ("GET", re.compile(r"/admin/gradio_api/queue/data")),
    ("POST", re.compile(r"/admin/gradio_api/(?:queue/join|cancel)")),
]


def kind_of(method: str, path: str) -> Kind | None:
    """Return who may send this method to this path, or None where the panel has nothing."""
    if (method, path) in _OPEN:
        return Kind.OPEN
    if path in _PAGES:
        return Kind.PAGE if method in SAFE_METHODS else None
    if method == "GET" and _FILE.fullmatch(path):
        return Kind.FILE
    known = any(method == each and pattern.fullmatch(path) for each, pattern in _PARTS)
    return Kind.PART if known else None


def is_page(path: str) -> bool:
    """Tell whether a path is one of the panel's pages."""
    return path in _PAGES
