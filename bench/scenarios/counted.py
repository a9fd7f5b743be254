"""Machine instructions of a session check: the one figure that busy neighbours do not change."""

from bench import instructions
from bench.stage import Stage


def measure(stage: Stage) -> None:
    """Count them in our application alone, and compare with what is committed."""
    try:
        per_check = instructions.count()
    except instructions.CannotCount as reason:
        stage.results.notes.append(f"Instructions were not counted: {reason}")
        return
    before = instructions.baseline()
    figures = stage.results.figures
    figures["instructions/a session check"] = per_check
    if before is None:
        stage.results.notes.append("bench/instructions.json is of another Python or processor.")
        return
    figures["instructions/beside baseline"] = per_check / before
    stage.say(f"  {per_check:,.0f} instructions a session check, baseline {before:,.0f}")
