"""The results of checks."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended. What a warning reports breaks nothing; the evidence of a skipped check
    says why it was skipped."""

    PASS = "pass"  # noqa: S105  a word, not a password
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class CheckResult:
    """What a check returns: the verdict, what was seen, and how to fix it."""

    verdict: Verdict
    evidence: str
    fix: str = ""


@dataclass(frozen=True)
class Finding:
    """The result of a check, with its name."""

    check: str
    """A short stable name, such as `headers.hsts`."""
    title: str
    """What is true if the check passes."""
    verdict: Verdict
    evidence: str
    """What was seen. Never a secret."""
    fix: str
    """How to fix it; empty where nothing has to be fixed."""
    seconds: float


class CheckSkipped(Exception):
    """Raised by a check that cannot run here; the message says why."""


def passed(evidence: str) -> CheckResult:
    """Return a passed result."""
    return CheckResult(Verdict.PASS, evidence)


def warned(evidence: str, fix: str) -> CheckResult:
    """Return a warning: it works, but somebody should know."""
    return CheckResult(Verdict.WARN, evidence, fix)


def failed(evidence: str, fix: str) -> CheckResult:
    """Return a failure."""
    return CheckResult(Verdict.FAIL, evidence, fix)


def to_printable(text: str) -> str:
    """Return the text as one line without control characters: a server may have sent it."""
    line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)
