"""Dates as other systems export them: ISO 8601, or a number since 1970 in one of three units."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from backend.kernel.timestamps import parse_timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?", re.ASCII)
_END = Decimal(253_402_300_800)  # the year 10000, in seconds
_MIN_SECONDS = Decimal(100_000_000)  # smaller ones may be 20240311, or a spreadsheet's days
_COMPACT = range(19_000_101_000000, 21_000_101_000000)  # such as 20240311021152


def parse_date(value: Any) -> datetime:
    """Parse a date; raises ValueError with a readable message for invalid or ambiguous ones.

    A number counts seconds, milliseconds or microseconds: the first unit that gives a date before
    the year 10000. Databases export all three, and a wrong unit means another century.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is not a date such as 2024-03-11T02:11:52Z")
    text = str(value).strip()
    return _from_number(Decimal(text)) if _NUMBER.fullmatch(text) else parse_timestamp(text)


def _from_number(number: Decimal) -> datetime:
    if number and (number < _MIN_SECONDS or int(number) in _COMPACT):
        raise ValueError("could be a date or a number; write it as 2024-03-11T02:11:52Z")
    for unit in (1_000_000, 1_000, 1):  # microseconds
        if number * unit < _END * 1_000_000:
            return _EPOCH + timedelta(microseconds=int(number * unit))
    raise ValueError("is not between the years 1 and 9999 in UTC")
