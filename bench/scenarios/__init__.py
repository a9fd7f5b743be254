"""The scenarios, one module each; `ALL` lists them in order, by their name for --only."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.rig.harness import Harness
from bench.scenarios import (
    cache_misses,
    cache_size,
    database,
    database_size,
    instruction_counts,
    passwords,
    provider_sign_in,
    replicas,
    resources,
    session_check,
    sign_in_storm,
)


@dataclass(frozen=True)
class Scenario:
    """A scenario, and the seconds it may take in a full run before it skips rounds."""

    measure: Callable[[Harness], None]
    seconds: float


ALL = {
    "resources": Scenario(resources.measure, 40),
    "cache-misses": Scenario(cache_misses.measure, 100),
    "session-check": Scenario(session_check.measure, 400),
    "database": Scenario(database.measure, 280),
    "passwords": Scenario(passwords.measure, 190),
    "sign-in-storm": Scenario(sign_in_storm.measure, 260),
    "provider-sign-in": Scenario(provider_sign_in.measure, 30),
    "replicas": Scenario(replicas.measure, 200),
    "cache-size": Scenario(cache_size.measure, 80),
    "database-size": Scenario(database_size.measure, 130),
    "instructions": Scenario(instruction_counts.measure, 30),
}
"""Together less than thirty minutes, with the start and the end of a run."""
