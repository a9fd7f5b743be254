"""Clocks and randomness under the control of a test."""

import hashlib
import itertools
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class FixedClock:
    """Stands still until it is moved; both its hands move together."""

    def __init__(self, now: datetime = NOON) -> None:
        self._start = self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def advance(self, **duration: float) -> None:
        """Move on, or back, by `days`, `hours`, `minutes`, `seconds` or `microseconds`."""
        self._now += timedelta(**duration)


class SeededRandomness:
    """The same bytes in every run: a hash of the seed and a count."""

    def __init__(self, seed: str = "seed") -> None:
        self._seed = seed
        self._counter = itertools.count()

    def bytes(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += hashlib.sha256(f"{self._seed} {next(self._counter)}".encode()).digest()
        return data[:count]


class FixedRandomness:
    """Returns the same bytes over and over."""

    def __init__(self, value: bytes) -> None:
        self._bytes = itertools.cycle(value)

    def bytes(self, count: int) -> bytes:
        return bytes(itertools.islice(self._bytes, count))
