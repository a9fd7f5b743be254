"""Moments as people say them, and exactly."""

from datetime import UTC, datetime

from panel.quantities import count
from panel.ui.markup import Markup
from panel.ui.words import NEVER

_UNITS = ((31_536_000, "year"), (2_592_000, "month"), (86_400, "day"), (3_600, "hour"))
_MINUTE = 60


def moment(said: str) -> datetime:
    """Read a moment as the API writes it."""
    return datetime.fromisoformat(said).astimezone(UTC)


def words(then: datetime, now: datetime) -> str:
    """Return how long ago something was, or in how long it will be: “3 hours ago”."""
    seconds = (now - then).total_seconds()
    far = abs(seconds)
    if far < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    size, name = _unit(far)
    told = count(int(far // size) if seconds > 0 else round(far / size), name)
    return f"{told} ago" if seconds > 0 else f"in {told}"


def length(seconds: float) -> str:
    """Return how long a time is, from a minute on: “3 hours”."""
    size, name = _unit(seconds)
    return count(int(seconds // size), name)


def _unit(seconds: float) -> tuple[int, str]:
    return next(((size, name) for size, name in _UNITS if seconds >= size), (_MINUTE, "minute"))


def exact(then: datetime) -> str:
    """Return a moment to the second, in UTC as the log and the audit trail have it."""
    return f"{then.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"


def shown(said: str | None, now: datetime) -> Markup:
    """Return a moment of the API's in words, and exactly when the pointer rests on it."""
    if said is None:
        return Markup.escape(NEVER)
    then = moment(said)
    return Markup("<time datetime='{}' title='{}'>{}</time>").format(
        then.isoformat(), exact(then), words(then, now)
    )


def both(said: str | None, now: datetime) -> Markup:
    """Return a moment of the API's in words and exactly, side by side."""
    if said is None:
        return Markup.escape(NEVER)
    then = moment(said)
    return Markup("{} <span class='soft'>({})</span>").format(words(then, now), exact(then))
