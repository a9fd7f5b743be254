"""Timestamps in input: parsed exactly or refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.features.user_transfer.dates import parse_date
from backend.kernel.timestamps import MAX_TIMESTAMP, MIN_TIMESTAMP, add_seconds, parse_timestamp
from tests.clocks import NOON

SPRING = datetime(2024, 3, 11, 2, 11, 52, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NONE, NEITHER, BEYOND = "is not a date", "could be a date or a number", "years 1 and 9999"


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-11T02:11:52Z",
        "2024-03-11T02:11:52.000Z",
        "2024-03-11 02:11:52+00",
        "2024-03-11 02:11:52.000000000 UTC",
        "2024-03-11 02:11:52",
        "2024-03-11t07:41:52+05:30",
        "2024-03-10T21:11:52-0500",
        " 2024-03-11 02:11:52 ",
    ],
)
def test_a_date_is_read_in_every_spelling_that_databases_and_json_have(text):
    assert parse_timestamp(text) == SPRING
    assert parse_timestamp(text).tzinfo is UTC
    assert parse_date(text) == SPRING


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", NONE),
        ("yesterday", NONE),
        ("infinity", NONE),
        ("20240311T021152Z", NONE),
        ("17101231 12345", NONE),
        ("Mon Mar 11 2024 02:11:52 GMT+0000", NONE),
        ("03/11/2024", NONE),
        ("0044-03-15 BC", NONE),
        ("12024-03-11", NONE),
        ("2024-02-30", "not a valid date"),
        ("2024-03-11T25:00:00Z", "not a valid date"),
        ("0000-01-01", "not a valid date"),
        ("9999-12-31T23:59:59-05:00", BEYOND),
        ("0001-01-01T00:00:00+05:00", BEYOND),
    ],
)
def test_what_is_no_date_is_refused_in_plain_words(text, why):
    with pytest.raises(ValueError, match=why):
        parse_timestamp(text)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    ("number", "timestamp"),
    [
        (1_710_123_112, SPRING),
        (1_710_123_112_000, SPRING),
        (1_710_123_112_000_000, SPRING),
        (1_710_123_112_345, SPRING + timedelta(milliseconds=345)),
        (1_710_123_112.5, SPRING + timedelta(milliseconds=500)),
        (253_402_300_799, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (253_402_300_799_000, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (253_402_300_799_999_999, MAX_TIMESTAMP),
        (0, EPOCH),
    ],
)
def test_a_number_is_of_seconds_milliseconds_or_microseconds(number, timestamp, as_text):
    assert parse_date(str(number) if as_text else number) == timestamp


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (20240311, NEITHER),
        ("20240311", NEITHER),
        ("20240311021152", NEITHER),
        (45362, NEITHER),  # 2024-03-11 in a spreadsheet
        (-1, NEITHER),
        (253_402_300_800_000_000, BEYOND),
        ("9" * 5000, BEYOND),
        (1e300, NONE),
        (float("inf"), NONE),
        (float("nan"), NONE),
        (True, NONE),
        ([], NONE),
        ({"$date": 1}, NONE),
    ],
    ids=lambda each: repr(each)[:20],
)
def test_a_number_that_could_be_something_else_is_refused(value, why):
    with pytest.raises(ValueError, match=why):
        parse_date(value)


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_anything_is_a_date_or_refused(value):
    try:
        timestamp = parse_date(value)
    except ValueError:
        return
    assert MIN_TIMESTAMP <= timestamp <= MAX_TIMESTAMP


@pytest.mark.parametrize("timestamp", [MIN_TIMESTAMP, NOON, MAX_TIMESTAMP])
@pytest.mark.parametrize("seconds", [0, 1, -1, 3.2e9, -3.2e9, 1e18, -1e18])
def test_what_follows_from_a_moment_stays_within_the_calendar(timestamp, seconds):
    assert MIN_TIMESTAMP <= add_seconds(timestamp, seconds) <= MAX_TIMESTAMP
    assert add_seconds(NOON, 60) == NOON + timedelta(minutes=1)
