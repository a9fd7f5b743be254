"""The findings summarized."""

from collections.abc import Sequence

from doctor.findings import Finding, Verdict


def count_verdicts(findings: Sequence[Finding]) -> dict[str, int]:
    """Count the findings of each verdict, zero counts included."""
    return {each.value: _count(findings, each) for each in Verdict}


def worst_verdict(findings: Sequence[Finding]) -> Verdict:
    """Return the worst verdict; skipped checks count only if all were skipped."""
    verdicts = {finding.verdict for finding in findings}
    order = (Verdict.FAIL, Verdict.WARN, Verdict.PASS, Verdict.SKIPPED)
    return next((each for each in order if each in verdicts), Verdict.SKIPPED)


def summarize(findings: Sequence[Finding]) -> str:
    """Return the verdict in a sentence or two."""
    failures, warnings = _count(findings, Verdict.FAIL), _count(findings, Verdict.WARN)
    skipped = _count(findings, Verdict.SKIPPED)
    if worst_verdict(findings) is Verdict.SKIPPED:
        return "Nothing could be checked."
    sentence = f"{_checks(failures)} failed" if failures else "No check failed"
    if warnings:
        sentence += f", {warnings} {'warning' if warnings == 1 else 'warnings'}"
    if not skipped:
        return f"{sentence}."
    return f"{sentence}. {_checks(skipped)} {'was' if skipped == 1 else 'were'} skipped."


def _count(findings: Sequence[Finding], verdict: Verdict) -> int:
    return sum(finding.verdict is verdict for finding in findings)


def _checks(count: int) -> str:
    return "1 check" if count == 1 else f"{count} checks"
