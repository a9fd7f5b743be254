"""Charts as SVG, drawn here: the page's policy lets no chart library run.

They are true to scale from zero. An image cannot show tooltips, so the highest and the latest value
stand in it, and below it the numbers themselves wait, folded, for who wants or needs them.
"""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from panel.markup import Html, text
from panel.words import common as words

_WIDTH, _HEIGHT = 400, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 394, 22, 152
_TICKS_APART = 72  # at least, so that their words do not touch
_STYLE = """
svg { font: 12px system-ui, sans-serif; --ink: #475066; --line: #d9dce6; --one: #4f46e5;
  --two: #d9482b; --strong: #171a26; }
@media (prefers-color-scheme: dark) { svg { --ink: #a3abc0; --line: #2c3346; --one: #8b8cf8;
  --two: #f58a6f; --strong: #eceef6; } }
text { fill: var(--ink); } .strong { fill: var(--strong); font-weight: 600; }
.grid { stroke: var(--line); } .base { stroke: var(--ink); }
.bar.one { fill: var(--one); } .bar.two { fill: var(--two); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.one { stroke: var(--one); } .line.two { stroke: var(--two); stroke-dasharray: 5 3; }
.dot.one { fill: var(--one); } .dot.two { fill: var(--two); }
"""


@dataclass(frozen=True)
class Series:
    """Values over time. `name` says what is counted, such as “Sign-ins”."""

    name: str
    values: Sequence[int]


@dataclass(frozen=True)
class Chart:
    """Up to two series that share their moments, which are said below and in the table."""

    title: str
    moments: Sequence[str]
    series: Sequence[Series]
    kind: Literal["bars", "lines"] = "bars"


def shown(chart: Chart) -> Html:
    """Return the chart with its legend, and its numbers as a table that unfolds."""
    kind = "one", "two"
    legend = "".join(
        f"<li class='{css}'>{text(each.name)} <b>{_told(chart, each)}</b></li>"
        for css, each in zip(kind, chart.series, strict=False)
    )
    picture = base64.b64encode(svg(chart).encode()).decode()
    image = (
        f"<img class='chart' width='{_WIDTH}' height='{_HEIGHT}' "
        f"alt='{escape(said(chart))}' src='data:image/svg+xml;base64,{picture}'>"
    )
    return (
        f"<section class='card chart-card'><h3>{text(chart.title)}</h3>"
        f"<ul class='legend'>{legend}</ul>{image}{_numbers(chart)}</section>"
    )


def svg(chart: Chart) -> str:
    """Return the picture alone."""
    top = scale_top(max((max(each.values, default=0) for each in chart.series), default=0))
    marks = _bars(chart, top) if chart.kind == "bars" else _lines(chart, top)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' "
        f"width='{_WIDTH}' height='{_HEIGHT}'><style>{_STYLE}</style>"
        f"{_grid(top)}{marks}{_peaks(chart, top)}{_axis(chart)}</svg>"
    )


def said(chart: Chart) -> str:
    """Return the chart in a sentence for each series, for who cannot see it."""
    told = []
    for each in chart.series:
        if not any(each.values):
            told.append(f"{each.name}: {words.NOTHING_TO_DRAW}")
            continue
        peak = max(range(len(each.values)), key=lambda at: each.values[at])
        told.append(
            words.chart_said(each.name, each.values[peak], chart.moments[peak], each.values[-1])
        )
    return f"{chart.title}. {' '.join(told)}"


def scale_top(largest: int) -> int:
    """Return where the scale ends: a round number with whole numbers at its thirds and half."""
    if largest <= 4:
        return 4
    step = 10.0 ** math.floor(math.log10(largest))
    return next(
        top
        for factor in (0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.6, 2, 3, 4, 6, 8, 10)
        if (top := math.ceil(step * factor / 4) * 4) >= largest
    )


def _told(chart: Chart, series: Series) -> str:
    """The figure beside a name: what bars add up to, where a line has got to."""
    bars = chart.kind == "bars"
    return f"{(sum(series.values) if bars else (series.values or [0])[-1]):,}"


def _y(value: float, top: int) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * value / top, 2)


def _grid(top: int) -> str:
    lines = []
    for quarter in range(5):
        value = top * quarter // 4
        y, css = _y(value, top), "grid" if quarter else "base"
        lines.append(f"<path class='{css}' d='M{_LEFT} {y}H{_RIGHT}'/>")
        lines.append(f"<text x='{_LEFT - 6}' y='{y + 4}' text-anchor='end'>{compact(value)}</text>")
    return "".join(lines)


def compact(value: int) -> str:
    """Return a number that fits beside an axis."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0") + letter
    return str(value)


def _bars(chart: Chart, top: int) -> str:
    slot = (_RIGHT - _LEFT) / max(len(chart.moments), 1)
    width = slot * 0.76 / max(len(chart.series), 1)
    return "".join(
        f"<rect class='bar {css}' x='{_LEFT + at * slot + slot * 0.12 + number * width:.2f}' "
        f"y='{_y(value, top)}' width='{width:.2f}' height='{_BOTTOM - _y(value, top):.2f}'/>"
        for number, (css, each) in enumerate(zip(("one", "two"), chart.series, strict=False))
        for at, value in enumerate(each.values)
        if value
    )


def _lines(chart: Chart, top: int) -> str:
    return "".join(
        f"<polyline class='line {css}' points='"
        + " ".join(f"{_x(chart, at):.1f},{_y(value, top)}" for at, value in enumerate(each.values))
        + "'/>"
        for css, each in zip(("one", "two"), chart.series, strict=False)
    )


def _x(chart: Chart, at: int) -> float:
    """The middle of a moment's place."""
    return _LEFT + (_RIGHT - _LEFT) * (at + 0.5) / max(len(chart.moments), 1)


def _peaks(chart: Chart, top: int) -> str:
    """The highest value of the first series, written above its mark."""
    first = chart.series[0].values if chart.series else ()
    if not any(first):
        x, y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
        return f"<text x='{x}' y='{y}' text-anchor='middle'>{words.NOTHING_TO_DRAW}</text>"
    at = max(range(len(first)), key=lambda place: first[place])
    y = _y(first[at], top)
    spot = f"cx='{_x(chart, at):.1f}' cy='{y}' r='3'"
    dot = "" if chart.kind == "bars" else f"<circle class='dot one' {spot}/>"
    x = min(max(_x(chart, at), _LEFT + 8), _RIGHT - 8)
    where = f"x='{x:.1f}' y='{y - 6}' text-anchor='middle'"
    return f"{dot}<text class='strong' {where}>{first[at]:,}</text>"


def _axis(chart: Chart) -> str:
    many = len(chart.moments)
    every = max(1, math.ceil(many * _TICKS_APART / (_RIGHT - _LEFT)))
    return "".join(
        f"<text x='{min(_x(chart, at), _RIGHT - 22):.1f}' y='{_BOTTOM + 18}' "
        f"text-anchor='middle'>{text(chart.moments[at])}</text>"
        for at in range(many - 1, -1, -every)
    )


def _numbers(chart: Chart) -> Html:
    head = "".join(f"<th scope='col'>{text(each.name)}</th>" for each in chart.series)
    rows = "".join(
        f"<tr><th scope='row'>{text(moment)}</th>"
        + "".join(f"<td class='number'>{each.values[at]:,}</td>" for each in chart.series)
        + "</tr>"
        for at, moment in enumerate(chart.moments)
    )
    return (
        f"<details><summary>{words.SHOW_NUMBERS}</summary><div class='scroll'>"
        f"<table class='numbers'><thead><tr><th scope='col'>{words.WHEN}</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )
