"""The doctor's findings as a table, the worst first."""

from collections.abc import Iterable

import pandas as pd
from pandas.io.formats.style import Styler

from doctor import Finding, Verdict
from notebooks.helpers.masking import masked
from notebooks.helpers.style import style_table

_SHADES = {
    Verdict.FAIL: "bad",
    Verdict.WARN: "care",
    Verdict.SKIPPED: "left out",
    Verdict.PASS: "good",
}


def findings_table(findings: Iterable[Finding], *verdicts: Verdict) -> Styler:
    """Return the findings with these verdicts, with evidence and fix."""
    rows = [
        {
            "check": each.check,
            "verdict": each.verdict,
            "title": each.title,
            "evidence": masked(each.evidence),
            "fix": masked(each.fix),
        }
        for verdict in verdicts
        for each in findings
        if each.verdict is verdict
    ]
    if not rows:
        return style_table(pd.DataFrame({"": ["none"]}))
    frame = pd.DataFrame(rows)
    if not frame["fix"].any():
        frame = frame.drop(columns="fix")
    return style_table(frame, lambda cell: _SHADES[cell] if isinstance(cell, Verdict) else "")
