"""Numbers and lengths of time in words."""


def count(number: int, thing: str) -> str:
    """Return a number and its noun."""
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"


def duration(seconds: int) -> str:
    """Return a length of time as people say it."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return count(seconds // size, name)
    return count(seconds, "second")
