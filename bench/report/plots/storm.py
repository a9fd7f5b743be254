"""The storm: what session checks suffer while passwords are hashed, and how many sign in."""

from typing import Any

from matplotlib.figure import Figure

from bench.report.plots.canvas import bars, canvas, colour, format_label
from bench.results import BenchResults, LoadRun
from bench.server_names import OURS, display_name


def plot_storm(results: BenchResults) -> Figure | None:
    """Draw latency and rate of the checks and the rate of the sign-ins, the quickest on top."""
    runs = [run for run in results.median_runs() if run.scenario == "check, in the storm"]
    if not runs:
        return None
    runs.sort(key=lambda run: run.p99)
    title = "Session checks of 8 callers while 32 others sign in"
    figure, (times, checks, sign_ins) = canvas(title, len(runs), (2.4, 1, 1), frame=1.5)
    _times(times, runs)
    tones, nameless = [colour(run.server) for run in runs], [str(row) for row in range(len(runs))]
    bars(checks, nameless, [run.per_second for run in runs], tones)
    checks.set_title("checks a second")
    signed_in = [
        results.figures.get(f"storm/sign-ins per second/{run.server}", 0.0) for run in runs
    ]
    bars(sign_ins, nameless, signed_in, tones)
    sign_ins.set_title("sign-ins a second")
    for axes in (checks, sign_ins):
        axes.yaxis.set_visible(False)
        axes.sharey(times)
    return figure


def _times(axes: Any, runs: list[LoadRun]) -> None:
    for row, run in enumerate(runs):
        tone = colour(run.server)
        axes.plot([run.p50, run.p99], [row, row], color=tone, linewidth=5, alpha=0.4)
        axes.plot([run.p50], [row], "o", color=tone)
        axes.plot([run.p99], [row], "|", color=tone, markersize=12, markeredgewidth=3)
        axes.annotate(
            f"{format_label(run.p99)} ms",
            (run.p99, row),
            (8, 0) if run.p99 < 100 else (-9, 6),
            textcoords="offset points",
            fontsize=9,
            va="center" if run.p99 < 100 else "bottom",
            ha="left" if run.p99 < 100 else "right",
        )
    axes.set_yticks(range(len(runs)), [_name(run) for run in runs])
    axes.set_ylim(len(runs) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.minorticks_off()
    axes.tick_params(left=False)
    axes.set_title("milliseconds: dot p50, bar p99")


def _name(run: LoadRun) -> str:
    return f"{display_name(OURS)}, HASH_NICE=19" if run.server == OURS else display_name(run.server)
