"""The throw-away account of a run: created, signed in, and always deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from doctor.client.browser import Reply, SimulatedBrowser
from doctor.client.secret_text import SecretText
from doctor.client.totp import code_at, read_secret
from doctor.clock import BlockingClock, random_hex
from doctor.findings import CheckSkipped

SIGN_UP, SIGN_IN = "/api/auth/sign-up/email", "/api/auth/sign-in/email"
GET_SESSION, SIGN_OUT = "/api/auth/get-session", "/api/auth/sign-out"
VERIFY_BACKUP_CODE = "/api/auth/two-factor/verify-backup-code"
_MIN_SECONDS_LEFT = 8  # seconds; a session that ends sooner is too short to be used


@dataclass
class ThrowawayAccount:
    """An account that only this run of the doctor knows."""

    email: str
    password: SecretText
    id: str = ""
    """Set as soon as the server says it has created the account."""
    sign_up_attempted: bool = False
    """Whether the request was sent: the account may exist even if no response came."""
    sign_up_refused: bool = False
    """Whether the server, or a proxy, refused to create the account."""
    tokens: list[SecretText] = field(default_factory=list)
    """Its session tokens, from the response bodies: they work where cookies are lost."""
    totp_secret: bytes = b""
    """That of its authenticator app."""
    backup_codes: list[SecretText] = field(default_factory=list)
    """They answer where a second factor is asked for; none while it has no second factor."""

    @classmethod
    def generate(cls) -> "ThrowawayAccount":
        """Invent an address; mail to example.com reaches nobody (RFC 2606)."""
        return cls(f"doctor-{random_hex(12)}@example.com", SecretText(f"Pw-{random_hex(24)}"))

    @property
    def credentials(self) -> dict[str, str]:
        """The email and password, for a request's body."""
        return {"email": self.email, "password": self.password.reveal()}

    def sign_up(self, browser: SimulatedBrowser) -> Reply:
        """Create the account as a visitor does."""
        self.sign_up_attempted = True
        browser.client.redactor.add(self.password)
        reply = browser.post(SIGN_UP, {"name": "Gatehouse doctor", **self.credentials})
        if reply.status == 200:
            self.id = user_id_in(reply)
            self.remember_session(reply, browser)
        by_captcha = reply.field("code") == "UNKNOWN_ERROR"  # it could not be checked
        self.sign_up_refused = 400 <= reply.status < 500 or by_captcha
        return reply

    def sign_in(self, browser: SimulatedBrowser) -> Reply:
        """Sign in as a visitor does, and record when the session ends."""
        reply = self.pass_both_steps(browser, rememberMe=True)
        if reply.status == 200:
            self.remember_session(reply, browser)
        return reply

    def pass_both_steps(
        self, browser: SimulatedBrowser, headers: Mapping[str, str] | None = None, **fields: bool
    ) -> Reply:
        """Sign in with the password and, if a second factor is asked for, with a backup code."""
        reply = browser.send("POST", SIGN_IN, {**self.credentials, **fields}, headers)
        if reply.field("twoFactorRedirect") is True and self.backup_codes:
            payload = {"code": self.backup_codes.pop().reveal()}
            reply = browser.send("POST", VERIFY_BACKUP_CODE, payload, headers)
        return reply

    def read_app(self, uri: str) -> None:
        """Read the address that an authenticator app reads from a QR code."""
        self.totp_secret = read_secret(uri)

    def totp_code(self, clock: BlockingClock) -> str:
        """Return the code that its authenticator app shows now."""
        return code_at(self.totp_secret, clock.now().timestamp())

    def delete(self, browser: SimulatedBrowser) -> Reply:
        """Delete the account as its user does; `browser` must be signed in."""
        return browser.post("/api/auth/delete-user", {"password": self.password.reveal()})

    def replace_session(self, reply: Reply, browser: SimulatedBrowser) -> None:
        """As `remember_session`, where the response has ended the session of before."""
        self.tokens.clear()
        self.remember_session(reply, browser)

    def remember_session(self, reply: Reply, browser: SimulatedBrowser) -> None:
        """Keep the token of a response, and record when the session of its browser ends."""
        token = reply.field("token") or reply.headers.get("set-auth-token")
        if isinstance(token, str) and token:
            self.tokens.append(SecretText(token))
            browser.client.redactor.add(token)
        record_session_end(browser)


def unknown_email() -> str:
    """Invent an address that no account has."""
    return f"nobody-{random_hex(12)}@example.com"


def fetch_session(browser: SimulatedBrowser, **headers: str) -> dict[str, Any] | None:
    """Return the session and user get-session returns, or None for null; raises CheckSkipped."""
    reply = browser.get(f"{GET_SESSION}?disableRefresh=true", **headers)
    if reply.status != 200:
        raise CheckSkipped(f"get-session answered {reply.summary}")
    body = reply.json()
    return body if isinstance(body, dict) and body.get("session") else None


def record_session_end(browser: SimulatedBrowser) -> None:
    """Record when the session of this browser ends."""
    session_data = fetch_session(browser.copy())  # null deletes the cookie
    browser.session_ends = session_data["session"]["expiresAt"] if session_data else ""


def observed_address(
    browser: SimulatedBrowser, account: ThrowawayAccount, forged: Mapping[str, str]
) -> str:
    """Sign in with forged headers; return the address the server saw, or an empty string.

    Raises CheckSkipped if the sign-in fails.
    """
    reply = account.pass_both_steps(browser, forged)
    session_data = fetch_session(browser) if reply.status == 200 else None
    if session_data is None:
        raise CheckSkipped(f"signing in answered {reply.summary}")
    return ip_address_of(session_data)


def ip_address_of(session_data: dict[str, Any]) -> str:
    """Return the client address of a session as the server saw it, or an empty string."""
    return str(session_data["session"].get("ipAddress") or "")


def seconds_left(browser: SimulatedBrowser, clock: BlockingClock) -> float:
    """Return how long the session of this browser lasts; negative if there is none."""
    if not browser.session_ends:
        return -1.0
    return (datetime.fromisoformat(browser.session_ends) - clock.now()).total_seconds()


def is_session_usable(browser: SimulatedBrowser, clock: BlockingClock) -> bool:
    """Tell whether the session of this browser lasts long enough for another check."""
    return seconds_left(browser, clock) > _MIN_SECONDS_LEFT


def user_id_in(reply: Reply) -> str:
    """Return the id of the user in a response, or an empty string."""
    user = reply.field("user")
    return str(user.get("id", "")) if isinstance(user, dict) else ""
