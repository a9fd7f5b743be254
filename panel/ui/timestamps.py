"""Points in time, relative and exact."""

from datetime import UTC, datetime

from panel.quantities import pluralize
from panel.ui.markup import Markup
from panel.ui.words import NEVER

_UNITS = ((31_536_000, "year"), (2_592_000, "month"), (86_400, "day"), (3_600, "hour"))
_MINUTE = 60


def parse(then: str | datetime) -> datetime:
    """Parse a timestamp of the API; a datetime is returned in UTC."""
    return (datetime.fromisoformat(then) if isinstance(then, str) else then).astimezone(UTC)


def format_relative(then: str | datetime, now: datetime) -> str:
    """Return the time from now: “3 hours ago”, “in 2 days”."""
    seconds = (now - parse(then)).total_seconds()
    distance = abs(seconds)
    if distance < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    size, name = _unit(distance)
    amount = pluralize(int(distance // size) if seconds > 0 else round(distance / size), name)
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def format_length(seconds: float) -> str:
    """Return a duration of a minute or more: “3 hours”."""
    size, name = _unit(seconds)
    return pluralize(int(seconds // size), name)


def _unit(seconds: float) -> tuple[int, str]:
    return next(((size, name) for size, name in _UNITS if seconds >= size), (_MINUTE, "minute"))


def format_exact(then: str | datetime) -> str:
    """Return the time to the second, in UTC as in the log and the audit trail."""
    return f"{parse(then):%-d %B %Y, %H:%M:%S} UTC"


def render_relative(text: str | None, now: datetime) -> Markup:
    """Return a timestamp of the API as relative time, with the exact time as its tooltip."""
    if text is None:
        return Markup.escape(NEVER)
    return Markup("<time datetime='{}' title='{}'>{}</time>").format(
        parse(text).isoformat(), format_exact(text), format_relative(text, now)
    )


def render_both(text: str | None, now: datetime) -> Markup:
    """Return a timestamp of the API as relative and exact time."""
    if text is None:
        return Markup.escape(NEVER)
    return Markup("{} <span class='soft'>({})</span>").format(
        format_relative(text, now), format_exact(text)
    )
