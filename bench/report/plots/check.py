"""The session check: how many a second, and how long one takes with more and more callers."""

from typing import Any

from matplotlib.figure import Figure

from bench.report.plots.canvas import STRONG, THEIRS, bars, canvas, colour, format_label
from bench.results import BenchResults, LoadRun
from bench.server_names import BETTER_AUTH, OURS, display_name


def plot_rates(results: BenchResults) -> Figure | None:
    """Draw the session checks a second of each server, the fastest on top."""
    runs = [
        run for run in results.median_runs() if run.scenario == "check" and run.connections == 32
    ]
    if not runs:
        return None
    runs.sort(key=lambda run: -run.per_second)
    figure, (axes,) = canvas("Session checks a second, 32 callers", len(runs))
    names, values = [display_name(run.server) for run in runs], [run.per_second for run in runs]
    bars(axes, names, values, [colour(run.server) for run in runs])
    return figure


def plot_latency(results: BenchResults) -> Figure | None:
    """Draw the time of a session check by callers at once, ours beside Better Auth's."""
    lines = {
        server: sorted(
            (
                run
                for run in results.median_runs()
                if (run.scenario, run.server) == ("check", server)
            ),
            key=lambda run: run.connections,
        )
        for server in (BETTER_AUTH, OURS)
    }
    callers = [run.connections for run in lines[OURS]]
    if len(callers) < 2:
        return None
    figure, (axes,) = canvas("How long a session check takes: line p50, band up to p99", 9)
    for runs in lines.values():
        if runs:
            _band(axes, runs)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(callers, [f"{number}" for number in callers])
    axes.set_xlabel("callers at once")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g} ms")
    axes.minorticks_off()
    axes.margins(x=0.14, y=0.12)
    return figure


def _band(axes: Any, runs: list[LoadRun]) -> None:
    ours = runs[0].server == OURS
    tone = STRONG if ours else THEIRS
    callers = [run.connections for run in runs]
    p50, p99 = [run.p50 for run in runs], [run.p99 for run in runs]
    axes.fill_between(callers, p50, p99, color=tone, alpha=0.2, linewidth=0)
    axes.plot(callers, p50, "o-", color=tone)
    for number, low, high in zip(callers, p50, p99, strict=True):
        _note(axes, format_label(low), (number, low), (9, -6), "left")
        _note(axes, format_label(high), (number, high), (0, 4), "center")
    middle = (callers[-1], (p50[-1] * p99[-1]) ** 0.5)
    axes.annotate(
        display_name(runs[0].server),
        middle,
        (8, 0),
        textcoords="offset points",
        va="center",
        color=tone,
    )


def _note(axes: Any, text: str, at: tuple[float, float], away: tuple[int, int], side: str) -> None:
    axes.annotate(text, at, away, textcoords="offset points", ha=side, fontsize=9)
