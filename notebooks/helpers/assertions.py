"""The assertions of a notebook: collected as it runs, reported and checked at the end."""

import pandas as pd
from pandas.io.formats.style import Styler

from notebooks.helpers.style import style_table


class Assertions:
    """A list of assertions, each with whether it holds."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, bool]] = []

    def add(self, statement: str, holds: bool) -> None:
        """Record an assertion; the notebook continues either way."""
        self._rows.append((statement, bool(holds)))

    def require(self, statement: str, holds: bool) -> None:
        """Record an assertion the rest depends on; raises AssertionError at once if it fails."""
        self.add(statement, holds)
        if not holds:
            raise AssertionError(f"Does not hold: {statement}")

    def table(self) -> Styler:
        """Return all assertions as a table."""
        rows = [
            (statement, "holds" if holds else "does not hold") for statement, holds in self._rows
        ]
        shades = {"holds": "good", "does not hold": "bad"}
        return style_table(
            pd.DataFrame(rows, columns=["assertion", "result"]), lambda v: shades.get(v, "")
        )

    def raise_if_failed(self) -> None:
        """Raise AssertionError with every assertion that does not hold."""
        broken = [statement for statement, holds in self._rows if not holds]
        if broken:
            raise AssertionError("Does not hold: " + "; ".join(broken))
