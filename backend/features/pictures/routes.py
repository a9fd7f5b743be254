"""The HTTP endpoint that serves the pictures of users."""

import re

from backend.kernel.refusals import refusal_without_code
from backend.storage.db import Db
from backend.storage.queries import pictures
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes("accounts", prefix=AUTH)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEADERS = {
    # It is what a stranger chose, at the address of the sessions: nothing in it may run.
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",  # pages of the frontend show it
    "cache-control": "public, max-age=31536000, immutable",  # the address names the content
}


@routes.get(
    "/picture/{digest}", response_model=Response, media_type="image/*", head=True, refusals=("404",)
)
def get_picture(db: Db, digest: str) -> Response:
    """Return a picture that a user has chosen, by the SHA-256 of its content."""
    picture = pictures.find(db, digest) if _DIGEST.fullmatch(digest) else None
    if picture is None:
        raise refusal_without_code("", status=404)
    return Response(picture.content, media_type=picture.media_type.encode(), headers=dict(_HEADERS))
