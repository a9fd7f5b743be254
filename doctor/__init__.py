"""Is a deployment right? Checks from the outside, each with its evidence and how to mend it."""

from doctor.deployment import Admin, Deployment
from doctor.examine import examine
from doctor.findings import Finding, Verdict

__all__ = ["Admin", "Deployment", "Finding", "Verdict", "examine"]
