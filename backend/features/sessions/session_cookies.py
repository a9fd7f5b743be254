"""The cookies of a session."""

from uuid import UUID

from backend.features.sessions.service import TRUST_LIFETIME, IssuedSession
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.settings import Settings
from backend.storage.queries import users
from backend.storage.queries.sessions import Session
from backend.storage.work import Work
from backend.web.cookies import Cookies, find_cookie
from backend.web.responses.responses import Response

SESSION_HEADERS = {
    "set-cookie": "The session cookie.",
    "set-auth-token": "The signed session token, for clients that keep no cookies.",
}
"""The headers that `set_session_cookies` sets, for the docs."""


def set_session_cookies(
    response: Response, cookies: Cookies, session: Session, token: SessionToken, settings: Settings
) -> Response:
    """Set the session cookie, and the header from which clients without cookies take the token."""
    max_age = settings.session_lifetime if session.remembered else None
    response.cookies += cookies.set_session(token, max_age)
    response.headers["set-auth-token"] = cookies.sign(token.reveal())
    response.headers["access-control-expose-headers"] = "set-auth-token"
    return response


def set_sign_in_cookies(
    work: Work, response: Response, cookies: Cookies, issued: IssuedSession, cookie_header: bytes
) -> Response:
    """Set the cookies of a sign-in: the session's, and the one that makes this a known device."""
    set_session_cookies(response, cookies, issued.session, issued.token, work.settings)
    if issued.session.remembered and cookies.read_signed(cookie_header, cookies.dont_remember):
        response.cookies += cookies.clear_dont_remember()
    # There is no way back into the session of an admin.
    response.cookies += cookies.clear_impersonation(cookie_header)
    response.cookies += _set_device_cookie(work, cookies, issued.user.id)
    if issued.browser_token is not None:
        max_age = int(TRUST_LIFETIME.total_seconds())
        response.cookies.append(cookies.set_trusted_browser(issued.browser_token, max_age))
    response.cookies += cookies.set_last_login_method(issued.last_login_method)
    return response


def renew_device_cookie(
    work: Work, cookies: Cookies, cookie_header: bytes, user_id: UUID
) -> list[str]:
    """Return a new device cookie after the password was changed in this browser.

    The old ones are void; strangers who guess must not lock the owner out here.
    """
    if find_cookie(cookie_header, cookies.device) is None:
        return []
    return _set_device_cookie(work, cookies, user_id)


def _set_device_cookie(work: Work, cookies: Cookies, user_id: UUID) -> list[str]:
    password_hash = users.find_password_hash(work.db, user_id)
    if password_hash is None:  # there is none to guess
        return []
    return [cookies.set_device(user_id, password_hash, random_alphanumeric(work.randomness, 16))]
