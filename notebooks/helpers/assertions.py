"""The assertions of a notebook: collected as it runs, reported and checked at the end."""

import pandas as pd
from pandas.io.formats.style import Styler

from notebooks.helpers.style import style_table

_HOLDS, _FAILS = "holds", "does not hold"
_SHADES = {_HOLDS: "good", _FAILS: "bad"}


class Assertions:
    """A list of assertions: what is expected, whether it holds, and what was found instead."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, bool, str]] = []

    def add(self, statement: str, holds: bool, found: str = "") -> None:
        """Record what must hold; the notebook continues either way."""
        self._rows.append((statement, bool(holds), found))

    def require(self, statement: str, holds: bool) -> None:
        """Record an assertion the rest depends on; raises AssertionError at once if it fails."""
        self.add(statement, holds)
        if not holds:
            raise AssertionError(f"Does not hold: {statement}")

    def table(self) -> Styler:
        """Return all assertions as a table."""
        rows = [
            (_HOLDS if holds else _FAILS, statement, found)
            for statement, holds, found in self._rows
        ]
        frame = pd.DataFrame(rows, columns=["result", "expected", "found"])
        if not frame["found"].any():
            frame = frame.drop(columns="found")
        return style_table(frame, lambda cell: _SHADES.get(cell, ""))

    def raise_if_failed(self) -> None:
        """Raise AssertionError with every assertion that does not hold."""
        broken = [(statement, found) for statement, holds, found in self._rows if not holds]
        if broken:
            count = f"{len(broken)} of {len(self._rows)} assertions"
            reasons = "; ".join(f"{each} ({found})" if found else each for each, found in broken)
            raise AssertionError(f"{count} failed. Does not hold: {reasons}")
