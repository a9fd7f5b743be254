"""Some of the doctor's checks, made on a deployment."""

from typing import Any

from doctor import Admin, Deployment, Finding, Verdict, examine
from doctor.client.secret_text import SecretText
from doctor.selection import select_checks

ADMIN, PASSWORD = "owner@example.com", "the owner's own long one"
WITH_ADMIN = {"ADMIN_EMAIL": ADMIN, "ADMIN_PASSWORD": PASSWORD}
QUICK = {"RATE_LIMITS": "off"}


def run_checks(url: str, *names: str, admin: bool = False, **options: Any) -> dict[str, Finding]:
    """Make these checks and those they need; the throw-away account must be gone at the end."""
    admin_account = Admin(ADMIN, SecretText(PASSWORD)) if admin else None
    deployment = Deployment(url, admin=admin_account, **options)
    findings = {
        each.check: each for each in examine(deployment, checks=select_checks(deployment, names))
    }
    last = findings["account.deleted"]
    assert last.verdict in {Verdict.PASS, Verdict.SKIPPED}, last.evidence
    return findings


def outcome_of(finding: Finding) -> tuple[str, str]:
    """The verdict, and what was seen."""
    return finding.verdict.value, finding.evidence
