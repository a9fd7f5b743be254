"""What a terminal can display: its width, marks, colours, and a progress line."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from doctor.findings import Verdict

_MARKS = {Verdict.PASS: "✓", Verdict.WARN: "!", Verdict.FAIL: "✗", Verdict.SKIPPED: "○"}
_ASCII_MARKS = {Verdict.PASS: "+", Verdict.WARN: "!", Verdict.FAIL: "x", Verdict.SKIPPED: "-"}
_COLOURS = {Verdict.PASS: "32", Verdict.WARN: "33", Verdict.FAIL: "31", Verdict.SKIPPED: "2"}
_NARROWEST, _WIDEST = 60, 100


@dataclass(frozen=True)
class Style:
    """How to write text to a terminal or a file."""

    width: int = 80
    colours: bool = False
    unicode: bool = True

    @classmethod
    def of(cls, out: TextIO, environment: Mapping[str, str]) -> "Style":
        """Find out what `out` can display (colours: no-color.org)."""
        columns = shutil.get_terminal_size((80, 24)).columns
        wants_colours = out.isatty() and not environment.get("NO_COLOR")
        return cls(
            width=min(max(columns, _NARROWEST), _WIDEST),
            colours=wants_colours and _supports_colours(environment),
            unicode=_can_encode("✓✗○…", out),
        )

    def mark(self, verdict: Verdict) -> str:
        """Return the mark of a verdict."""
        mark = (_MARKS if self.unicode else _ASCII_MARKS)[verdict]
        return self._colour(_COLOURS[verdict], mark)

    def bold(self, text: str) -> str:
        """Return the text in bold."""
        return self._colour("1", text)

    def dim(self, text: str) -> str:
        """Return the text dimmed."""
        return self._colour("2", text)

    def truncate(self, text: str, width: int) -> str:
        """Return the text, cut to this width."""
        if len(text) <= width:
            return text
        end = "…" if self.unicode else "..."
        return text[: max(width - len(end), 0)] + end

    def _colour(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colours else text


class ProgressLine:
    """One line of progress, rewritten in place; writes nothing if `out` is not a terminal."""

    def __init__(self, out: TextIO, style: Style) -> None:
        self._out, self._style = out, style
        self._is_live = out.isatty()
        self._length = 0

    def update(self, text: str) -> None:
        """Show what is being done now."""
        if not self._is_live:
            return
        line = self._style.truncate(f"  {' '.join(text.split())} ...", self._style.width - 1)
        self._write(f"\r{line}{' ' * (self._length - len(line))}")
        self._length = len(line)

    def clear(self) -> None:
        """Erase the line, before something else is written."""
        if self._length:
            self._write(f"\r{' ' * self._length}\r")
            self._length = 0

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _supports_colours(environment: Mapping[str, str]) -> bool:
    if environment.get("TERM") == "dumb":
        return False
    return os.name != "nt" or "WT_SESSION" in environment  # the older console shows the codes


def _can_encode(text: str, out: TextIO) -> bool:
    try:
        text.encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
