"""The response to a sign-in that needs another step, such as a second factor."""

import json

from backend.features.accounts.session_issuer import Challenge
from backend.web.cookies import Cookies
from backend.web.responses.redirects import with_parameter
from backend.web.responses.responses import Response, header_safe, redirect


def render_challenge(
    challenge: Challenge,
    cookies: Cookies,
    cookie_header: bytes = b"",
    *,
    location: str | None = None,
    redirect_to: str | None = None,
) -> Response:
    """Render a challenge as JSON, or as a redirect to a URL with its name as parameter.

    JSON may carry the `location` of a finished sign-in, as Better Auth's does (wire.md 5.2).
    """
    if redirect_to:
        response = redirect(with_parameter(redirect_to, challenge.name, "true"))
    else:
        headers = {"location": header_safe(location)} if location else {}
        body = json.dumps({challenge.name: True, **challenge.detail}).encode()
        response = Response(body, headers=headers)
    if challenge.token is not None:
        response.cookies += cookies.clear_trusted_browser(cookie_header)
        response.cookies += cookies.set_challenge(
            challenge.token, challenge.lifetime, remember=challenge.remember
        )
        response.cookies += cookies.set_last_login_method(challenge.last_login_method)
    return response
