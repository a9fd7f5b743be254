"""Machine instructions of a session check: the one figure that busy neighbours do not change."""

from bench import instructions
from bench.rig.harness import Harness


def measure(harness: Harness) -> None:
    """Count them in our application alone, and compare with what is committed."""
    try:
        counted = instructions.count_instructions()
    except instructions.CannotCount as reason:
        harness.results.notes.append(f"Instructions were not counted: {reason}")
        return
    before = instructions.read_baseline()
    if before is None:
        harness.results.notes.append("bench/instructions.json is of another Python or processor.")
    figures = harness.results.figures
    for kind, each in counted.items():
        figures[f"instructions/{kind}"] = each
        if before is not None:
            figures[f"instructions/{kind} beside baseline"] = each / before[kind]
        harness.log(f"  {each:,.0f} instructions of a session check, {kind}")
