"""The codes of authenticator apps (RFC 6238): SHA-1, six digits, a new one every 30 seconds."""

import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

import pyotp

from backend.kernel.randomness import Randomness
from backend.kernel.secrets.secret import Secret

DIGITS, PERIOD = 6, 30
_SECRET_LENGTH = 32  # characters of base32: 160 bits, as RFC 4226 recommends
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_UNRESERVED = "!'()*"
"""What JavaScript's encodeURIComponent leaves alone besides letters, digits and `-_.~`."""


class TotpSecret(Secret):
    """The secret that an authenticator app shares with us, in base32 without padding."""

    __slots__ = ()


def new_secret(randomness: Randomness) -> TotpSecret:
    """Draw a secret of 160 bits."""
    drawn = randomness.bytes(_SECRET_LENGTH)
    return TotpSecret("".join(_ALPHABET[byte % len(_ALPHABET)] for byte in drawn))


def build_uri(secret: TotpSecret, issuer: str, account: str) -> str:
    """Build the address that an app reads from a QR code, as Better Auth does (wire.md 5.2)."""
    label = f"{quote(issuer, safe=_UNRESERVED)}:{quote(account, safe=_UNRESERVED)}"
    query = {"secret": secret.reveal(), "issuer": issuer, "digits": DIGITS, "period": PERIOD}
    return f"otpauth://totp/{label}?{urlencode(query)}"


def find_step(secret: TotpSecret, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is: the current one or a neighbour; None if no one's.

    One step of tolerance for the clocks of phones (RFC 6238, section 5.2). All three are compared,
    so that the time taken tells nothing.
    """
    totp = pyotp.TOTP(secret.reveal(), digits=DIGITS, interval=PERIOD)
    typed, current = code.encode("utf-8", "surrogateescape"), step_at(now)
    matching = [
        step
        for step in (current - 1, current, current + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed)
    ]
    return matching[0] if matching else None


def step_at(now: datetime) -> int:
    """Return the current time step."""
    return int(now.timestamp()) // PERIOD
