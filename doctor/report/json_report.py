"""The findings as one JSON document, for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from doctor.deployment import Deployment
from doctor.findings import Finding
from doctor.report.summary import count_verdicts, worst_verdict

SCHEMA = 1
"""Raised when a field is removed or changes its meaning, not for a new field."""


@dataclass(frozen=True)
class Report:
    """A finished run."""

    deployment: Deployment
    started_at: datetime
    seconds: float
    findings: Sequence[Finding]


def render_json(report: Report) -> str:
    """Return the JSON document; docs/doctor.md describes its fields."""
    findings = [asdict(each) for each in report.findings]
    document = {
        "schema": SCHEMA,
        "url": report.deployment.url,
        "frontend": report.deployment.frontend,
        "startedAt": report.started_at.isoformat(timespec="milliseconds"),
        "seconds": round(report.seconds, 3),
        "verdict": worst_verdict(report.findings).value,
        "counts": count_verdicts(report.findings),
        "findings": [each | {"seconds": round(each["seconds"], 3)} for each in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=True)
