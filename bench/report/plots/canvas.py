"""What all pictures share: their size, their colours, and bars that carry their values."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from bench.server_names import LIMITS, OURS, is_ours

# 8 inches make 1,200 pixels, which a page 800 pixels wide shows with letters of its own size.
_WIDTH, _PIXELS = 8.0, 150
_BAR, _FRAME = 0.42, 0.75  # inches: the height of a row, and of title and margins
STRONG, SOFT, THEIRS, LIMIT, INK = "#3b4cc0", "#8f9be0", "#9aa0a8", "#d5d8dc", "#22262b"
STYLE: Any = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titlepad": 8,
    "figure.titlesize": 13,
    "figure.titleweight": "bold",
    "text.color": INK,
    "axes.labelcolor": INK,
    "figure.dpi": _PIXELS,
    "savefig.dpi": _PIXELS,
}


def canvas(
    title: str, rows: int, widths: Sequence[float] = (1,), frame: float = _FRAME
) -> tuple[Figure, list[Any]]:
    """Return a picture with panels side by side, each with room for so many rows."""
    figure = Figure(figsize=(_WIDTH, _BAR * rows + frame), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left")
    panels = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    return figure, list(panels)


def bars(
    axes: Any,
    names: Sequence[str],
    values: Sequence[float],
    colours: Sequence[str] | str = STRONG,
    unit: str = "",
) -> None:
    """Draw bars from the top downwards, each with its value at its end."""
    drawn = axes.barh(names, values, color=colours, height=0.7)
    axes.bar_label(drawn, [f"{format_label(value)} {unit}".strip() for value in values], padding=4)
    axes.invert_yaxis()
    axes.margins(x=0)
    axes.set_xlim(0, max(values) * 1.02)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False)


def colour(server: str) -> str:
    """Return the colour of a server: ours as it is shipped stands out."""
    if server == OURS:
        return STRONG
    return SOFT if is_ours(server) else LIMIT if server in LIMITS else THEIRS


def format_label(value: float) -> str:
    """Return a figure with the digits that matter."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def format_count(number: float) -> str:
    """Return a round number as people say it, as in `5 M`."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g} {letter}"
    return f"{number:g}"
