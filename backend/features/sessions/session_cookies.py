"""Giving a session to the browser, and taking it back."""

from uuid import UUID

from backend.features.sessions.service import Issued
from backend.kernel.randomness import alphanumeric
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.settings import Settings
from backend.storage.queries import users
from backend.storage.queries.sessions import Session
from backend.storage.work import Work
from backend.web.cookies import Cookies, cookie_value
from backend.web.responses.responses import Response

HEADERS = {
    "set-cookie": "The session cookie.",
    "set-auth-token": "The signed session token, for clients that keep no cookies.",
}
"""What `set_session_cookies` sets, for the docs."""


def set_session_cookies(
    response: Response, cookies: Cookies, session: Session, token: SessionToken, settings: Settings
) -> Response:
    """Set the session cookie, and the header from which clients without cookies take the token."""
    max_age = settings.session_lifetime if session.remembered else None
    response.cookies += cookies.set_session(token, max_age)
    response.headers["set-auth-token"] = cookies.signed(token.reveal())
    response.headers["access-control-expose-headers"] = "set-auth-token"
    return response


def set_sign_in_cookies(
    work: Work, response: Response, cookies: Cookies, issued: Issued, header: bytes
) -> Response:
    """Set the cookies of a sign-in: the session's, and the mark of a browser that is known now."""
    set_session_cookies(response, cookies, issued.session, issued.token, work.settings)
    if issued.session.remembered and cookies.read_signed(header, cookies.dont_remember):
        response.cookies.append(cookies.clear_dont_remember())
    response.cookies += cookies.clear_waiting(header)  # nobody goes back into an admin's from here
    response.cookies += _mark_device(work, cookies, issued.user.id)
    return response


def renew_device(work: Work, cookies: Cookies, header: bytes, user_id: UUID) -> list[str]:
    """Return the mark of a known browser anew, after the password was changed in it.

    Those of all other browsers are void; strangers who guess must not shut the owner out here.
    """
    if cookie_value(header, cookies.device) is None:
        return []
    return _mark_device(work, cookies, user_id)


def _mark_device(work: Work, cookies: Cookies, user_id: UUID) -> list[str]:
    password_hash = users.find_password_hash(work.db, user_id)
    if password_hash is None:  # there is none to guess
        return []
    return [cookies.set_device(user_id, password_hash, alphanumeric(work.randomness, 16))]
