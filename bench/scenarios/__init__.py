"""What is measured, one module each; `ALL` has them in their order, by the name for --only."""

from collections.abc import Callable

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

ALL: dict[str, Callable[[Stage], None]] = {
    "resources": resources.measure,
    "misses": misses.measure,
    "check": check.measure,
    "database": database.measure,
    "passwords": passwords.measure,
    "storm": storm.measure,
    "replicas": replicas.measure,
    "cached": cached.measure,
    "growth": growth.measure,
    "instructions": counted.measure,
}
