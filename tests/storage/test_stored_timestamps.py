"""Extreme timestamps: whatever a row contains can be read, in every time zone."""

from datetime import UTC, datetime, timedelta, timezone

import psycopg2
import pytest
from sqlalchemy import URL, text

from backend.kernel.timestamps import MAX_TIMESTAMP, MIN_TIMESTAMP
from backend.storage.queries import users
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.storage.conftest import store_user

KOLKATA = timezone(timedelta(hours=5, minutes=30))
RAW_VALUES = {
    "postgresql": [
        ("infinity", MAX_TIMESTAMP),
        ("-infinity", MIN_TIMESTAMP),
        ("20000-01-01 00:00:00+00", MAX_TIMESTAMP),
        ("9999-12-31 23:59:59-05", MAX_TIMESTAMP),
        ("0001-01-01 00:00:00+05", MIN_TIMESTAMP),
        ("0044-03-15 00:00:00+00 BC", MIN_TIMESTAMP),
        ("9999-12-31 23:59:59+00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", MIN_TIMESTAMP),
    ],
    "sqlite": [
        ("infinity", MAX_TIMESTAMP),
        (1e300, MAX_TIMESTAMP),
        (2**63 - 1, MAX_TIMESTAMP),
        (-(2**63), MIN_TIMESTAMP),
        (b"x", MAX_TIMESTAMP),
        (0.5, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
}


@pytest.fixture(params=["the zone of the server", "Asia/Kolkata", "America/New_York"])
def in_zone(request, settings, database_target):
    """The database has its own time zone."""
    if database_target.kind == "sqlite":
        return
    if request.param != "the zone of the server":
        with psycopg2.connect(database_target.direct) as connection, connection.cursor() as cursor:
            name = database_target.direct.rpartition("/")[2]
            cursor.execute(f"ALTER DATABASE {name} SET timezone TO '{request.param}'")


@pytest.fixture
def database(in_zone, open_database):
    return open_database()


def test_whatever_a_row_holds_is_read_as_a_moment_there_is(work, database):
    user = store_user(work)
    for raw, expected in RAW_VALUES[database.kind]:
        with work() as mine:
            statement = text("UPDATE users SET created_at = :at, ban_expires = :at")
            mine.db.execute(statement, {"at": raw})
        stored = run_query(database, lambda db: users.find(db, user.id))
        assert (stored.created_at, stored.ban_expires) == (expected, expected), raw
        assert stored.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "timestamp",
    [
        MIN_TIMESTAMP,
        MAX_TIMESTAMP,
        NOON,
        NOON.astimezone(KOLKATA),
        datetime(1900, 1, 1, tzinfo=UTC),
    ],
    ids=str,
)
def test_the_first_and_the_last_moment_come_back_as_they_were(work, database, timestamp):
    user = store_user(work, created_at=timestamp)
    stored = run_query(database, lambda db: users.find(db, user.id))
    assert stored.created_at == timestamp
    assert stored.created_at.tzinfo is UTC


def test_every_connection_to_postgresql_is_in_utc(database):
    if database.kind == "sqlite":
        assert isinstance(database.url, URL)
        return
    zones = {
        run_query(database, lambda db: db.execute(text("SHOW TimeZone")).scalar()) for _ in "123"
    }
    assert zones <= {"UTC", "Etc/UTC", "GMT", "Etc/GMT"}
