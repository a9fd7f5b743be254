"""The style of tables and plots."""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib_inline.backend_inline import set_matplotlib_formats
from pandas.io.formats.style import Styler

INK, QUIET, LINE = "#1f2430", "#7b818c", "#d9dce1"
BLUE, ORANGE = "#2f6db3", "#d2691e"
GOOD, CARE, BAD, LEFT_OUT = "#2a9d74", "#e0a526", "#c4432f", "#b9bdc6"
SHADES = {"good": "#dff3ea", "care": "#fbefcf", "bad": "#f8dcd6", "left out": "#eceef1"}

_STYLE: dict[Any, Any] = {
    "font.size": 10.5,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlepad": 14,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
}


def apply_style() -> None:
    """Apply the style to all plots and tables of this notebook."""
    plt.rcParams.update(_STYLE)
    set_matplotlib_formats("retina")
    pd.set_option("display.max_rows", 200, "display.max_colwidth", None)


def style_table(rows: pd.DataFrame, shade: Callable[[Any], str] | None = None) -> Styler:
    """Return a styled table; `shade` names a key of SHADES for a cell, or nothing."""
    styled = (
        rows.reset_index(drop=True)
        .style.hide(axis="index")
        .set_table_styles(
            [
                {
                    "selector": "th",
                    "props": f"text-align: left; color: {QUIET}; font-weight: normal",
                },
                {
                    "selector": "td",
                    "props": "text-align: left; vertical-align: top; max-width: 34em",
                },
            ]
        )
    )
    styled.set_properties(**{"white-space": "pre-wrap"})
    if shade is None:
        return styled

    def css(value: Any) -> str:
        colour = SHADES.get(shade(value), "")
        return f"background-color: {colour}; color: {INK}" if colour else ""

    return styled.map(css)


def label(axes: Axes, x: float, y: float, text: str, colour: str = INK, **options: Any) -> None:
    """Write a label beside a mark, in place of a legend."""
    arguments = {"xytext": (6, 0), "va": "center", "color": colour, **options}
    axes.annotate(text, (x, y), textcoords="offset points", **arguments)


def milliseconds(value: float) -> str:
    """Format a time: 0.8 ms, 12 ms, 1.3 s."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"
