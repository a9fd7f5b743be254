"""The results for people: a table of everything, the goals, and the plots."""

from pathlib import Path

from bench.goals import BUSY, verdicts
from bench.plots import draw
from bench.results import OURS, Results, Run, ratio

FOLDER = Path(__file__).parent / "results"


def publish(results: Results) -> None:
    """Write JSON, tables and plots into bench/results, and print the tables."""
    results.write(FOLDER / "results.json")
    text = as_markdown(results)
    (FOLDER / "results.md").write_text(text)
    draw(results, FOLDER)
    print(f"\n{text}\nEverything is in {FOLDER}", flush=True)


def as_markdown(results: Results) -> str:
    """Return all tables."""
    parts = [_about(results), goals_table(results), runs_table(results), figures_table(results)]
    if results.notes:
        parts.append("\n".join(f"- {note}" for note in results.notes))
    return "\n\n".join(parts) + "\n"


def goals_table(results: Results) -> str:
    """Return the goals: what was set out, what came."""
    lines = ["| goal | threshold | measured | |", "|---|---|---|---|"]
    lines += [
        f"| {each.goal.sentence} | {each.goal.threshold} | {each.shown} | {each.word} |"
        for each in verdicts(results)
    ]
    return "\n".join(lines)


def runs_table(results: Results) -> str:
    """Return a row for each scenario, server and concurrency: medians of the rounds."""
    lines = [
        "| scenario | server | conn. | req/s | p50 ms | p99 ms | CPU us | failed | Gatehouse is |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [_row(results, run) for run in results.middles()]
    return "\n".join(lines)


def figures_table(results: Results) -> str:
    """Return the single figures."""
    lines = ["| figure | value |", "|---|--:|"]
    lines += [
        f"| {name.replace('/', ', ')} | {value:,.{_digits(value)}f} |"
        for name, value in results.figures.items()
    ]
    return "\n".join(lines)


def _about(results: Results) -> str:
    about = results.about
    kind = "A quick run" if results.quick else "A full run"
    python = about.get("python", "?")
    lines = [
        f"{kind} on {about.get('processor', '?')}, {about.get('cores', '?')} cores,"
        f" {about.get('memory', '?')}, {about.get('system', '?')}, Python {python};"
        f" it took {about.get('took', '?')}.",
        f"Other programs took {results.foreign:.0%} of the machine meanwhile"
        + (": read the figures with care." if results.foreign > BUSY else "."),
    ]
    return "\n".join(lines)


def _row(results: Results, run: Run) -> str:
    ours = results.middle(run.scenario, OURS, run.connections)
    times = ratio(ours.per_second, run.per_second) if ours else None
    beside = "" if run.server == OURS or times is None else f"{times:.{_digits(times)}f} x"
    return (
        f"| {run.scenario} | {run.server} | {run.connections} |"
        f" {run.per_second:,.{_digits(run.per_second)}f} | {run.p50:,.{_digits(run.p50)}f} |"
        f" {run.p99:,.{_digits(run.p99)}f} | {run.cpu:,.0f} | {run.failed or ''} | {beside} |"
    )


def _digits(value: float) -> int:
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
