"""How soon a session that is ended on one replica is refused by the other."""

from matplotlib.figure import Figure

from bench.report.plots.canvas import bars, canvas
from bench.results import BenchResults

_SHARES = {"p50": "half of them", "p99": "99 of 100", "max": "the slowest"}


def plot_revocation(results: BenchResults) -> Figure | None:
    """Draw the time until the other replica refuses it."""
    figures = {
        name: results.figures.get(f"revocation/{share} ms") for share, name in _SHARES.items()
    }
    values = {name: value for name, value in figures.items() if value is not None}
    if not values:
        return None
    sessions = results.figures.get("revocation/sessions", 0)
    title = f"{sessions:,.0f} sessions ended on one replica: refused by the other within"
    figure, (axes,) = canvas(title, len(values))
    bars(axes, list(values), list(values.values()), unit="ms")
    return figure
