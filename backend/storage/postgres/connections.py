"""How PostgreSQL connections are opened, and how long a silent one is waited for."""

import math
from datetime import UTC, datetime
from typing import Any

import psycopg2
import psycopg2.extensions
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

from backend.kernel.clock import Clock
from backend.kernel.timestamps import MAX_TIMESTAMP, MIN_TIMESTAMP
from backend.process.circuit_breaker import CircuitBreaker
from backend.storage.errors import DatabaseUnavailable, Fault, NoAnswer
from backend.storage.postgres.watchdog import ConnectionWatchdog

CONNECT_ARGUMENTS = {
    "client_encoding": "utf8",  # whatever PGCLIENTENCODING, the role or the database say
    "connect_timeout": 3,  # seconds for each address; a sleeping Neon needs another attempt
    "application_name": "gatehouse",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,  # 10 s without acknowledged packets
}
_UTC = {"UTC", "Etc/UTC", "GMT", "Etc/GMT"}
_TIMESTAMPTZ_OID = 1184  # the OID of the type
_PING_AFTER_IDLE = 30.0  # seconds; a ping is a round trip, so busy connections are spared it


def prepare_postgres(connection: Any) -> None:
    """Set up a new psycopg2 connection: time zone UTC, and every timestamptz can be read.

    Raises DatabaseUnavailable if the encoding of the database cannot store every name.

    The time zone is set by a statement, and only if the server has another: poolers refuse the
    start-up parameter `options`, but keep TimeZone when they change servers.
    """
    encoding = connection.get_parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"the database is encoded in {encoding}, which cannot hold every name. Make another "
            "with CREATE DATABASE gatehouse ENCODING 'UTF8' TEMPLATE template0",
            Fault.UNUSABLE,
        )
    if connection.get_parameter_status("TimeZone") not in _UTC:
        autocommit, connection.autocommit = connection.autocommit, True
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.autocommit = autocommit
    psycopg2.extensions.register_type(_TIMESTAMPTZ_TYPE, connection)


def _parse_timestamptz(text: Any, _cursor: Any) -> datetime | None:
    """Parse a timestamptz; beyond the range of datetime it becomes MIN_ or MAX_TIMESTAMP."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        is_early = text.endswith("BC") or text.startswith(("-infinity", "0001-"))
        return MIN_TIMESTAMP if is_early else MAX_TIMESTAMP


_TIMESTAMPTZ_TYPE = psycopg2.extensions.new_type((_TIMESTAMPTZ_OID,), "moment", _parse_timestamptz)


def register_pool_events(
    engine: Engine, breaker: CircuitBreaker, clock: Clock, watchdog: ConnectionWatchdog
) -> None:
    """Connect through the circuit breaker, ping idle connections, and cut silent ones."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        if failure := breaker.find_obstacle():
            raise DatabaseUnavailable(f"a moment ago: {failure}")
        try:
            connection = _connect(watchdog, *arguments, **named)
        except BaseException as error:
            breaker.record_failure(error)
            raise
        breaker.record_success()
        return connection

    @event.listens_for(engine, "checkin")
    def note_idle_since(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = clock.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        if clock.monotonic() - record.info.get("idle_since", math.inf) < _PING_AFTER_IDLE:
            return
        try:
            with watchdog.watch(connection):
                connection.cursor().execute("SELECT 1")
        except psycopg2.Error as error:
            raise InvalidatePoolError from error  # the others in the pool are dead too

    _register_statement_events(engine, breaker, watchdog)


def _register_statement_events(
    engine: Engine, breaker: CircuitBreaker, watchdog: ConnectionWatchdog
) -> None:
    """Send the execution options `before` and `after` with a statement, in one message."""

    @event.listens_for(engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        try:
            with watchdog.watch(cursor.connection):
                cursor.execute(_build_message(statement, context), parameters)
        except NoAnswer as error:
            breaker.record_failure(error, again_in=0)  # perhaps only this statement was slow
            raise
        return True


def _connect(watchdog: ConnectionWatchdog, *arguments: Any, **named: Any) -> Any:
    connection = psycopg2.connect(*arguments, **named)
    try:
        with watchdog.watch(connection):
            prepare_postgres(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _build_message(statement: str, context: Any) -> str:
    options = context.execution_options
    parts = (options.get("before"), statement, options.get("after"))
    return "; ".join(part for part in parts if part)
