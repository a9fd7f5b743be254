"""The response to a sign-in that needs another step, such as a second factor."""

import json

from backend.features.accounts.session_issuer import Challenge
from backend.web.responses.redirects import with_parameter
from backend.web.responses.responses import Response, redirect


def render_challenge(challenge: Challenge, *, callback: str | None = None) -> Response:
    """Render a challenge as JSON, or as a redirect to `callback` with its name as parameter."""
    if callback:
        return redirect(with_parameter(callback, challenge.name, "true"))
    return Response(json.dumps({challenge.name: True, **challenge.detail}).encode())
