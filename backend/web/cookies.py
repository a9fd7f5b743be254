"""Cookies, written and read exactly as Better Auth does."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from backend.kernel.secrets.secret import (
    BrowserToken,
    ChallengeToken,
    OAuthStateToken,
    PasskeyToken,
    SessionToken,
)
from backend.kernel.secrets.signing import Keyring
from backend.web.cookie_header import find_cookie, find_cookies, unquote_value

MAX_ACCOUNTS = 5
"""In one browser."""
_MAX_ACCOUNTS_READ = 2 * MAX_ACCOUNTS  # of their cookies: a header may be full of them
_SIGNATURE_LENGTH = 44  # base64 of 32 bytes
_DEVICE_MAX_AGE = 34_560_000  # 400 days, the longest that browsers accept
_LAST_LOGIN_MAX_AGE = 2_592_000  # 30 days
_LAST_LOGIN = "better-auth.last_used_login_method"  # never with a prefix, so that pages find it
# Signatures do not cover the cookie's name: these tell the values apart.
_DEVICE_PREFIX, _CHALLENGE_PREFIX, _TRUST_PREFIX = "device-", "2fa-", "trust-device-"
_PASSKEY_PREFIX = "passkey-"
_MAGIC_LINK_PREFIX = "magic-link-"
_STATE_MAX_AGE = 300


@dataclass(frozen=True, slots=True)
class AccountCookie:
    """The cookie that keeps one of the several accounts signed in in a browser."""

    name: str
    token: SessionToken | None
    """None if it is forged, or the value of another cookie."""


class Cookies:
    """The cookies of one deployment: their names, attributes and signatures.

    With a `domain`, every host of it receives the cookies that are Better Auth's, as with its
    `crossSubDomainCookies`. Those of our own stay with this host: nobody else needs them.
    """

    def __init__(self, keyring: Keyring, *, secure: bool, domain: str = "") -> None:
        self._keyring = keyring
        last = ("; Secure" if secure else "") + "; SameSite=Lax"
        self._attributes = f"; Path=/; HttpOnly{last}"
        self._attributes_for_scripts = f"; Path=/{last}"
        self._domain = f"; Domain={domain}" if domain else ""
        prefix = "__Secure-" if secure else ""
        self.session_token = f"{prefix}better-auth.session_token"
        self.session_data = f"{prefix}better-auth.session_data"
        self.dont_remember = f"{prefix}better-auth.dont_remember"
        self.device = f"{prefix}gatehouse.device"
        self.sign_up = f"{prefix}gatehouse.sign_up"
        self.magic_link = f"{prefix}gatehouse.magic_link"
        self.admin_session = f"{prefix}better-auth.admin_session"
        self.two_factor = f"{prefix}better-auth.two_factor"
        self.trust_device = f"{prefix}better-auth.trust_device"
        self.state = f"{prefix}better-auth.state"
        self.passkey = f"{prefix}better-auth.better-auth-passkey"

    def list_signed(self, header: bytes, name: str, bound_to: str = "") -> list[str]:
        """Return the values of the correctly signed cookies of this name."""
        values = (self.verify(raw, bound_to) for raw in find_cookies(header, name))
        return [value for value in values if value]

    def read_signed(self, header: bytes, name: str) -> str | None:
        """Return the value of the first correctly signed cookie of this name, or None."""
        return next(iter(self.list_signed(header, name)), None)

    def verify(self, raw: str, bound_to: str = "") -> str | None:
        """Return the value of `value.signature`, percent-encoded or not, or None if forged.

        `bound_to` is further text that the signature covers.
        """
        value, dot, signature = unquote_value(raw).rpartition(".")
        if not dot or len(signature) != _SIGNATURE_LENGTH:
            return None
        return value if self._keyring.verify(value + bound_to, signature) else None

    def sign(self, value: str) -> str:
        """Return `value.signature`, for headers and, percent-encoded, for cookies."""
        return f"{value}.{self._keyring.sign(value)}"

    def set_session(self, token: SessionToken, max_age: int | None) -> list[str]:
        """Return the cookies of a session, which without `max_age` ends with the browser.

        With a domain, the host's own cookie is deleted first: it may precede the new one in
        requests, and the session that counts would be the one of before.
        """
        lines = [self._line(self.session_token, "", 0)] if self._domain else []
        lines.append(self._shared_line(self.session_token, self.sign(token.reveal()), max_age))
        if max_age is None:
            lines.append(self._shared_line(self.dont_remember, self.sign("true"), None))
        return lines

    def set_account(self, token: SessionToken, max_age: int | None) -> str:
        """Keep a session among those of this browser, whichever of them is active."""
        return self._shared_line(self.name_account(token), self.sign(token.reveal()), max_age)

    def name_account(self, token: SessionToken) -> str:
        return f"{self.session_token}_multi-{token.reveal().lower()}"

    def list_accounts(self, header: bytes) -> list[AccountCookie]:
        """Return the cookies of this browser's accounts, in order; each names its own token."""
        prefix = f"{self.session_token}_multi-".encode()
        if prefix not in header:
            return []
        keys = (part.partition(b"=")[0].strip() for part in header.split(b";"))
        names = dict.fromkeys(key.decode("latin-1") for key in keys if key.startswith(prefix))
        return [self._read_account(header, name) for name in list(names)[:_MAX_ACCOUNTS_READ]]

    def _read_account(self, header: bytes, name: str) -> AccountCookie:
        tokens = (SessionToken(value) for value in self.list_signed(header, name))
        own = (token for token in tokens if self.name_account(token) == name)
        return AccountCookie(name, next(own, None))

    def renew_account(self, header: bytes, token: SessionToken, max_age: int) -> list[str]:
        """Keep a session that was extended among those of this browser, if its cookie is gone."""
        accounts = self.list_accounts(header)
        name = self.name_account(token)
        is_kept = any(each.token and each.name == name for each in accounts)
        return (
            [] if is_kept or len(accounts) >= MAX_ACCOUNTS else [self.set_account(token, max_age)]
        )

    def clear_account(self, account: AccountCookie) -> list[str]:
        return self._clear(account.name)

    def set_device(self, user_id: UUID, password_hash: str, nonce: str) -> str:
        """Return the cookie that marks a browser in which this user has signed in before.

        The signature covers the password's hash too: any change of the password makes the cookie
        invalid, so somebody who knew the old password does not count as a known device.
        """
        value = f"{_DEVICE_PREFIX}{user_id}-{nonce}"
        signature = self._keyring.sign(f"{value} {password_hash}")
        return self._line(self.device, f"{value}.{signature}", _DEVICE_MAX_AGE)

    def set_last_login_method(self, method: str | None) -> list[str]:
        """Remember how somebody signed in here, where scripts of the page can read it."""
        if method is None:
            return []
        attributes = f"{self._domain}{self._attributes_for_scripts}"
        return [f"{_LAST_LOGIN}={method}; Max-Age={_LAST_LOGIN_MAX_AGE}{attributes}"]

    def set_sign_up(self, token: str, max_age: int) -> str:
        """Return the cookie of the browser that signed up, until its address is verified."""
        return self._line(self.sign_up, self.sign(token), max_age)

    def set_magic_link(self, browser: BrowserToken, max_age: int) -> str:
        """Return the cookie of the browser that asked for a link to sign in with."""
        return self._line(
            self.magic_link, self.sign(_MAGIC_LINK_PREFIX + browser.reveal()), max_age
        )

    def list_magic_links(self, header: bytes) -> list[BrowserToken]:
        """Return what names a browser that asked for a link to sign in with."""
        values = self._list_prefixed(header, self.magic_link, _MAGIC_LINK_PREFIX)
        return [BrowserToken(value) for value in values]

    def set_challenge(self, token: ChallengeToken, max_age: int, *, remember: bool) -> list[str]:
        """Return the cookies of a sign-in that waits for its second step: no session, but a token.

        `dont_remember` tells the browser's later requests what the user chose at the first step.
        """
        cleared = self._clear(self.session_token, self.session_data)
        value = self.sign(_CHALLENGE_PREFIX + token.reveal())
        lines = [*cleared, self._shared_line(self.two_factor, value, max_age)]
        if not remember:
            lines.append(self._shared_line(self.dont_remember, self.sign("true"), None))
        return lines

    def list_challenges(self, header: bytes) -> list[ChallengeToken]:
        """Return the tokens of sign-ins that wait for their second step."""
        values = self._list_prefixed(header, self.two_factor, _CHALLENGE_PREFIX)
        return [ChallengeToken(value) for value in values]

    def clear_challenge(self) -> list[str]:
        return self._clear(self.two_factor)

    def set_trusted_browser(self, token: BrowserToken, max_age: int) -> str:
        """Return the cookie of a browser in which the next sign-in needs no second factor."""
        value = self.sign(_TRUST_PREFIX + token.reveal())
        return self._shared_line(self.trust_device, value, max_age)

    def list_trusted_browsers(self, header: bytes) -> list[BrowserToken]:
        """Return what the browser shows if a second factor was given in it before."""
        values = self._list_prefixed(header, self.trust_device, _TRUST_PREFIX)
        return [BrowserToken(value) for value in values]

    def clear_trusted_browser(self, header: bytes) -> list[str]:
        """Delete the cookie of a trusted browser, if it sends one."""
        is_sent = find_cookie(header, self.trust_device) is not None
        return self._clear(self.trust_device) if is_sent else []

    def set_passkey_challenge(self, token: PasskeyToken, max_age: int) -> str:
        """Return the cookie of the browser that may answer a passkey's challenge."""
        value = self.sign(_PASSKEY_PREFIX + token.reveal())
        return self._shared_line(self.passkey, value, max_age)

    def list_passkey_challenges(self, header: bytes) -> list[PasskeyToken]:
        """Return what the browser shows of the challenges that it was given."""
        values = self._list_prefixed(header, self.passkey, _PASSKEY_PREFIX)
        return [PasskeyToken(value) for value in values]

    def set_state(self, state: OAuthStateToken) -> str:
        """Return the cookie of the browser that was sent to a provider."""
        return self._shared_line(self.state, self.sign(state.reveal()), _STATE_MAX_AGE)

    def has_state(self, header: bytes, state: OAuthStateToken) -> bool:
        """Tell whether this browser was sent to a provider with this state."""
        return state.reveal() in self.list_signed(header, self.state)

    def clear_state(self) -> list[str]:
        return self._clear(self.state)

    def _list_prefixed(self, header: bytes, name: str, prefix: str) -> list[str]:
        """Return what follows `prefix` in signed cookies: signatures do not cover the name."""
        values = self.list_signed(header, name)
        return [value.removeprefix(prefix) for value in values if value.startswith(prefix)]

    def find_device(self, header: bytes, user_id: UUID, password_hash: str) -> str | None:
        """Return the value of this user's device cookie, or None in an unknown browser."""
        values = self.list_signed(header, self.device, f" {password_hash}")
        prefix = f"{_DEVICE_PREFIX}{user_id}-"
        return next((value for value in values if value.startswith(prefix)), None)

    def clear_session(self, header: bytes = b"") -> list[str]:
        """Return deletions of a session's cookies, with the attributes they were set with.

        These are three, and what else the browser sends in `header`: the chunks of session_data,
        and the own session of an impersonating admin.
        """
        chunks = self._chunk_names(header)
        names = [self.session_token, self.session_data, *chunks, self.dont_remember]
        return [*self._clear(*names), *self.clear_impersonation(header)]

    def clear_session_data(self, header: bytes) -> list[str]:
        """Delete the session_data set by a Better Auth with a cookie cache (wire.md 9.3)."""
        whole = [self.session_data] if find_cookie(header, self.session_data) is not None else []
        return self._clear(*whole, *self._chunk_names(header))

    def _chunk_names(self, header: bytes) -> list[str]:
        """Return the names of the cookies over which a long session_data was spread."""
        prefix = f"{self.session_data}.".encode()
        if prefix not in header:
            return []
        keys = (part.partition(b"=")[0].strip() for part in header.split(b";"))
        numbers = (key.removeprefix(prefix) for key in keys if key.startswith(prefix))
        unique = dict.fromkeys(each for each in numbers if each.isdigit() and len(each) <= 2)
        return [f"{self.session_data}.{each.decode()}" for each in unique]

    def set_admin_session(self, token: SessionToken, *, remembered: bool, max_age: int) -> str:
        """Keep an admin's own session in a cookie while they impersonate a user."""
        value = f"{token.reveal()}:{'' if remembered else 'true'}"
        return self._shared_line(self.admin_session, self.sign(value), max_age)

    def read_admin_sessions(self, header: bytes) -> list[SessionToken]:
        """Return the own session of an impersonating admin; several, if old cookies are left."""
        values = self.list_signed(header, self.admin_session)
        parts = (value.rpartition(":") for value in values)
        return [SessionToken(token) for token, colon, _ in parts if token and colon]

    def clear_admin_session(self) -> list[str]:
        return self._clear(self.admin_session)

    def clear_impersonation(self, header: bytes) -> list[str]:
        """Delete the own session of an impersonating admin, if the browser sends one."""
        is_sent = find_cookie(header, self.admin_session) is not None
        return self.clear_admin_session() if is_sent else []

    def clear_dont_remember(self) -> list[str]:
        return self._clear(self.dont_remember)

    def _clear(self, *names: str) -> list[str]:
        """Delete cookies: with a domain, also the host's own, left from before it was set."""
        lines = [self._shared_line(name, "", 0) for name in names]
        return lines + [self._line(name, "", 0) for name in names] if self._domain else lines

    def _shared_line(self, name: str, value: str, max_age: int | None) -> str:
        return self._line(name, value, max_age, self._domain)

    def _line(self, name: str, value: str, max_age: int | None, domain: str = "") -> str:
        age = "" if max_age is None else f"; Max-Age={max_age}"
        return f"{name}={quote(value, safe='')}{age}{domain}{self._attributes}"
