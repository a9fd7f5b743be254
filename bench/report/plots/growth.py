"""Does size slow it down? By rows of sessions in the database, and by sessions in memory."""

from matplotlib.figure import Figure

from bench.report.plots.canvas import STRONG, bars, canvas, format_count
from bench.results import BenchResults


def plot_rows(results: BenchResults) -> Figure | None:
    """Draw the first check of a session and a sign-out by session rows."""
    return _side_by_side(
        results,
        "Median time by sessions in the database",
        {
            "growth/miss p50 ms/": ("first check of a session", "ms"),
            "growth/sign-out p50 ms/": ("sign-out", "ms"),
        },
    )


def plot_cached(results: BenchResults) -> Figure | None:
    """Draw what a cached session weighs, and how long finding one takes, by their number."""
    return _side_by_side(
        results,
        "What a session in memory weighs, and how long finding it takes",
        {
            "cached/bytes each/": ("bytes each", ""),
            "cached/ns a hit by cookie/": ("found by its cookie", "ns"),
            "cached/ns a hit/": ("found by its digest", "ns"),
        },
    )


def _side_by_side(
    results: BenchResults, title: str, panels: dict[str, tuple[str, str]]
) -> Figure | None:
    measured = {prefix: series for prefix in panels if len(series := results.series(prefix)) > 1}
    if not measured:
        return None
    most = max(len(series) for series in measured.values())
    figure, drawn = canvas(title, most, [1] * len(measured), frame=1.0)
    for axes, (prefix, series) in zip(drawn, measured.items(), strict=True):
        label, unit = panels[prefix]
        bars(axes, [format_count(number) for number in series], list(series.values()), STRONG, unit)
        axes.set_title(label)
    return figure
