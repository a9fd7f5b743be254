"""`python -m bench.page [results.json]`: put the figures of a run into docs/performance.md.

What stands between the two markers is written anew, with the pictures beside it; the prose around
them is by hand.
"""

import sys
from pathlib import Path

from bench.report.markdown import FOLDER, describe_run
from bench.report.plots import draw
from bench.report.tables import format_figure, format_table, goals_table, sections
from bench.results import BenchResults
from bench.rig.prepare import ROOT
from bench.server_names import BETTER_AUTH, OURS

PAGE = ROOT / "docs" / "performance.md"
FIGURES = "figures"

# The picture's file: its words for those who do not see it, and what to read off it.
_FIRST = "check.png"
_PICTURES = {
    _FIRST: ("Session checks a second by server", ""),
    "storm.png": (
        "Latency and rate of session checks, and sign-ins, while 32 callers sign in",
        "Better Auth checks its cookie in the same pool of threads in which 32 passwords are being"
        " hashed, and waits behind them.",
    ),
    "latency.png": ("Latency of a session check by callers at once", ""),
    "revocation.png": ("Time until another replica refuses an ended session", ""),
    "growth.png": ("Time of a first check and of a sign-out by session rows", ""),
    "cached.png": ("Bytes and nanoseconds of a cached session by their number", ""),
}


def main() -> None:
    """Write the page from the results that are named, or from the last run's."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "results.json"
    if not file.is_file():
        sys.exit(f"{file} is not there: `make bench` makes it, or name another.")
    update_page(PAGE, BenchResults.read(file))
    print(f"Wrote {PAGE} and its pictures: look at them, then at what the prose says of them.")


def update_page(page: Path, results: BenchResults) -> None:
    """Write the figures into a page, and the pictures into the folder of its name.

    Raises ValueError where the page does not have both markers, and leaves it as it was.
    """
    _split(page, FIGURES)
    drawn = draw(results, page.with_suffix(""))
    replace_section(page, FIGURES, render_figures(results, drawn))


def replace_section(page: Path, name: str, text: str) -> None:
    """Write anew what stands between the two markers of this name; raises ValueError without."""
    before, after = _split(page, name)
    page.write_text(f"{before}\n\n{text}\n\n{after}")


def markers(name: str) -> tuple[str, str]:
    """Return what stands before and after the text of this name."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def _split(page: Path, name: str) -> tuple[str, str]:
    """Return the page up to the first marker, and from the second on, both with their marker."""
    begin, end = markers(name)
    before, found, rest = page.read_text().partition(begin)
    _, found_too, after = rest.partition(end)
    if not (found and found_too):
        raise ValueError(f"{page} lacks {begin} or {end}")
    return before + begin, end + after


def render_figures(results: BenchResults, drawn: list[Path]) -> str:
    """Return all that stands between the markers."""
    pictures = {file.name: _picture(file) for file in drawn}
    first = pictures.pop(_FIRST, "")
    folded = (
        f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"
        for title, text in sections(results)
    )
    parts = [
        describe_run(results),
        first,
        render_headline(results),
        *pictures.values(),
        "### Goals",
        goals_table(results),
        "### All figures",
        *folded,
    ]
    return "\n\n".join(part for part in parts if part)


def render_headline(results: BenchResults) -> str:
    """Return the five figures that matter, beside Better Auth's where it has one."""
    measured = results.figures
    few, many = (measured.get(f"growth/miss p50 ms/{rows}") for rows in (1_000, 5_000_000))
    rows = (
        (
            "session checks a second, 32 callers",
            *(_rate(results, server) for server in (OURS, BETTER_AUTH)),
        ),
        (
            "99 of 100 session checks take at most, while 32 callers sign in",
            *(_storm_p99(results, server) for server in (OURS, BETTER_AUTH)),
        ),
        (
            "99 of 100 ended sessions are refused by another replica within",
            _format_with_unit(measured.get("revocation/p99 ms"), "ms"),
            "",
        ),
        (
            "first check of a session among 5,000,000, median of 32 callers"
            f" (among 1,000: {_format_with_unit(few, 'ms')})",
            _format_with_unit(many, "ms"),
            "",
        ),
        (
            "memory when idle; ours with its panel",
            *(
                _format_with_unit(measured.get(f"memory/{server}"), "MB")
                for server in (OURS, BETTER_AUTH)
            ),
        ),
    )
    return format_table((" ", "Gatehouse", "Better Auth"), (row for row in rows if row[1]))


def _rate(results: BenchResults, server: str) -> str:
    run = results.median_run("check", server, 32)
    return format_figure(run.per_second) if run else ""


def _storm_p99(results: BenchResults, server: str) -> str:
    run = results.median_run("check, in the storm", server)
    return _format_with_unit(run.p99, "ms") if run else ""


def _format_with_unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{format_figure(value)} {unit}"


def _picture(file: Path) -> str:
    alt, measured = _PICTURES[file.name]
    picture = f"![{alt}]({file.parent.name}/{file.name})"
    return f"{picture}\n\n{measured}" if measured else picture


if __name__ == "__main__":
    main()
