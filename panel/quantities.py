"""Counts and durations as text."""


def pluralize(number: int, noun: str) -> str:
    """Return a number and its noun: “1 user”, “2 users”."""
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_duration(seconds: int) -> str:
    """Return a duration in its largest whole unit: “15 minutes”."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return pluralize(seconds // size, name)
    return pluralize(seconds, "second")
