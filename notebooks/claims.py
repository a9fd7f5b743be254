"""What a notebook claims, collected on the way and judged at the end."""

import pandas as pd
from pandas.io.formats.style import Styler

from notebooks.looks import table


class Claims:
    """A list of claims, each with whether it holds."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, bool]] = []

    def add(self, claim: str, holds: bool) -> None:
        """Note a claim; the notebook goes on either way."""
        self._rows.append((claim, bool(holds)))

    def need(self, claim: str, holds: bool) -> None:
        """Note a claim without which the rest says nothing: raises AssertionError at once."""
        self.add(claim, holds)
        if not holds:
            raise AssertionError(f"Does not hold: {claim}")

    def table(self) -> Styler:
        """Return all claims, to look at."""
        rows = [(claim, "holds" if holds else "does not hold") for claim, holds in self._rows]
        shades = {"holds": "good", "does not hold": "bad"}
        return table(pd.DataFrame(rows, columns=["claim", "seen"]), lambda v: shades.get(v, ""))

    def judge(self) -> None:
        """Raise AssertionError with every claim that does not hold."""
        broken = [claim for claim, holds in self._rows if not holds]
        if broken:
            raise AssertionError("Does not hold: " + "; ".join(broken))
