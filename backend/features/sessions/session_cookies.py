"""The cookies of a session."""

from uuid import UUID

from backend.features.sessions.service import TRUST_LIFETIME, IssuedSession, is_live
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import digest
from backend.kernel.settings import Settings
from backend.storage.queries import sessions as stored_sessions
from backend.storage.queries import users
from backend.storage.queries.sessions import Session
from backend.storage.work import Work
from backend.web.cookie_header import find_cookie
from backend.web.cookies import MAX_ACCOUNTS, Cookies
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


def set_account_cookies(
    work: Work,
    response: Response,
    cookies: Cookies,
    session: Session,
    token: SessionToken,
    cookie_header: bytes,
) -> Response:
    """Set the session's cookie, and with MULTI_SESSION one that keeps it among this browser's.

    An older session of the same user ends here. Beyond MAX_ACCOUNTS the session is active, and
    lost to this browser once another one is.
    """
    set_session_cookies(response, cookies, session, token, work.settings)
    if not work.settings.multi_session or session.impersonated_by is not None:
        return response  # an impersonation is a state of the admin's account, not another one
    accounts = cookies.list_accounts(cookie_header)
    name = cookies.name_account(token)
    if any(each.token and each.name == name for each in accounts):
        return response
    tokens = [digest(each.token) for each in accounts if each.token]
    rows = stored_sessions.find_all_with_user(work.db, tokens) if tokens else {}
    others = 0
    for each in accounts:
        row = rows.get(digest(each.token)) if each.token else None
        if row and is_live(row, work.now()) and row.user.id != session.user_id:
            others += 1
            continue
        if row and row.user.id == session.user_id:
            stored_sessions.delete_by_id(work.db, row.session.id, row.user.id)
        response.cookies += cookies.clear_account(each)
    if others < MAX_ACCOUNTS:
        response.cookies.append(
            cookies.set_account(token, _account_max_age(session, work.settings))
        )
    return response


def _account_max_age(session: Session, settings: Settings) -> int | None:
    # Better Auth's outlives the browser in any case: whoever opens it next could go on with a
    # session that was not to be remembered.
    forgets = settings.strict and not session.remembered
    return None if forgets else settings.session_lifetime


def set_sign_in_cookies(
    work: Work, response: Response, cookies: Cookies, issued: IssuedSession, cookie_header: bytes
) -> Response:
    """Set the cookies of a sign-in: the session's, and the one that makes this a known device."""
    set_account_cookies(work, response, cookies, issued.session, issued.token, cookie_header)
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
