"""Progress output of imports and exports."""

from collections.abc import Iterable
from typing import TextIO

_WIDTH = 40  # characters


class ProgressBar:
    """A progress bar on a terminal; silent elsewhere."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = max(total, 1)
        self._percent = -1
        self._on = stream.isatty()

    def show(self, part: int) -> None:
        """Draw the bar, once per percent."""
        percent = min(100, 100 * part // self._total)
        if not self._on or percent == self._percent:
            return
        self._percent = percent
        full = "#" * (_WIDTH * percent // 100)
        self._stream.write(f"\r[{full:<{_WIDTH}}] {percent:3} %")
        self._stream.flush()

    def clear(self) -> None:
        """Erase the bar before other output."""
        if self._on and self._percent >= 0:
            self._percent = -1
            self._stream.write("\r" + " " * (_WIDTH + 10) + "\r")
            self._stream.flush()


class Ranges:
    """Line numbers, stored and printed as ranges."""

    def __init__(self) -> None:
        self._ranges: list[list[int]] = []
        self.count = 0

    def add(self, numbers: Iterable[int]) -> None:
        """Add numbers in ascending order."""
        for number in numbers:
            self.count += 1
            if self._ranges and self._ranges[-1][1] == number - 1:
                self._ranges[-1][1] = number
            else:
                self._ranges.append([number, number])

    def __str__(self) -> str:
        ranges = [f"{a}" if a == b else f"{a}-{b}" for a, b in self._ranges[:20]]
        more = len(self._ranges) - len(ranges)
        return ", ".join(ranges) + (f" and {more} more places" if more else "")
