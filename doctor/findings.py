"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended. A warning is worth reading and breaks nothing; a skipped check has not
    been made, and its evidence says why."""

    PASS = "pass"  # noqa: S105  a word, not a password
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class CheckResult:
    """What a check returns: the verdict, what was seen, and how to mend it."""

    verdict: Verdict
    evidence: str
    fix: str = ""


@dataclass(frozen=True)
class Finding:
    """One check's outcome, with its name."""

    check: str
    """A short stable name, such as `headers.hsts`."""
    title: str
    """What holds where the check passes."""
    verdict: Verdict
    evidence: str
    """What was seen. Never a secret."""
    fix: str
    """How to mend it; empty where nothing is to be mended."""
    seconds: float


class CheckSkipped(Exception):
    """Raised by a check that cannot be made here; the message says why."""


def passed(evidence: str) -> CheckResult:
    """All is well."""
    return CheckResult(Verdict.PASS, evidence)


def warned(evidence: str, fix: str) -> CheckResult:
    """It works, and somebody should know."""
    return CheckResult(Verdict.WARN, evidence, fix)


def failed(evidence: str, fix: str) -> CheckResult:
    """It is broken."""
    return CheckResult(Verdict.FAIL, evidence, fix)
