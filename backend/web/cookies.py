"""Cookies exactly as Better Auth writes and reads them."""

from urllib.parse import quote, unquote
from uuid import UUID

from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.signing import Keyring

_MOST_OF_ONE_NAME = 5
"""Cookies of one name that are looked at. A browser sends one for each domain and path that has set
it; a header full of them must not become a flood of signatures to check, and of queries."""
_SIGNATURE_LENGTH = 44  # base64 of 32 bytes
_DEVICE_AGE = 34_560_000  # 400 days, the most a browser keeps
_DEVICE_MARK = "device-"  # the signature covers only the value: this keeps cookies apart


def cookie_value(header: bytes, name: str) -> str | None:
    """Find the first cookie of a name in a Cookie header."""
    return next(iter(cookie_values(header, name)), None)


def cookie_values(header: bytes, name: str) -> list[str]:
    """Find the cookies of a name in a Cookie header; odd neighbours do no harm.

    Not `http.cookies`: there one foreign cookie such as x={"a":1} hides all the others. Their order
    does not tell which is the right one (RFC 6265, section 4.2.2). Of many different ones only the
    first few count.
    """
    wanted, found = name.encode(), []
    for part in header.split(b";"):
        key, equals, value = part.partition(b"=")
        if equals and key.strip() == wanted:
            found.append(value.strip().strip(b'"').decode("latin-1"))
    return found if len(found) < 2 else list(dict.fromkeys(found))[:_MOST_OF_ONE_NAME]


def _unquoted(raw: str) -> str:
    """Undo percent-encoding. What a signature holds of it is known, and replaced faster."""
    if "%" not in raw:
        return raw
    text = raw.replace("%3D", "=").replace("%2F", "/").replace("%2B", "+")
    return unquote(raw) if "%" in text else text


def _with(password_hash: str) -> str:
    return f" {password_hash}"


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
        self.sign_up = f"{prefix}gatehouse.sign_up"
        self.admin_session = f"{prefix}better-auth.admin_session"

    def all_signed(self, header: bytes, name: str, bound_to: str = "") -> list[tuple[str, str]]:
        """Find the cookies of a name whose signature is ours: no query for a forgery.

        Returns each value, and the cookie as the browser shows it.
        """
        found = []
        for raw in cookie_values(header, name):
            value = self.verified(raw, bound_to)
            if value:
                found.append((value, raw))
        return found

    def read_signed(self, header: bytes, name: str) -> str | None:
        """Return the value of the first cookie of a name whose signature is ours, or None."""
        return next((value for value, _ in self.all_signed(header, name)), None)

    def verified(self, raw: str, bound_to: str = "") -> str | None:
        """Return the value of `value.signature`, percent-encoded or not, or None if forged.

        `bound_to` is what else must be as it was when it was signed.
        """
        value, dot, signature = _unquoted(raw).rpartition(".")
        if not dot or len(signature) != _SIGNATURE_LENGTH:
            return None
        return value if self._keyring.verify(value + bound_to, signature) else None

    def signed(self, value: str) -> str:
        """Return `value.signature`, as it goes into headers and, percent-encoded, into cookies."""
        return f"{value}.{self._keyring.sign(value)}"

    def set_session(self, token: SessionToken, max_age: int | None) -> list[str]:
        """Hand out a session; without `max_age` it ends with the browser and says so."""
        lines = [self._line(self.session_token, self.signed(token.reveal()), max_age)]
        if max_age is None:
            lines.append(self._line(self.dont_remember, self.signed("true"), None))
        return lines

    def set_device(self, user_id: UUID, password_hash: str, nonce: str) -> str:
        """Mark the browser as one in which this user has signed in before.

        The signature covers the hash of the password too: with another password, however it came,
        the mark is void, and whoever knew the old one is a stranger.
        """
        mark = f"{_DEVICE_MARK}{user_id}-{nonce}"
        signature = self._keyring.sign(mark + _with(password_hash))
        return self._line(self.device, f"{mark}.{signature}", _DEVICE_AGE)

    def set_sign_up(self, token: str, max_age: int) -> str:
        """Mark the browser as the one that signed up, until the address is proved."""
        return self._line(self.sign_up, self.signed(token), max_age)

    def known_device(self, header: bytes, user_id: UUID, password_hash: str) -> str | None:
        """Return the mark of a browser in which this user has signed in before, or None."""
        bound_to = _with(password_hash)
        marks = (mark for mark, _ in self.all_signed(header, self.device, bound_to))
        mine = f"{_DEVICE_MARK}{user_id}-"
        return next((mark for mark in marks if mark.startswith(mine)), None)

    def clear_session(self, header: bytes = b"") -> list[str]:
        """Delete what a session left behind, each with the attributes it was set with.

        That is three cookies, and what the browser shows in `header` beside them: the pieces of
        session_data, and the session in which an admin waits.
        """
        names = [self.session_token, self.session_data, *self._pieces(header), self.dont_remember]
        return [*(self._line(name, "", 0) for name in names), *self.clear_waiting(header)]

    def clear_left_over(self, header: bytes) -> list[str]:
        """Delete the session_data that a Better Auth with a cookie cache has left (wire.md 9.3)."""
        whole = [self.session_data] if cookie_value(header, self.session_data) is not None else []
        return [self._line(name, "", 0) for name in (*whole, *self._pieces(header))]

    def _pieces(self, header: bytes) -> list[str]:
        """Name the cookies into which a session_data too long for one was cut."""
        prefix = f"{self.session_data}.".encode()
        if prefix not in header:
            return []
        keys = (part.partition(b"=")[0].strip() for part in header.split(b";"))
        numbers = (key.removeprefix(prefix) for key in keys if key.startswith(prefix))
        some = dict.fromkeys(each for each in numbers if each.isdigit() and len(each) <= 2)
        return [f"{self.session_data}.{each.decode()}" for each in some]

    def set_admin_session(self, token: SessionToken, *, remembered: bool, max_age: int) -> str:
        """Put an admin's own session aside while they impersonate a user."""
        value = f"{token.reveal()}:{'' if remembered else 'true'}"
        return self._line(self.admin_session, self.signed(value), max_age)

    def read_admin_sessions(self, header: bytes) -> list[SessionToken]:
        """Return the session an impersonating admin came from; several, if there are cookies of it
        that are left from before."""
        shown = (value.rpartition(":") for value, _ in self.all_signed(header, self.admin_session))
        return [SessionToken(token) for token, colon, _ in shown if token and colon]

    def clear_admin_session(self) -> str:
        return self._line(self.admin_session, "", 0)

    def clear_waiting(self, header: bytes) -> list[str]:
        """Delete the session in which an admin waits, if the browser shows one."""
        shown = cookie_value(header, self.admin_session)
        return [] if shown is None else [self.clear_admin_session()]

    def clear_dont_remember(self) -> str:
        return self._line(self.dont_remember, "", 0)

    def _line(self, name: str, value: str, max_age: int | None) -> str:
        age = "" if max_age is None else f"; Max-Age={max_age}"
        return f"{name}={quote(value, safe='')}{age}{self._attributes}"
