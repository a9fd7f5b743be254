"""The doctor's findings as a table, the worst first."""

from collections.abc import Iterable

import pandas as pd
from pandas.io.formats.style import Styler

from doctor import Finding, Verdict
from notebooks.masking import masked
from notebooks.style import table

_SHADES = {
    Verdict.FAIL: "bad",
    Verdict.WARN: "care",
    Verdict.SKIPPED: "left out",
    Verdict.PASS: "good",
}


def findings_table(findings: Iterable[Finding], *verdicts: Verdict) -> Styler:
    """Return the findings with these verdicts: what holds where a check passes, what was seen."""
    rows = [
        {
            "check": each.check,
            "verdict": each.verdict,
            "what holds where it passes": each.title,
            "seen": masked(each.evidence),
            "to mend it": masked(each.fix),
        }
        for verdict in verdicts
        for each in findings
        if each.verdict is verdict
    ]
    told = pd.DataFrame(rows)
    if not rows:
        return table(pd.DataFrame({"": ["none"]}))
    if not told["to mend it"].any():
        told = told.drop(columns="to mend it")
    return table(told, lambda cell: _SHADES[cell] if isinstance(cell, Verdict) else "")
