"""The throw-away account of an examination: made, signed in, and deleted whatever happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doctor.browser import Browser, Reply
from doctor.clock import Clock, unguessable
from doctor.findings import CannotTell
from doctor.secret import NOTHING, Secret

SIGN_UP, SIGN_IN = "/api/auth/sign-up/email", "/api/auth/sign-in/email"
GET_SESSION, SIGN_OUT = "/api/auth/get-session", "/api/auth/sign-out"
_NEARLY_OVER = 8  # seconds; a session that ends sooner is too short to be used


@dataclass
class Account:
    """An account that only this examination knows."""

    email: str
    password: Secret
    id: str = ""
    """Set as soon as the server says it has made the account."""
    asked_for: bool = False
    """Whether the server was asked to make it: it may have, even if no answer came."""
    was_refused: bool = False
    """Whether the server, or who stands in front of it, said that it will not make it."""
    token: Secret = NOTHING
    """Its latest session, as the body of the answer named it: works where cookies are lost."""

    @classmethod
    def invented(cls) -> "Account":
        """Think up an address nobody has; mail to example.com reaches nobody (RFC 2606)."""
        return cls(f"doctor-{unguessable(12)}@example.com", Secret(f"Pw-{unguessable(24)}"))

    def sign_up(self, browser: Browser) -> Reply:
        """Make the account the way a visitor does."""
        said = {
            "name": "Gatehouse doctor",
            "email": self.email,
            "password": self.password.reveal(),
        }
        self.asked_for = True
        browser.wire.redactor.learn(self.password)
        reply = browser.post(SIGN_UP, said)
        if reply.status == 200:
            self.id = id_of(reply)
            self._note(reply, browser)
        self.was_refused = 400 <= reply.status < 500
        return reply

    def sign_in(self, browser: Browser) -> Reply:
        """Sign in the way a visitor does, and learn when the session ends."""
        said = {"email": self.email, "password": self.password.reveal(), "rememberMe": True}
        reply = browser.post(SIGN_IN, said)
        if reply.status == 200:
            self._note(reply, browser)
        return reply

    def delete(self, browser: Browser) -> Reply:
        """Delete it the way its user does; `browser` must be signed in."""
        return browser.post("/api/auth/delete-user", {"password": self.password.reveal()})

    def _note(self, reply: Reply, browser: Browser) -> None:
        token = reply.field("token")
        self.token = Secret(token) if isinstance(token, str) else NOTHING
        browser.wire.redactor.learn(self.token)
        note_session_end(browser)


def session_of(browser: Browser, **headers: str) -> dict[str, Any] | None:
    """Return what get-session tells this browser, or None for nobody; raises CannotTell."""
    reply = browser.get(f"{GET_SESSION}?disableRefresh=true", **headers)
    if reply.status != 200:
        raise CannotTell(f"get-session answered {reply.told}")
    said = reply.json()
    return said if isinstance(said, dict) and said.get("session") else None


def note_session_end(browser: Browser) -> None:
    """Remember when the session of this browser ends."""
    found = session_of(browser.copy())  # null takes the cookie away
    browser.session_ends = found["session"]["expiresAt"] if found else ""


def believed_address(browser: Browser, account: Account, forged: Mapping[str, str]) -> str:
    """Sign in with forged headers; return the address the server saw, or an empty string.

    Raises CannotTell where nobody is signed in by that.
    """
    said = {"email": account.email, "password": account.password.reveal()}
    reply = browser.post(SIGN_IN, said, **forged)
    found = session_of(browser) if reply.status == 200 else None
    if found is None:
        raise CannotTell(f"signing in answered {reply.told}")
    return address_in(found)


def address_in(found: dict[str, Any]) -> str:
    """Return the address that a session was opened from, as the server saw it, or nothing."""
    return str(found["session"].get("ipAddress") or "")


def seconds_left(browser: Browser, clock: Clock) -> float:
    """Return how long the session of this browser goes on; below zero if there is none."""
    if not browser.session_ends:
        return -1.0
    return (datetime.fromisoformat(browser.session_ends) - clock.now()).total_seconds()


def is_usable(browser: Browser, clock: Clock) -> bool:
    """Tell whether the session of this browser lasts long enough for another look."""
    return seconds_left(browser, clock) > _NEARLY_OVER


def id_of(reply: Reply) -> str:
    """Return the id of the user in an answer, or an empty string."""
    user = reply.field("user")
    return str(user.get("id", "")) if isinstance(user, dict) else ""
