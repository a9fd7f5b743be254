"""Moments as people say them, and exactly."""

from datetime import UTC, datetime

from panel.quantities import count
from panel.ui.markup import Markup
from panel.ui.words import NEVER

_UNITS = ((31_536_000, "year"), (2_592_000, "month"), (86_400, "day"), (3_600, "hour"))
_MINUTE = 60


def parse(text: str) -> datetime:
    """Read a moment as the API writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def format_relative(then: datetime, now: datetime) -> str:
    """Return how long ago something was, or in how long it will be: “3 hours ago”."""
    seconds = (now - then).total_seconds()
    far = abs(seconds)
    if far < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    size, name = _unit(far)
    amount = count(int(far // size) if seconds > 0 else round(far / size), name)
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def format_length(seconds: float) -> str:
    """Return how long a time is, from a minute on: “3 hours”."""
    size, name = _unit(seconds)
    return count(int(seconds // size), name)


def _unit(seconds: float) -> tuple[int, str]:
    return next(((size, name) for size, name in _UNITS if seconds >= size), (_MINUTE, "minute"))


def format_exact(then: datetime) -> str:
    """Return a moment to the second, in UTC as the log and the audit trail have it."""
    return f"{then.astimezone(UTC):%-d %B %Y, %H:%M:%S} UTC"


def render_relative(text: str | None, now: datetime) -> Markup:
    """Return a moment of the API's in words, and exactly when the pointer rests on it."""
    if text is None:
        return Markup.escape(NEVER)
    then = parse(text)
    return Markup("<time datetime='{}' title='{}'>{}</time>").format(
        then.isoformat(), format_exact(then), format_relative(then, now)
    )


def render_both(text: str | None, now: datetime) -> Markup:
    """Return a moment of the API's in words and exactly, side by side."""
    if text is None:
        return Markup.escape(NEVER)
    then = parse(text)
    return Markup("{} <span class='soft'>({})</span>").format(
        format_relative(then, now), format_exact(then)
    )
