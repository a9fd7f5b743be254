"""A sign-in with a password over HTTP, whether an address or a user name comes with it."""

from functools import partial

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.service import PasswordSignIn
from backend.features.accounts.session_issuer import Challenge
from backend.features.accounts.wire import SignedInOut, SignIn, SignInUsername
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import IssuedSession
from backend.features.sessions.session_cookies import SESSION_HEADERS, set_sign_in_cookies
from backend.features.sessions.wire import UserOut
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response, header_safe

SIGN_IN_HEADERS = {**SESSION_HEADERS, "location": "The callbackURL, if one was given."}
"""The headers of `render_sign_in`, for the docs."""


def build_sign_in(
    request: RequestContext, cookies: Cookies, reader: SessionReader, body: SignIn | SignInUsername
) -> PasswordSignIn:
    """Build the sign-in from its body and the cookies of the browser."""
    return PasswordSignIn(
        body.password,
        remember=body.remember_me is not False,
        callback=body.callback_url or None,
        presented_tokens=reader.list_tokens(request),
        trusted_browser_tokens=cookies.list_trusted_browsers(request.cookie_header),
        find_device=partial(cookies.find_device, request.cookie_header),
    )


def render_sign_in(
    work: Work,
    request: RequestContext,
    cookies: Cookies,
    outcome: IssuedSession | Challenge,
    target: str | None,
) -> Response:
    """Render the session with its cookies, and `target` as Location; or the challenge."""
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, request.cookie_header, location=target)
    signed_in = SignedInOut(
        redirect=bool(target),
        token=outcome.token.reveal(),
        url=target or None,
        user=UserOut.of(outcome.user),
    )
    headers = {"location": header_safe(target)} if target else {}
    response = Response(signed_in, headers=headers)
    return set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)
