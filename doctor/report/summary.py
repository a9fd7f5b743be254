"""What all findings say together."""

from collections.abc import Sequence

from doctor.findings import Finding, Verdict


def count_verdicts(findings: Sequence[Finding]) -> dict[str, int]:
    """Count the findings of each verdict, those of none included."""
    return {each.value: _count(findings, each) for each in Verdict}


def worst_verdict(findings: Sequence[Finding]) -> Verdict:
    """Return the worst verdict; what was not made says nothing, unless nothing was made."""
    found = {finding.verdict for finding in findings}
    order = (Verdict.FAIL, Verdict.WARN, Verdict.PASS, Verdict.SKIPPED)
    return next((each for each in order if each in found), Verdict.SKIPPED)


def summarize(findings: Sequence[Finding]) -> str:
    """Say the verdict as a person would."""
    broken, odd = _count(findings, Verdict.FAIL), _count(findings, Verdict.WARN)
    skipped = _count(findings, Verdict.SKIPPED)
    if worst_verdict(findings) is Verdict.SKIPPED:
        return "Nothing could be checked."
    look = f"{odd} {'is' if odd == 1 else 'are'} worth a look" if odd else ""
    if broken:
        said = f"{_things(broken)} broken" + (f", {look}." if look else ".")
    else:
        said = f"Right, and {_things(odd)} worth a look." if odd else "Right."
    if not skipped:
        return said
    return f"{said} {skipped} {'check was' if skipped == 1 else 'checks were'} not made."


def _count(findings: Sequence[Finding], verdict: Verdict) -> int:
    return sum(finding.verdict is verdict for finding in findings)


def _things(number: int) -> str:
    return "1 thing is" if number == 1 else f"{number} things are"
