"""The only place that draws chance, and what we make of it."""

import secrets
import string
from datetime import datetime
from typing import Protocol
from uuid import UUID

ALPHANUMERIC = string.ascii_letters + string.digits
_FAIR = 256 - 256 % len(ALPHANUMERIC)  # bytes from here on would favour the first letters


class Randomness(Protocol):
    """A source of unpredictable bytes; tests pass a seeded one."""

    def bytes(self, count: int) -> bytes:
        """Return `count` bytes nobody can guess."""


class SystemRandomness:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


def random_alphanumeric(randomness: Randomness, length: int) -> str:
    """Draw `length` characters of a-z, A-Z, 0-9, each equally likely (5.95 bits a character)."""
    drawn = ""
    while len(drawn) < length:
        fair = (byte for byte in randomness.bytes(2 * length) if byte < _FAIR)
        drawn += "".join(ALPHANUMERIC[byte % len(ALPHANUMERIC)] for byte in fair)
    return drawn[:length]


def parse_uuid(text: str) -> UUID | None:
    """Return the id that a request names, or None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuid7(randomness: Randomness, now: datetime) -> UUID:
    """Make an id that sorts by time (RFC 9562, section 5.7): new rows land side by side on disk."""
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    chance = int.from_bytes(randomness.bytes(10), "big")
    low = chance & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (chance >> 68) << 64 | 0b10 << 62 | low)


def min_uuid7(moment: datetime) -> UUID:
    """Return the smallest id `uuid7` could make in this millisecond: a bound to search by."""
    return UUID(int=(int(moment.timestamp() * 1000) & (1 << 48) - 1) << 80)
