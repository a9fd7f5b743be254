"""The column type of moments."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, TypeDecorator
from sqlalchemy.types import TypeEngine

from backend.kernel.timestamps import MAX_TIMESTAMP, MIN_TIMESTAMP

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime in and out, to the microsecond.

    timestamptz on PostgreSQL. SQLite has no time type and would hand back naive datetimes, so there
    it is integer microseconds since 1970. A row may hold what no datetime can, such as 'infinity':
    that is read as the first or the last moment there is, for one row must not break a list.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            timestamp: datetime | None = value  # in UTC already: see `prepare_postgres`
            return timestamp
        return _from_sqlite(value)


def _from_sqlite(value: Any) -> datetime:
    """Read what the column holds; another program may have put anything there."""
    try:
        return _EPOCH + timedelta(microseconds=value)
    except OverflowError:
        return MAX_TIMESTAMP if value > 0 else MIN_TIMESTAMP
    except TypeError:  # SQLite holds a text to be later than every number, and so do we
        return MAX_TIMESTAMP
