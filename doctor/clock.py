"""Time and chance: the doctor's only home of both."""

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
        """Return after so many seconds."""


class SystemBlockingClock:
    """This machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


def random_hex(letters: int) -> str:
    """Draw so many hexadecimal digits that nobody can guess."""
    return secrets.token_hex((letters + 1) // 2)[:letters]
