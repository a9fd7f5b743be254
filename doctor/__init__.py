"""Checks a deployment from outside; each check has its evidence and a fix."""

from doctor.deployment import Admin, Deployment
from doctor.examine import examine
from doctor.findings import Finding, Verdict

__all__ = ["Admin", "Deployment", "Finding", "Verdict", "examine"]
