"""Charts as SVG, drawn here: the Content-Security-Policy lets no chart library run.

The scale starts at zero. An image has no tooltips, so the highest and the latest value are written
into it, and a table below, closed at first, has all numbers.
"""

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from panel.ui import words
from panel.ui.markup import Markup, format_rows

_WIDTH, _HEIGHT = 400, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 394, 22, 152
_TICK_DISTANCE = 72  # at least, so that labels do not overlap
_STYLE = Markup("""
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
""")


@dataclass(frozen=True)
class Series:
    """Values over time. `name` says what is counted, such as “Sign-ins”."""

    name: str
    values: Sequence[int]


@dataclass(frozen=True)
class Chart:
    """One or two series that share their labels, which name the points in time."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: Literal["bars", "lines"] = "bars"


def render(chart: Chart) -> Markup:
    """Return the chart with its legend and the table of its numbers."""
    legend = format_rows(
        Markup("<li class='{}'>{} <b>{}</b></li>"),
        ((css, each.name, _latest_value(chart, each)) for css, each in _with_styles(chart)),
    )
    picture = base64.b64encode(svg(chart).encode()).decode()
    image = Markup(
        "<img class='chart' width='{}' height='{}' alt='{}' src='data:image/svg+xml;base64,{}'>"
    ).format(_WIDTH, _HEIGHT, alt_text(chart), picture)
    return Markup(
        "<section class='card chart-card'><h3>{}</h3><ul class='legend'>{}</ul>{}{}</section>"
    ).format(chart.title, legend, image, _numbers(chart))


def svg(chart: Chart) -> Markup:
    """Return the SVG alone."""
    top = scale_top(max((max(each.values, default=0) for each in chart.series), default=0))
    marks = _bars(chart, top) if chart.kind == "bars" else _lines(chart, top)
    return Markup(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
        "width='{width}' height='{height}'><style>{style}</style>{grid}{marks}{peaks}{axis}</svg>"
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        style=_STYLE,
        grid=_grid(top),
        marks=marks,
        peaks=_peaks(chart, top),
        axis=_axis(chart),
    )


def alt_text(chart: Chart) -> str:
    """Describe the chart for screen readers, a sentence for each series."""
    sentences = []
    for each in chart.series:
        if not any(each.values):
            sentences.append(f"{each.name}: {words.NOTHING_TO_DRAW}")
            continue
        peak = each.values.index(max(each.values))
        sentences.append(
            words.CHART_ALT.format(
                each.name, each.values[peak], chart.labels[peak], each.values[-1]
            )
        )
    return f"{chart.title}. {' '.join(sentences)}"


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


def _with_styles(chart: Chart) -> Iterator[tuple[str, Series]]:
    """Yield each series after the CSS class that gives it its colour."""
    return zip(("one", "two"), chart.series, strict=False)


def _latest_value(chart: Chart, series: Series) -> str:
    """Return the number in the legend: the sum of bars, the last value of a line."""
    bars = chart.kind == "bars"
    return f"{(sum(series.values) if bars else (series.values or [0])[-1]):,}"


def _y(value: float, top: int) -> float:
    return round(_BOTTOM - (_BOTTOM - _TOP) * value / top, 2)


def _grid(top: int) -> Markup:
    lines = []
    for quarter in range(5):
        value = top * quarter // 4
        y, css = _y(value, top), "grid" if quarter else "base"
        lines.append((css, _LEFT, y, _RIGHT, _LEFT - 6, y + 4, compact(value)))
    line = Markup("<path class='{}' d='M{} {}H{}'/><text x='{}' y='{}' text-anchor='end'>{}</text>")
    return format_rows(line, lines)


def compact(value: int) -> str:
    """Return a number that fits beside an axis."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0") + letter
    return str(value)


def _bars(chart: Chart, top: int) -> Markup:
    slot = (_RIGHT - _LEFT) / max(len(chart.labels), 1)
    width = slot * 0.76 / max(len(chart.series), 1)
    bars = (
        (css, _LEFT + at * slot + slot * 0.12 + number * width, _y(value, top), width)
        for number, (css, each) in enumerate(_with_styles(chart))
        for at, value in enumerate(each.values)
        if value
    )
    bar = Markup("<rect class='bar {}' x='{:.2f}' y='{}' width='{:.2f}' height='{:.2f}'/>")
    return format_rows(bar, ((*each, _BOTTOM - each[2]) for each in bars))


def _lines(chart: Chart, top: int) -> Markup:
    lines = (
        (css, " ".join(f"{_x(chart, at):.1f},{_y(it, top)}" for at, it in enumerate(each.values)))
        for css, each in _with_styles(chart)
    )
    return format_rows(Markup("<polyline class='line {}' points='{}'/>"), lines)


def _x(chart: Chart, at: int) -> float:
    """Return the middle of a point's slot."""
    return _LEFT + (_RIGHT - _LEFT) * (at + 0.5) / max(len(chart.labels), 1)


def _peaks(chart: Chart, top: int) -> Markup:
    """Return the highest value of the first series, written above its mark."""
    first = chart.series[0].values if chart.series else ()
    if not any(first):
        return Markup("<text x='{}' y='{}' text-anchor='middle'>{}</text>").format(
            (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2, words.NOTHING_TO_DRAW
        )
    at = first.index(max(first))
    y, dot = _y(first[at], top), Markup()
    if chart.kind == "lines":
        dot = Markup("<circle class='dot one' cx='{:.1f}' cy='{}' r='3'/>").format(_x(chart, at), y)
    x = min(max(_x(chart, at), _LEFT + 8), _RIGHT - 8)
    return dot + Markup(
        "<text class='strong' x='{:.1f}' y='{}' text-anchor='middle'>{:,}</text>"
    ).format(x, y - 6, first[at])


def _axis(chart: Chart) -> Markup:
    count = len(chart.labels)
    step = max(1, math.ceil(count * _TICK_DISTANCE / (_RIGHT - _LEFT)))
    return format_rows(
        Markup("<text x='{:.1f}' y='{}' text-anchor='middle'>{}</text>"),
        (
            (min(_x(chart, at), _RIGHT - 22), _BOTTOM + 18, chart.labels[at])
            for at in range(count - 1, -1, -step)
        ),
    )


def _numbers(chart: Chart) -> Markup:
    head = format_rows(Markup("<th scope='col'>{}</th>"), ((each.name,) for each in chart.series))
    number = Markup("<td class='number'>{:,}</td>")
    rows = format_rows(
        Markup("<tr><th scope='row'>{}</th>{}</tr>"),
        (
            (label, format_rows(number, ((each.values[at],) for each in chart.series)))
            for at, label in enumerate(chart.labels)
        ),
    )
    return Markup(
        "<details><summary>{}</summary><div class='scroll'>"
        "<table class='numbers'><thead><tr><th scope='col'>{}</th>{}</tr></thead>"
        "<tbody>{}</tbody></table></div></details>"
    ).format(words.SHOW_NUMBERS, words.WHEN, head, rows)
