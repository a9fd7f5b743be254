"""The only source of random values."""

import secrets
import string
from datetime import datetime
from typing import Protocol
from uuid import UUID

ALPHANUMERIC = string.ascii_letters + string.digits
_UNBIASED_BELOW = 256 - 256 % len(ALPHANUMERIC)  # other bytes would favour the first letters


class Randomness(Protocol):
    """A source of unpredictable bytes; tests pass a seeded one."""

    def bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""


class SystemRandomness:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


def random_alphanumeric(randomness: Randomness, length: int) -> str:
    """Draw `length` characters of a-z, A-Z, 0-9, each equally likely (5.95 bits a character)."""
    drawn = ""
    while len(drawn) < length:
        unbiased = (byte for byte in randomness.bytes(2 * length) if byte < _UNBIASED_BELOW)
        drawn += "".join(ALPHANUMERIC[byte % len(ALPHANUMERIC)] for byte in unbiased)
    return drawn[:length]


def random_digits(randomness: Randomness, length: int) -> str:
    """Draw `length` decimal digits, each number equally likely."""
    space = 10**length
    while (drawn := int.from_bytes(randomness.bytes(8), "big")) >= 2**64 - 2**64 % space:
        pass  # the rest would favour small numbers
    return f"{drawn % space:0{length}}"


def parse_uuid(text: str) -> UUID | None:
    """Parse the id in a request; None if it is not a UUID."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuid7(randomness: Randomness, now: datetime) -> UUID:
    """Create an id that sorts by time (RFC 9562, section 5.7): new rows are stored together."""
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    bits = int.from_bytes(randomness.bytes(10), "big")
    low = bits & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (bits >> 68) << 64 | 0b10 << 62 | low)


def min_uuid7(timestamp: datetime) -> UUID:
    """Return the smallest id `uuid7` can create in this millisecond, as a bound for queries."""
    return UUID(int=(int(timestamp.timestamp() * 1000) & (1 << 48) - 1) << 80)
