"""The paths the panel answers; everything else below /admin is a 404.

Gradio opens about fifty routes, several of them to the public. Its pages need only these.
"""

import re
from enum import Enum, auto

from panel.pages import PAGES
from panel.server.static_files import PATHS as OWN_FILES
from panel.ui.urls import (
    ACCOUNT,
    FIRST_ADMIN,
    HOME,
    PASSKEY,
    PROVIDER,
    SECOND_STEP,
    SIGN_IN,
    SIGN_OUT,
    USERS_CSV,
)

SAFE_METHODS = frozenset({"GET", "HEAD"})


class Access(Enum):
    """Who may request a path, and what happens without a session."""

    OPEN = auto()
    """Everyone."""
    PAGE = auto()
    """Admins; others are redirected to the sign-in page."""
    ACCOUNT = auto()
    """As PAGE, and also for admins who must set up a second factor before all else."""
    PART = auto()
    """Admins; others get a 401."""
    FILE = auto()
    """As PART, but the same for every admin: a recent check of the session is enough."""


_OPEN_PAGES = (SIGN_IN, SECOND_STEP, FIRST_ADMIN)
_OPEN = {(method, path) for path in {*_OPEN_PAGES, *OWN_FILES} for method in SAFE_METHODS}
_OPEN |= {("POST", path) for path in (*_OPEN_PAGES, PASSKEY, PROVIDER, SIGN_OUT)}
_OPEN |= {("GET", PROVIDER)}
_PAGES = frozenset({"/admin", HOME, *(f"/admin/{page.slug}" for page in PAGES)})
_NAME = r"[A-Za-z0-9_@-][A-Za-z0-9_@.-]*"  # no leading dot: no parent folder, no hidden file
_FILE = re.compile(rf"/admin/(?:assets|static)/{_NAME}(?:/{_NAME})*")
JOIN = "/admin/gradio_api/queue/join"
_PARTS = [
    ("GET", re.compile(re.escape(USERS_CSV))),
    ("GET", re.compile(r"/admin/theme\.css")),
    ("GET", re.compile(r"/admin/gradio_api/heartbeat/[a-z0-9]{1,64}")),
    ("GET", re.compile(r"/admin/gradio_api/app_id")),  # tells a restarted server from the same one
    ("GET", re.compile(r"/admin/gradio_api/queue/data")),
    ("POST", re.compile(r"/admin/gradio_api/(?:queue/join|cancel)")),
]


def access_for(method: str, path: str) -> Access | None:
    """Return who may send this method to this path; None if there is no such route."""
    if (method, path) in _OPEN:
        return Access.OPEN
    if path == ACCOUNT:
        return Access.ACCOUNT if method in {*SAFE_METHODS, "POST"} else None
    if path in _PAGES:
        return Access.PAGE if method in SAFE_METHODS else None
    if method == "GET" and _FILE.fullmatch(path):
        return Access.FILE
    known = any(method == each and pattern.fullmatch(path) for each, pattern in _PARTS)
    return Access.PART if known else None


def is_page(path: str) -> bool:
    """Tell whether a path is one of the panel's pages."""
    return path in _PAGES
