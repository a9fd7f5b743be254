"""Parsing and formatting of timestamps, and the range that all parts can store."""

import re
from datetime import UTC, datetime, timedelta

MIN_TIMESTAMP = datetime(1, 1, 1, tzinfo=UTC)
MAX_TIMESTAMP = datetime.max.replace(tzinfo=UTC)
"""PostgreSQL can store later ones; JSON, the driver and Python cannot."""

MAX_LIFETIME = 3_153_600_000
"""Seconds, a hundred years: the longest lifetime that can be requested."""

# Only the extended form: the basic one, 20240311, could be a number of seconds.
_TIME = r"[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?\s*(Z|UTC|[+-][\d:]+)?"
_ISO = re.compile(rf"\d{{4}}-\d\d-\d\d({_TIME})?", re.IGNORECASE | re.ASCII)


def parse_timestamp(text: str) -> datetime:
    """Read an ISO 8601 date, or date and time, as JSON and databases write it; UTC if none is said.

    Raises ValueError, in plain words, for anything else and for what is not within the years 1 to
    9999 of UTC: nobody could read it back.
    """
    text = text.strip()
    if not _ISO.fullmatch(text):
        raise ValueError("is not a date such as 2024-03-11T02:11:52Z")
    try:
        text = re.sub(r"\s*(UTC|Z)$", "+00:00", text, flags=re.IGNORECASE)
        timestamp = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a valid date") from None
    return to_utc(timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC))


def format_timestamp(timestamp: datetime) -> str:
    """Format with exactly three decimals: the client misreads any other number of them."""
    return timestamp.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def to_utc(timestamp: datetime) -> datetime:
    """Convert to UTC; raises ValueError beyond the years 1 to 9999."""
    try:
        return timestamp.astimezone(UTC)
    except OverflowError:
        raise ValueError("is not between the years 1 and 9999 in UTC") from None


def add_seconds(timestamp: datetime, seconds: float) -> datetime:
    """Add seconds, which may be negative; the result is clamped to the valid range.

    Rows edited by hand may contain any timestamp, which must not cause an error.
    """
    try:
        return timestamp + timedelta(seconds=seconds)
    except OverflowError:
        return MAX_TIMESTAMP if seconds > 0 else MIN_TIMESTAMP
