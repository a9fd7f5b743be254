"""The throw-away account of an examination: made, signed in, and deleted whatever happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from doctor.client.credential import NO_CREDENTIAL, Credential
from doctor.client.simulated_browser import Reply, SimulatedBrowser
from doctor.clock import BlockingClock, random_hex
from doctor.findings import CheckSkipped

SIGN_UP, SIGN_IN = "/api/auth/sign-up/email", "/api/auth/sign-in/email"
GET_SESSION, SIGN_OUT = "/api/auth/get-session", "/api/auth/sign-out"
_MIN_SECONDS_LEFT = 8  # seconds; a session that ends sooner is too short to be used


@dataclass
class ThrowawayAccount:
    """An account that only this examination knows."""

    email: str
    password: Credential
    id: str = ""
    """Set as soon as the server says it has made the account."""
    sign_up_attempted: bool = False
    """Whether the server was asked to make it: it may have, even if no answer came."""
    sign_up_refused: bool = False
    """Whether the server, or who stands in front of it, said that it will not make it."""
    token: Credential = NO_CREDENTIAL
    """Its latest session, as the body of the answer named it: works where cookies are lost."""

    @classmethod
    def generate(cls) -> "ThrowawayAccount":
        """Think up an address nobody has; mail to example.com reaches nobody (RFC 2606)."""
        return cls(f"doctor-{random_hex(12)}@example.com", Credential(f"Pw-{random_hex(24)}"))

    def sign_up(self, browser: SimulatedBrowser) -> Reply:
        """Make the account the way a visitor does."""
        said = {
            "name": "Gatehouse doctor",
            "email": self.email,
            "password": self.password.reveal(),
        }
        self.sign_up_attempted = True
        browser.connection.redactor.add(self.password)
        reply = browser.post(SIGN_UP, said)
        if reply.status == 200:
            self.id = user_id_in(reply)
            self._remember_session(reply, browser)
        self.sign_up_refused = 400 <= reply.status < 500
        return reply

    def sign_in(self, browser: SimulatedBrowser) -> Reply:
        """Sign in the way a visitor does, and learn when the session ends."""
        said = {"email": self.email, "password": self.password.reveal(), "rememberMe": True}
        reply = browser.post(SIGN_IN, said)
        if reply.status == 200:
            self._remember_session(reply, browser)
        return reply

    def delete(self, browser: SimulatedBrowser) -> Reply:
        """Delete it the way its user does; `browser` must be signed in."""
        return browser.post("/api/auth/delete-user", {"password": self.password.reveal()})

    def _remember_session(self, reply: Reply, browser: SimulatedBrowser) -> None:
        token = reply.field("token")
        self.token = Credential(token) if isinstance(token, str) else NO_CREDENTIAL
        browser.connection.redactor.add(self.token)
        record_session_end(browser)


def fetch_session(browser: SimulatedBrowser, **headers: str) -> dict[str, Any] | None:
    """Return what get-session tells this browser, or None for nobody; raises CheckSkipped."""
    reply = browser.get(f"{GET_SESSION}?disableRefresh=true", **headers)
    if reply.status != 200:
        raise CheckSkipped(f"get-session answered {reply.summary}")
    said = reply.json()
    return said if isinstance(said, dict) and said.get("session") else None


def record_session_end(browser: SimulatedBrowser) -> None:
    """Remember when the session of this browser ends."""
    found = fetch_session(browser.copy())  # null takes the cookie away
    browser.session_ends = found["session"]["expiresAt"] if found else ""


def observed_address(
    browser: SimulatedBrowser, account: ThrowawayAccount, forged: Mapping[str, str]
) -> str:
    """Sign in with forged headers; return the address the server saw, or an empty string.

    Raises CheckSkipped where nobody is signed in by that.
    """
    said = {"email": account.email, "password": account.password.reveal()}
    reply = browser.post(SIGN_IN, said, **forged)
    found = fetch_session(browser) if reply.status == 200 else None
    if found is None:
        raise CheckSkipped(f"signing in answered {reply.summary}")
    return ip_address_of(found)


def ip_address_of(found: dict[str, Any]) -> str:
    """Return the address that a session was opened from, as the server saw it, or nothing."""
    return str(found["session"].get("ipAddress") or "")


def seconds_left(browser: SimulatedBrowser, clock: BlockingClock) -> float:
    """Return how long the session of this browser goes on; below zero if there is none."""
    if not browser.session_ends:
        return -1.0
    return (datetime.fromisoformat(browser.session_ends) - clock.now()).total_seconds()


def is_session_usable(browser: SimulatedBrowser, clock: BlockingClock) -> bool:
    """Tell whether the session of this browser lasts long enough for another look."""
    return seconds_left(browser, clock) > _MIN_SECONDS_LEFT


def user_id_in(reply: Reply) -> str:
    """Return the id of the user in an answer, or an empty string."""
    user = reply.field("user")
    return str(user.get("id", "")) if isinstance(user, dict) else ""
