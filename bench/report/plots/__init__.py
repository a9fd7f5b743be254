"""The results as pictures: each answers one question, and names its servers where they are."""

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.report.plots import check, growth, replicas, storm
from bench.report.plots.canvas import STYLE
from bench.results import BenchResults

PLOTS: Mapping[str, Callable[[BenchResults], Figure | None]] = {
    "check.png": check.plot_rates,
    "storm.png": storm.plot_storm,
    "latency.png": check.plot_latency,
    "revocation.png": replicas.plot_revocation,
    "growth.png": growth.plot_rows,
    "cached.png": growth.plot_cached,
}


def draw(results: BenchResults, folder: Path) -> list[Path]:
    """Draw what was measured into PNG files; returns those that there are figures for.

    A picture of an earlier run for which this one has no figures is removed: it would lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with mpl.rc_context(STYLE):
        for name, plot in PLOTS.items():
            file = folder / name
            if (figure := plot(results)) is None:
                file.unlink(missing_ok=True)
            else:
                figure.savefig(file)
                written.append(file)
    return written
