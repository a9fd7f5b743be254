"""The results as pictures: each answers one question, and names its servers where they are."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.results import OURS, Results, Run

_OURS, _THEIRS, _LIMIT, _TEXT = "#3b4cc0", "#9aa0a8", "#d5d8dc", "#22262b"
_LIMITS = ("bare-starlette", "raw-asgi")
_NAMES = {
    "gatehouse": "Gatehouse",
    "gatehouse-nice-0": "Gatehouse, HASH_NICE=0",
    "gatehouse-1-thread": "Gatehouse, HASH_THREADS=1",
    "better-auth": "Better Auth",
    "better-auth-cookie-cache": "Better Auth, cookie cache",
    "bare-starlette": "a bare Starlette route",
    "raw-asgi": "a raw ASGI application",
}
_STYLE: Any = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "text.color": _TEXT,
    "figure.dpi": 150,
}


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw what was measured into PNG files; returns those that there are figures for."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE):
        made = {
            "check.png": _rates(results),
            "storm.png": _storm(results),
            "growth.png": _growth(results),
        }
    written = []
    for name, figure in made.items():
        if figure is not None:
            figure.savefig(folder / name, bbox_inches="tight")
            written.append(folder / name)
    return written


def _rates(results: Results) -> Figure | None:
    runs = [run for run in results.middles() if run.scenario == "check" and run.connections == 32]
    if not runs:
        return None
    runs.sort(key=lambda run: run.per_second)
    figure, axes = _canvas(0.5 * len(runs) + 1.2)
    bars = axes.barh(_names(runs), [run.per_second for run in runs], color=_colours(runs))
    axes.bar_label(bars, [f"{run.per_second:,.0f}" for run in runs], padding=4)
    axes.set_title("Session checks a second, 32 connections")
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False)
    return figure


def _storm(results: Results) -> Figure | None:
    stormy = [run for run in results.middles() if run.scenario == "check, in the storm"]
    if not stormy:
        return None
    stormy.sort(key=lambda run: -run.p99)
    figure, axes = _canvas(0.62 * len(stormy) + 1.4)
    for row, run in enumerate(stormy):
        colour = _OURS if run.server == OURS else _THEIRS
        axes.plot([run.p50, run.p99], [row, row], color=colour, linewidth=5, alpha=0.4)
        axes.plot([run.p50], [row], "o", color=colour)
        axes.plot([run.p99], [row], "|", color=colour, markersize=14, markeredgewidth=3)
        signed_in = results.figures.get(f"storm/sign-ins per second/{run.server}", 0)
        told = f"{run.per_second:,.0f} checks/s, {signed_in:.1f} sign-ins/s"
        axes.annotate(
            told, (run.p50, row), (0, 9), textcoords="offset points", fontsize=9, va="bottom"
        )
    axes.set_yticks(range(len(stormy)), _names(stormy))
    axes.set_ylim(-0.5, len(stormy) - 0.2)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("milliseconds for a session check: dot p50, bar p99")
    axes.set_title("Session checks while 32 callers sign in")
    return figure


def _growth(results: Results) -> Figure | None:
    rows = _series(results, "growth/miss p50 ms/")
    gone = _series(results, "growth/sign-out p50 ms/")
    hits = _series(results, "cached/ns a hit/")
    panels = [
        (title, lines, unit)
        for title, lines, unit in (
            ("p50 by session rows", [(rows, "first check"), (gone, "sign-out")], "ms"),
            ("A hit by cached sessions", [(hits, "found in memory")], "ns"),
        )
        if lines[0][0]
    ]
    if not panels:
        return None
    figure = Figure(figsize=(5 * len(panels), 3.6))
    for axes, (title, lines, unit) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        for series, label in lines:
            _line(axes, series, label, unit)
        axes.set_title(title)
    figure.tight_layout()
    return figure


def _line(axes: Any, series: list[tuple[float, float]], label: str, unit: str) -> None:
    counts, values = zip(*series, strict=True)
    colour = _THEIRS if label == "sign-out" else _OURS
    axes.plot(counts, values, "o-", color=colour)
    for count, value in series:
        digits = 0 if value >= 100 else 1
        axes.annotate(
            f"{value:,.{digits}f} {unit}",
            (count, value),
            (0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axes.annotate(label, (counts[0], values[0]), (0, -16), textcoords="offset points", color=colour)
    axes.set_xscale("log")
    axes.set_ylim(0, max(axes.get_ylim()[1], max(values) * 1.35))
    axes.set_xticks(counts, [_short(count) for count in counts])
    axes.minorticks_off()
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)


def _series(results: Results, prefix: str) -> list[tuple[float, float]]:
    found = results.figures.items()
    return sorted(
        (float(name.removeprefix(prefix)), value)
        for name, value in found
        if name.startswith(prefix)
    )


def _canvas(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(8, height))
    return figure, figure.subplots()


def _names(runs: list[Run]) -> list[str]:
    return [_NAMES.get(run.server, run.server) for run in runs]


def _colours(runs: list[Run]) -> list[str]:
    return [
        _OURS if run.server == OURS else _LIMIT if run.server in _LIMITS else _THEIRS
        for run in runs
    ]


def _short(count: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:g} {letter}"
    return f"{count:g}"
