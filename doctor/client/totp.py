"""The codes that an authenticator app shows (RFC 6238)."""

import base64
import hmac
from urllib.parse import parse_qs, urlsplit

PERIOD = 30  # seconds
_DIGITS = 6


def read_secret(uri: str) -> bytes:
    """Return the secret in the address that an app reads from a QR code; raises ValueError."""
    text = parse_qs(urlsplit(uri).query)["secret"][0]
    return base64.b32decode(text + "=" * (-len(text) % 8))


def code_at(secret: bytes, timestamp: float) -> str:
    """Return the code of a moment, in seconds since 1970."""
    counter = int(timestamp // PERIOD).to_bytes(8, "big")
    mac = hmac.digest(secret, counter, "sha1")
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"
