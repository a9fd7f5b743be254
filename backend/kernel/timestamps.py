"""Moments as they come in and go out, and the range in which all parts of the house hold one."""

import re
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
"""PostgreSQL can store later ones; JSON, the driver and the calendar of Python cannot."""

MAX_LIFETIME = 3_153_600_000
"""Seconds, a hundred years: the longest lifetime anybody may ask for."""

# The extended form alone: the basic one, 20240311, is also a number of seconds.
_TIME = r"[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?\s*(Z|UTC|[+-][\d:]+)?"
_ISO = re.compile(rf"\d{{4}}-\d\d-\d\d({_TIME})?", re.IGNORECASE | re.ASCII)


def parse_timestamp(text: str) -> datetime:
    """Read an ISO 8601 date, or date and time, as JSON and databases write it; UTC if none is said.

    Raises ValueError, in plain words, for anything else and for what is not within the years 1 to
    9999 of UTC: nobody could read it back.
    """
    said = text.strip()
    if not _ISO.fullmatch(said):
        raise ValueError("is no date such as 2024-03-11T02:11:52Z")
    try:
        moment = datetime.fromisoformat(re.sub(r"\s*(UTC|Z)$", "+00:00", said, flags=re.IGNORECASE))
    except ValueError:
        raise ValueError("is a date that there is not") from None
    return to_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def format_timestamp(moment: datetime) -> str:
    """Write a date with exactly three decimals: the client misreads any other number of them."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def to_utc(moment: datetime) -> datetime:
    """Return an aware moment in UTC; raises ValueError beyond the years 1 to 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is not within the years 1 to 9999 of UTC") from None


def add_seconds(moment: datetime, seconds: float) -> datetime:
    """Return the moment so many seconds later, earlier if they are negative; never out of range.

    Rows may hold any moment, written by hand: what follows from one must not fail for that.
    """
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return LATEST if seconds > 0 else EARLIEST
