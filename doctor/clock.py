"""Time and randomness, which the doctor takes from here only."""

import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class BlockingClock(Protocol):
    """Tells the time, and waits."""

    def now(self) -> datetime:
        """Return the wall clock as an aware UTC datetime."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def wait(self, seconds: float) -> None:
        """Sleep for so many seconds."""


class SystemBlockingClock:
    """This machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def random_hex(digits: int) -> str:
    """Return so many unguessable hexadecimal digits."""
    return secrets.token_hex((digits + 1) // 2)[:digits]
