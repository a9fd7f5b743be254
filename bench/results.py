"""What was measured: runs of the load generator, and single figures. Kept as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from bench.server_names import OURS


@dataclass(frozen=True)
class LoadRun:
    """One run of the load generator on one server. Latencies in ms, `cpu` in us per request."""

    scenario: str
    server: str
    connections: int
    per_second: float
    p50: float
    p99: float
    longest: float
    cpu: float
    requests: int
    failed: int
    foreign: float
    """The share of the machine, from 0 to 1, that others took meanwhile."""


@dataclass
class BenchResults:
    """Everything of one `make bench`."""

    quick: bool = False
    about: dict[str, str] = field(default_factory=dict)
    runs: list[LoadRun] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    """Single figures by name, such as `memory/gatehouse`; units are in the report."""
    notes: list[str] = field(default_factory=list)

    def of(
        self, scenario: str, server: str = OURS, connections: int | None = None
    ) -> list[LoadRun]:
        """Return the rounds of a scenario on a server."""
        return [
            run
            for run in self.runs
            if run.scenario == scenario
            and run.server == server
            and connections in (None, run.connections)
        ]

    def median_run(
        self, scenario: str, server: str = OURS, connections: int | None = None
    ) -> LoadRun | None:
        """Return the median of the rounds, figure by figure; None if there was none."""
        rounds = self.of(scenario, server, connections)
        if not rounds:
            return None
        return LoadRun(
            scenario=scenario,
            server=server,
            connections=rounds[0].connections,
            per_second=median(run.per_second for run in rounds),
            p50=median(run.p50 for run in rounds),
            p99=median(run.p99 for run in rounds),
            longest=max(run.longest for run in rounds),
            cpu=median(run.cpu for run in rounds),
            requests=sum(run.requests for run in rounds),
            failed=sum(run.failed for run in rounds),
            foreign=median(run.foreign for run in rounds),
        )

    def median_runs(self) -> list[LoadRun]:
        """Return the median of each scenario, server and concurrency, in the order measured."""
        kinds = dict.fromkeys((run.scenario, run.server, run.connections) for run in self.runs)
        return [found for kind in kinds if (found := self.median_run(*kind))]

    def series(self, prefix: str) -> dict[float, float]:
        """Return the single figures whose names are this prefix and a number, by that number."""
        found = {
            float(name.removeprefix(prefix)): value
            for name, value in self.figures.items()
            if name.startswith(prefix)
        }
        return dict(sorted(found.items()))

    @property
    def foreign(self) -> float:
        """The share of the machine that others took, the median of all runs."""
        return median(run.foreign for run in self.runs) if self.runs else 0.0

    def write(self, file: Path) -> None:
        """Keep everything as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, file: Path) -> "BenchResults":
        """Return what `write` has kept."""
        document = json.loads(file.read_text())
        return cls(**{**document, "runs": [LoadRun(**run) for run in document["runs"]]})


def ratio(one: float | None, other: float | None) -> float | None:
    """Return how many times the other fits into the one; None where either was not measured."""
    return None if one is None or not other else one / other


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share (0 to 1) of all values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
