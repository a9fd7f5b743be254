"""The results as pictures: each answers one question, and names its servers where they are."""

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.plots import check, growth, replicas, storm
from bench.plots.canvas import STYLE
from bench.results import Results

PLOTS: Mapping[str, Callable[[Results], Figure | None]] = {
    "check.png": check.rates,
    "storm.png": storm.storm,
    "latency.png": check.latency,
    "revocation.png": replicas.revocation,
    "growth.png": growth.rows,
    "cached.png": growth.cached,
}


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw what was measured into PNG files; returns those that there are figures for.

    A picture of an earlier run for which this one has no figures is removed: it would lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with mpl.rc_context(STYLE):
        for name, drawn in PLOTS.items():
            file = folder / name
            if (figure := drawn(results)) is None:
                file.unlink(missing_ok=True)
            else:
                figure.savefig(file)
                written.append(file)
    return written
