"""How the wire says that more is asked before there is a session."""

import json

from backend.features.accounts.signing_in import Challenge
from backend.web.responses.redirects import with_parameter
from backend.web.responses.responses import Response, redirect


def challenged(challenge: Challenge, *, callback: str | None = None) -> Response:
    """Answer in place of a session: in JSON, or on the way of a redirect to `callback`."""
    if callback:
        return redirect(with_parameter(callback, challenge.name, "true"))
    return Response(json.dumps({challenge.name: True, **challenge.detail}).encode())
