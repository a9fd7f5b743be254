"""What is measured, one module each; `ALL` has them in their order, by the name for --only."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.scenarios import (
    cached,
    check,
    counted,
    database,
    growth,
    misses,
    passwords,
    replicas,
    resources,
    storm,
)
from bench.stage import Stage


@dataclass(frozen=True)
class Part:
    """One part of a run, and the seconds it may take in a full one before it saves rounds."""

    measure: Callable[[Stage], None]
    seconds: float


ALL = {
    "resources": Part(resources.measure, 40),
    "misses": Part(misses.measure, 100),
    "check": Part(check.measure, 400),
    "database": Part(database.measure, 280),
    "passwords": Part(passwords.measure, 190),
    "storm": Part(storm.measure, 260),
    "replicas": Part(replicas.measure, 200),
    "cached": Part(cached.measure, 80),
    "growth": Part(growth.measure, 130),
    "instructions": Part(counted.measure, 30),
}
"""Together less than the thirty minutes of a run, with what it takes to begin and to end."""
