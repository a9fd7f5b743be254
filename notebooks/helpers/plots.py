"""The plots of the notebooks, one function each."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from notebooks.helpers.style import (
    BAD,
    BLUE,
    CARE,
    GOOD,
    INK,
    LEFT_OUT,
    LINE,
    ORANGE,
    QUIET,
    label,
    milliseconds,
)

_VERDICTS = {
    "fail": (BAD, "failed"),
    "warn": (CARE, "warning"),
    "pass": (GOOD, "passed"),
    "skipped": (LEFT_OUT, "skipped"),
}
_ON_WHITE = {"facecolor": "white", "linewidth": 0, "pad": 1}
_MS = FuncFormatter(lambda ms, _: f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s")


def _mark_times(axis: Axis) -> None:
    """Write 1, 2 and 5 of each power of ten on a logarithmic axis of milliseconds."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(_MS)


def draw_verdicts(checks: Sequence[str], verdicts: Sequence[str]) -> None:
    """Draw a tile for each check, in a row for each group (the name before the dot)."""
    groups: dict[str, list[str]] = {}
    for check, verdict in zip(checks, verdicts, strict=True):
        groups.setdefault(check.partition(".")[0], []).append(verdict)
    half = -(-len(groups) // 2)  # two columns: there are many small groups
    _, axes = plt.subplots(figsize=(9, 0.36 * half + 0.9), layout="constrained")
    right = 8 + max(map(len, groups.values()))
    for number, (group, results) in enumerate(groups.items()):
        x, y = right * (number // half), number % half
        axes.text(x - 0.6, y, group, ha="right", va="center")
        for verdict in results:
            corner, shape = (x - 0.36, y - 0.36), "round,pad=0,rounding_size=0.14"
            tile = FancyBboxPatch(corner, 0.72, 0.72, boxstyle=shape, color=_VERDICTS[verdict][0])
            axes.add_patch(tile)
            x += 1
    axes.set(xlim=(-6, 2 * right - 6), ylim=(half - 0.4, -2.0))
    axes.set_aspect("equal", anchor="W")
    axes.axis("off")
    _count_verdicts(axes, verdicts)


def _count_verdicts(axes: Axes, verdicts: Sequence[str]) -> None:
    x = 0.0
    for verdict, (colour, words) in _VERDICTS.items():
        count = list(verdicts).count(verdict)
        if count:
            text = f"{count} {words}{'s' if verdict == 'warn' and count > 1 else ''}"
            axes.text(x - 0.4, -1.5, text, color=colour, weight="bold", size=12, va="center")
            x += 2 + 0.52 * len(text)


def draw_probes(probes: pd.DataFrame) -> None:
    """Draw the milliseconds of each request in the order they were sent, a panel for each path."""
    paths = list(dict.fromkeys(probes["path"]))
    _, panels = plt.subplots(
        1, len(paths), figsize=(3.2 * len(paths), 3.1), sharey=True, layout="constrained"
    )
    for axes, path in zip(np.atleast_1d(panels), paths, strict=True):
        took = probes.loc[probes["path"] == path, "ms"].to_numpy()
        first, warm = took[0], took[1:]
        p50, p95 = np.percentile(warm, [50, 95])
        axes.scatter(range(2, len(took) + 1), warm, s=16, color=BLUE, alpha=0.55, linewidth=0)
        axes.scatter([1], [first], s=34, color=ORANGE, zorder=3)
        label(axes, 1, first, f"first {milliseconds(first)}", ORANGE, bbox=_ON_WHITE)
        axes.axhline(p50, color=INK, linewidth=1)
        axes.axhline(p95, color=INK, linewidth=1, linestyle=(0, (2, 2)))
        text = f"─  p50 {milliseconds(p50)}\n┄  p95 {milliseconds(p95)}"
        axes.text(0.98, 0.97, text, transform=axes.transAxes, ha="right", va="top", color=QUIET)
        axes.set(title=path, xlabel="request", yscale="log")
        _mark_times(axes.yaxis)
    lowest, highest = probes["ms"].min(), probes["ms"].max()
    np.atleast_1d(panels)[0].set_ylim(lowest / 1.6, highest * 5)


def draw_rate_limit(calls: pd.DataFrame, path: str) -> None:
    """Draw each call at its time; a rejected one as high as the seconds it must wait."""
    _, axes = plt.subplots(figsize=(8.5, 3.2), layout="constrained")
    passed, refused = calls[calls["status"] == 200], calls[calls["status"] == 429]
    axes.scatter(refused["at"], refused["wait"], s=30, color=ORANGE, zorder=3)
    axes.scatter(passed["at"], passed["wait"], s=34, color=GOOD, zorder=3, clip_on=False)
    opened = passed[passed["at"] > refused["at"].max()]
    label(axes, 0, 0, f"{len(passed) - len(opened)} calls accepted", GOOD, xytext=(-4, 13))
    for _, first in refused.head(1).iterrows():
        text = f"429, Retry-After: {first['wait']:.0f} s"
        label(axes, first["at"], first["wait"], text, ORANGE, xytext=(-4, 13))
    for _, again in opened.head(1).iterrows():
        label(axes, again["at"], 0, "accepted again", GOOD, xytext=(9, 7))
    axes.set(title=f"Rate limit of one user's calls to {path}", xlabel="seconds")
    axes.set_ylabel("Retry-After, seconds")
    axes.set_ylim(0, max(1, calls["wait"].max()) * 1.18)
    axes.set_xlim(right=calls["at"].max() * 1.15)


def draw_distribution(answers: pd.DataFrame) -> None:
    """Draw how long answers took, a row for each path, with the percentiles written on it."""
    paths = list(dict.fromkeys(answers["path"]))
    _, panels = plt.subplots(
        len(paths), 1, figsize=(8.5, 1.9 * len(paths) + 0.4), sharex=True, layout="constrained"
    )
    low, high = answers["ms"].quantile(0.001), answers["ms"].max()
    bins = np.geomspace(low / 1.2, high * 1.2, 70)
    for axes, path, colour in zip(np.atleast_1d(panels), paths, (BLUE, ORANGE), strict=False):
        took = answers.loc[answers["path"] == path, "ms"]
        counts, _, _ = axes.hist(took, bins=bins, color=colour, alpha=0.75)
        for percent, height in ((50, 1.18), (95, 0.86), (99, 0.54)):
            at = float(np.percentile(took, percent))
            axes.plot([at, at], [0, counts.max() * height], color=INK, linewidth=1)
            label(axes, at, counts.max() * height, f"p{percent}  {milliseconds(at)}")
        axes.set(title=f"{path}, {len(took):,} responses", xscale="log", yticks=[])
        axes.grid(visible=False)
    _mark_times(np.atleast_1d(panels)[-1].xaxis)


def draw_growth(numbers: pd.DataFrame) -> None:
    """Draw what more callers at once do to the time of an answer, and to answers a second."""
    _, (times, rates) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    highest, most = numbers.loc[
        numbers["at_once"] == numbers["at_once"].max(), ["p50", "a second"]
    ].max()
    for (path, rows), colour in zip(
        numbers.groupby("path", sort=False), (BLUE, ORANGE), strict=False
    ):
        x, last = rows["at_once"], rows.iloc[-1]
        times.fill_between(x, rows["p50"], rows["p95"], color=colour, alpha=0.15, linewidth=0)
        times.plot(x, rows["p50"], color=colour, marker="o", markersize=4)
        text = f"{path.rpartition('/')[2]}\n{milliseconds(last['p50'])}"
        beside = {"xytext": (8, 13 if last["p50"] == highest else -13)}
        label(times, last["at_once"], last["p50"], text, colour, **beside)
        rates.plot(x, rows["a second"], color=colour, marker="o", markersize=4)
        beside["xytext"] = (8, 7 if last["a second"] == most else -7)
        label(
            rates, last["at_once"], last["a second"], f"{last['a second']:,.0f}", colour, **beside
        )
    times.set(title="Response time: line p50, band up to p95", yscale="log")
    _mark_times(times.yaxis)
    rates.set(title="Responses a second, all callers together", ylim=(0, None))
    for axes in (times, rates):
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted(set(numbers["at_once"])), labels=sorted(set(numbers["at_once"])))
        axes.set_xlabel("concurrent callers")
        axes.margins(x=0.2)


def draw_sessions(sessions: pd.DataFrame, now: pd.Timestamp) -> None:
    """Draw each session as a line from its beginning to its end, newest on top, around now."""
    rows = sessions.sort_values("created_at", ascending=False).reset_index(drop=True)
    _, axes = plt.subplots(figsize=(8.5, 0.26 * len(rows) + 1.3), layout="constrained")
    days = pd.Timedelta(days=1)
    for y, row in rows.iterrows():
        begins, ends = (row["created_at"] - now) / days, (row["expires_at"] - now) / days
        colour = GOOD if ends > 0 else LEFT_OUT
        axes.plot([begins, ends], [y, y], color=colour, linewidth=4)
        text = f"ends in {ends:.1f} days" if ends > 0 else f"ended {-ends:.1f} days ago"
        label(axes, ends, float(str(y)), text, QUIET)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set(title="Sessions, from start to expiry", yticks=[], xlabel="days from now")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False)
    axes.margins(x=0.18)
    axes.spines["bottom"].set_color(LINE)
