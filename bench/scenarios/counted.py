"""Machine instructions of a session check: the one figure that busy neighbours do not change."""

from bench import instructions
from bench.stage import Stage


def measure(stage: Stage) -> None:
    """Count them in our application alone, and compare with what is committed."""
    try:
        counted = instructions.count()
    except instructions.CannotCount as reason:
        stage.results.notes.append(f"Instructions were not counted: {reason}")
        return
    before = instructions.baseline()
    if before is None:
        stage.results.notes.append("bench/instructions.json is of another Python or processor.")
    figures = stage.results.figures
    for kind, each in counted.items():
        figures[f"instructions/{kind}"] = each
        if before is not None:
            figures[f"instructions/{kind} beside baseline"] = each / before[kind]
        stage.say(f"  {each:,.0f} instructions of a session check, {kind}")
