"""The findings as one JSON document, for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from doctor.deployment import Deployment
from doctor.findings import Finding
from doctor.report.summary import count, overall

SCHEMA = 1
"""Rises when a field goes or changes its meaning; a new field alone does not raise it."""


@dataclass(frozen=True)
class Examined:
    """An examination that is over."""

    deployment: Deployment
    started_at: datetime
    seconds: float
    findings: Sequence[Finding]


def as_json(examined: Examined) -> str:
    """Write the document; its fields are described in docs/doctor.md."""
    findings = [asdict(each) for each in examined.findings]
    document = {
        "schema": SCHEMA,
        "url": examined.deployment.url,
        "frontend": examined.deployment.frontend,
        "startedAt": examined.started_at.isoformat(timespec="milliseconds"),
        "seconds": round(examined.seconds, 3),
        "verdict": overall(examined.findings).value,
        "counts": count(examined.findings),
        "findings": [each | {"seconds": round(each["seconds"], 3)} for each in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=True)
