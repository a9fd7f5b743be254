"""Cookies exactly as Better Auth writes and reads them."""

from urllib.parse import quote, unquote

from backend.kernel.secret import SessionToken
from backend.kernel.signing import Keyring

_SIGNATURE_LENGTH = 44  # base64 of 32 bytes
_DEVICE_AGE = 34_560_000  # 400 days, the most a browser keeps
_DEVICE_MARK = "device-"  # the signature covers only the value: this keeps cookies apart


def cookie_value(header: bytes, name: str) -> str | None:
    """Find a cookie in a Cookie header; the first of that name wins, odd neighbours do no harm.

    Not `http.cookies`: there one foreign cookie such as x={"a":1} hides all the others.
    """
    wanted = name.encode()
    for part in header.split(b";"):
        key, equals, value = part.partition(b"=")
        if equals and key.strip() == wanted:
            return value.strip().strip(b'"').decode("latin-1")
    return None


def _unquoted(raw: str) -> str:
    """Undo percent-encoding. What a signature holds of it is known, and replaced faster."""
    if "%" not in raw:
        return raw
    text = raw.replace("%3D", "=").replace("%2F", "/").replace("%2B", "+")
    return unquote(raw) if "%" in text else text


class Cookies:
    """The cookies of one deployment: their names, attributes and signatures."""

    def __init__(self, keyring: Keyring, *, secure: bool) -> None:
        self._keyring = keyring
        self._attributes = "; Path=/; HttpOnly" + ("; Secure" if secure else "") + "; SameSite=Lax"
        prefix = "__Secure-" if secure else ""
        self.session_token = f"{prefix}better-auth.session_token"
        self.session_data = f"{prefix}better-auth.session_data"
        self.dont_remember = f"{prefix}better-auth.dont_remember"
        self.device = f"{prefix}gatehouse.device"
        self.admin_session = f"{prefix}better-auth.admin_session"

    def read_signed(self, header: bytes, name: str) -> str | None:
        """Return the value of a cookie whose signature is ours, or None: no query for a forgery."""
        raw = cookie_value(header, name)
        return self.verified(raw) if raw else None

    def verified(self, raw: str) -> str | None:
        """Return the value of `value.signature`, percent-encoded or not, or None if forged."""
        value, dot, signature = _unquoted(raw).rpartition(".")
        if not dot or len(signature) != _SIGNATURE_LENGTH:
            return None
        return value if self._keyring.verifies(value, signature) else None

    def signed(self, value: str) -> str:
        """Return `value.signature`, as it goes into headers and, percent-encoded, into cookies."""
        return f"{value}.{self._keyring.sign(value)}"

    def set_session(self, token: SessionToken, max_age: int | None) -> list[str]:
        """Hand out a session; without `max_age` it ends with the browser and says so."""
        lines = [self._line(self.session_token, self.signed(token.reveal()), max_age)]
        if max_age is None:
            lines.append(self._line(self.dont_remember, self.signed("true"), None))
        return lines

    def set_device(self, user_id: str, nonce: str) -> str:
        """Mark the browser as one in which this user has signed in before."""
        return self._line(self.device, self.signed(f"{_DEVICE_MARK}{user_id}-{nonce}"), _DEVICE_AGE)

    def known_device(self, header: bytes, user_id: str) -> str | None:
        """Return the mark of a browser in which this user has signed in before, or None."""
        mark = self.read_signed(header, self.device)
        return mark if mark and mark.startswith(f"{_DEVICE_MARK}{user_id}-") else None

    def clear_session(self) -> list[str]:
        """Delete what a session left behind, each with the attributes it was set with."""
        return [
            self._line(name, "", 0)
            for name in (self.session_token, self.session_data, self.dont_remember)
        ]

    def set_admin_session(self, token: SessionToken, *, remembered: bool, max_age: int) -> str:
        """Put an admin's own session aside while they impersonate a user."""
        value = f"{token.reveal()}:{'' if remembered else 'true'}"
        return self._line(self.admin_session, self.signed(value), max_age)

    def read_admin_session(self, header: bytes) -> SessionToken | None:
        """Return the session an impersonating admin came from, or None."""
        token, colon, _ = (self.read_signed(header, self.admin_session) or "").rpartition(":")
        return SessionToken(token) if token and colon else None

    def clear_admin_session(self) -> str:
        return self._line(self.admin_session, "", 0)

    def clear_dont_remember(self) -> str:
        return self._line(self.dont_remember, "", 0)

    def _line(self, name: str, value: str, max_age: int | None) -> str:
        age = "" if max_age is None else f"; Max-Age={max_age}"
        return f"{name}={quote(value, safe='')}{age}{self._attributes}"
