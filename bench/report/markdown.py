"""The results for people: the goals, tables of everything, and the plots."""

from bench.report.goals import BUSY
from bench.report.plots import draw
from bench.report.tables import goals_table, sections
from bench.results import BenchResults
from bench.rig.prepare import ROOT

FOLDER = ROOT / "bench" / "results"


def publish(results: BenchResults) -> None:
    """Write JSON, tables and plots into bench/results, and print the tables."""
    results.write(FOLDER / "results.json")
    text = render_markdown(results)
    (FOLDER / "results.md").write_text(text)
    draw(results, FOLDER)
    print(f"\n{text}\nEverything is in {FOLDER}", flush=True)


def render_markdown(results: BenchResults) -> str:
    """Return all tables."""
    parts = [describe_run(results), goals_table(results)]
    parts += [f"### {title}\n\n{text}" for title, text in sections(results)]
    return "\n\n".join(parts) + "\n"


def describe_run(results: BenchResults) -> str:
    """Return what a reader of the figures must know: which run, where, and what disturbed it."""
    facts = results.about
    kind = "A quick run" if results.quick else "A full run"
    processor = facts.get("processor", "?").replace("(R)", "").replace("(TM)", "")
    lines = [
        f"{kind} on {processor}, {facts.get('cores', '?')} cores, {facts.get('memory', '?')},"
        f" Python {facts.get('python', '?')}; it took {facts.get('took', '?')}."
    ]
    if results.quick:
        lines.append("It measures for a second or two: a goal met or missed by a hair is open.")
    if results.foreign > BUSY:
        lines.append(
            f"Other programs took {results.foreign:.0%} of the machine meanwhile: read the figures"
            " with care."
        )
    else:
        lines.append(f"Other programs took {results.foreign:.0%} of the machine meanwhile.")
    return "\n".join([*lines, *(f"\n- {note}" for note in results.notes)])
