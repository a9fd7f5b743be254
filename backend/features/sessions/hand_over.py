"""Giving a session to the browser, and taking it back."""

from backend.features.sessions.service import Issued
from backend.kernel.secret import SessionToken
from backend.kernel.settings import Settings
from backend.storage.sessions import Session
from backend.web.answers import Answer
from backend.web.cookies import Cookies

HEADERS = {
    "set-cookie": "The session cookie.",
    "set-auth-token": "The signed session token, for clients that keep no cookies.",
}
"""What `hand_over` sets, for the docs."""


def hand_over(
    answer: Answer, cookies: Cookies, session: Session, token: SessionToken, settings: Settings
) -> Answer:
    """Set the session cookie, and the header from which clients without cookies take the token."""
    max_age = settings.session_lifetime if session.remembered else None
    answer.cookies += cookies.set_session(token, max_age)
    answer.headers["set-auth-token"] = cookies.signed(token.reveal())
    answer.headers["access-control-expose-headers"] = "set-auth-token"
    return answer


def hand_over_new(
    answer: Answer, cookies: Cookies, issued: Issued, settings: Settings, header: bytes, nonce: str
) -> Answer:
    """Set the cookies of a sign-in: the session's, and the mark of a browser that is known now."""
    hand_over(answer, cookies, issued.session, issued.token, settings)
    if issued.session.remembered and cookies.read_signed(header, cookies.dont_remember):
        answer.cookies.append(cookies.clear_dont_remember())
    answer.cookies += cookies.clear_waiting(header)  # nobody goes back into an admin's from here
    answer.cookies.append(cookies.set_device(str(issued.user.id), nonce))
    return answer
