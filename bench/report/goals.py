"""The performance goals as data: how each is computed, and its threshold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench.results import BenchResults, ratio
from bench.server_names import BETTER_AUTH, BETTER_AUTH_CACHED, OURS, STARLETTE

_Figure = Callable[[BenchResults], float | None]

BUSY = 0.10
"""The share of the machine taken by others above which a missed goal says little."""


@dataclass(frozen=True)
class Goal:
    """One goal. `compute` returns None where the figures for it are missing."""

    sentence: str
    compute: _Figure
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"

    def met(self, measured: float) -> bool:
        """Tell whether this value reaches the goal."""
        if self.at_least is not None:
            return measured >= self.at_least
        return self.at_most is not None and measured <= self.at_most

    @property
    def threshold(self) -> str:
        if self.at_least is not None:
            return f"≥ {_format(self.at_least, self.unit)}"
        return f"≤ {_format(self.at_most or 0, self.unit)}"


@dataclass(frozen=True)
class GoalOutcome:
    """A goal and the measured value; None if it was not measured."""

    goal: Goal
    measured: float | None

    @property
    def met(self) -> bool | None:
        return None if self.measured is None else self.goal.met(self.measured)

    @property
    def formatted(self) -> str:
        return "-" if self.measured is None else _format(self.measured, self.goal.unit)

    @property
    def word(self) -> str:
        return {True: "met", False: "missed", None: "not measured"}[self.met]


def evaluate_goals(results: BenchResults) -> list[GoalOutcome]:
    """Evaluate every goal."""
    return [GoalOutcome(goal, goal.compute(results)) for goal in GOALS]


def report_goals(results: BenchResults, *, strictly: bool) -> int:
    """Print the missed goals; returns 1 for a strict run with a goal missed or unmeasured."""
    wrong = [each for each in evaluate_goals(results) if each.met is not True]
    missed = [each for each in wrong if each.met is False]
    for each in missed:
        print(f"missed: {each.goal.sentence}: {each.formatted}, goal {each.goal.threshold}")
    if missed and results.foreign > BUSY:
        print(
            f"Other programs took {results.foreign:.0%} of this machine meanwhile. Rates and"
            " latencies are worse for it, ratios uncertain. Run it again when it is quiet."
        )
    return 1 if strictly and wrong else 0


def _run(field_name: str, scenario: str, server: str, connections: int | None = None) -> _Figure:
    def figure(results: BenchResults) -> float | None:
        run = results.median_run(scenario, server, connections)
        return None if run is None else float(getattr(run, field_name))

    return figure


_rate, _p50, _p99, _cpu = (
    partial(_run, field_name) for field_name in ("per_second", "p50", "p99", "cpu")
)


def _quotient(one: _Figure, other: _Figure) -> _Figure:
    return lambda results: ratio(one(results), other(results))


def _figure(name: str) -> _Figure:
    return lambda results: results.figures.get(name)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _format(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 20 else 2
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {unit}".strip()


_ours_32 = _rate("check", OURS, 32)
_stormy = _rate("check, in the storm", OURS)
_both_1, _both_2 = (_rate("check, both replicas", f"replica-{number}") for number in (1, 2))
_GROWTH = ("growth/miss p50 ms/5000000", "growth/miss p50 ms/1000")

GOALS: Sequence[Goal] = (
    Goal(
        "the session check beside Better Auth, 32 connections",
        _quotient(_ours_32, _rate("check", BETTER_AUTH, 32)),
        at_least=20,
    ),
    Goal(
        "... beside Better Auth with its cookie cache",
        _quotient(_ours_32, _rate("check", BETTER_AUTH_CACHED, 32)),
        at_least=12,
    ),
    Goal(
        "... beside a bare Starlette route with the same body",
        _quotient(_ours_32, _rate("check", STARLETTE, 32)),
        at_least=0.75,
    ),
    Goal(
        "its p99 relative to Better Auth's p50",
        _quotient(_p99("check", OURS, 32), _p50("check", BETTER_AUTH, 32)),
        at_most=0.25,
    ),
    Goal(
        "revoked sessions that were rejected at once during that run",
        _quotient(_figure("check/refused at once"), _figure("check/revoked")),
        at_least=1,
        unit="of 1",
    ),
    Goal(
        "the first check of a session beside Better Auth's check",
        _quotient(_rate("miss", OURS), _rate("miss", BETTER_AUTH)),
        at_least=2.5,
    ),
    *(
        Goal(
            f"{endpoint} beside Better Auth",
            _quotient(_rate(endpoint, OURS), _rate(endpoint, BETTER_AUTH)),
            at_least=2,
        )
        for endpoint in ("sign-out", "list-sessions", "update-user")
    ),
    Goal(
        "sign-ins relative to the maximum rate of bcrypt",
        _quotient(_rate("sign-in", OURS), _figure("bcrypt/per second")),
        at_least=0.9,
    ),
    Goal(
        "session check rate during the sign-in storm, relative to before",
        _quotient(_stormy, _rate("check, before the storm", OURS)),
        at_least=0.6,
    ),
    Goal(
        "its p99 during the sign-in storm", _p99("check, in the storm", OURS), at_most=8, unit="ms"
    ),
    Goal(
        "a sign-in with a provider beyond the provider's own time, p95",
        _figure("provider/beyond its own time, p95 ms"),
        at_most=30,
        unit="ms",
    ),
    Goal(
        "forged cookies beside valid ones",
        _quotient(_rate("check, forged", OURS), _rate("check, valid", OURS)),
        at_least=0.9,
    ),
    Goal(
        "session queries during a flood of forged cookies",
        _figure("flood/sessions looked for"),
        at_most=0,
        unit="",
    ),
    Goal("memory of the API alone", _figure("memory/gatehouse-api-alone"), at_most=120, unit="MB"),
    Goal("memory with the panel", _figure("memory/gatehouse"), at_most=350, unit="MB"),
    Goal(
        "start to first response, with the panel",
        _figure("start/gatehouse, again"),
        at_most=2,
        unit="s",
    ),
    Goal(
        "checks of two replicas beside one, each with its own processor",
        _quotient(
            lambda results: _sum(_both_1(results), _both_2(results)),
            _rate("check, one replica", "replica-1"),
        ),
        at_least=1.7,
    ),
    Goal(
        "CPU of a check with two replicas beside one",
        _quotient(
            _cpu("check, both replicas", "replica-1"), _cpu("check, one replica", "replica-1")
        ),
        at_most=1.15,
    ),
    Goal(
        "sessions revoked on one replica that the other rejects",
        _quotient(_figure("revocation/refused"), _figure("revocation/sessions")),
        at_least=1,
        unit="of 1",
    ),
    Goal("delay of that, p99", _figure("revocation/p99 ms"), at_most=50, unit="ms"),
    Goal(
        "the first check with 5,000,000 session rows beside 1,000, p50",
        _quotient(_figure(_GROWTH[0]), _figure(_GROWTH[1])),
        at_most=2,
    ),
    *(
        Goal(
            f"instructions of a {check} beside the committed baseline",
            _figure(f"instructions/{kind} beside baseline"),
            at_most=1.05,
        )
        for kind, check in (("valid", "session check"), ("forged", "check with a forged cookie"))
    ),
)
