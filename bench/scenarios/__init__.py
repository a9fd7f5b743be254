"""What is measured, one module each; `ALL` has them in their order, by the name for --only."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.rig.harness import Harness
from bench.scenarios import (
    cached,
    check,
    database,
    growth,
    instruction_counts,
    misses,
    passwords,
    replicas,
    resources,
    storm,
)


@dataclass(frozen=True)
class Scenario:
    """One part of a run, and the seconds it may take in a full one before it saves rounds."""

    measure: Callable[[Harness], None]
    seconds: float


ALL = {
    "resources": Scenario(resources.measure, 40),
    "misses": Scenario(misses.measure, 100),
    "check": Scenario(check.measure, 400),
    "database": Scenario(database.measure, 280),
    "passwords": Scenario(passwords.measure, 190),
    "storm": Scenario(storm.measure, 260),
    "replicas": Scenario(replicas.measure, 200),
    "cached": Scenario(cached.measure, 80),
    "growth": Scenario(growth.measure, 130),
    "instructions": Scenario(instruction_counts.measure, 30),
}
"""Together less than the thirty minutes of a run, with what it takes to begin and to end."""
