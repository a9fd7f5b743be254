"""How PostgreSQL connections are opened, and how long we wait for one that does not answer."""

import math
import os
import socket
import threading
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import Any

import psycopg2
import psycopg2.extensions
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError

from backend.kernel.clock import Clock
from backend.kernel.timestamps import EARLIEST, LATEST
from backend.storage.errors import READ_ONLY_TRANSACTION, DatabaseUnavailable, NoAnswer, Trouble

CONNECT_ARGUMENTS = {
    "client_encoding": "utf8",  # whatever PGCLIENTENCODING, the role or the database say
    "connect_timeout": 3,  # seconds for each address; a Neon that still sleeps is asked again
    "application_name": "gatehouse",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,  # a peer that swallows packets is given up after 10 s
}
_UTC = {"UTC", "Etc/UTC", "GMT", "Etc/GMT"}
_TIMESTAMPTZ = 1184  # its number among PostgreSQL's types
_PING_AFTER_IDLE = 30.0  # seconds; a ping is a round trip, so busy connections are spared it
_KNOCK_EVERY = 1.0  # seconds between attempts while the server is away
_LOOK_FOR_PRIMARY_EVERY = 1.0  # seconds


def prepare_postgres(connection: Any) -> None:
    """Set up a fresh psycopg2 connection: its time zone is UTC, and any moment can be read.

    Raises DatabaseUnavailable for a database whose encoding cannot hold every name.

    Said as a statement, and only where the server's own zone is another: poolers in front of
    PostgreSQL refuse the start-up parameter `options`, but carry TimeZone from server to server.
    """
    encoding = connection.get_parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"the database is encoded in {encoding}, which cannot hold every name. Make another "
            "with CREATE DATABASE gatehouse ENCODING 'UTF8' TEMPLATE template0",
            Trouble.UNUSABLE,
        )
    if connection.get_parameter_status("TimeZone") not in _UTC:
        autocommit, connection.autocommit = connection.autocommit, True
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.autocommit = autocommit
    psycopg2.extensions.register_type(_MOMENT, connection)


def _moment(text: Any, _cursor: Any) -> datetime | None:
    """Read a timestamptz; what no datetime can hold is the first or the last moment there is."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        is_early = text.endswith("BC") or text.startswith(("-infinity", "0001-"))
        return EARLIEST if is_early else LATEST


_MOMENT = psycopg2.extensions.new_type((_TIMESTAMPTZ,), "moment", _moment)


class CircuitBreaker:
    """Lets one attempt a second through while the server does not answer, and all otherwise."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next_knock = 0.0
        self._knocking = False
        self._away: str | None = None

    def enter(self) -> None:
        """Ask to connect; raises DatabaseUnavailable at once, with the reason of whose turn it was,
        when it is not ours."""
        if self._away is None:
            return
        with self._lock:
            if self._knocking or self._clock.monotonic() < self._next_knock:
                raise DatabaseUnavailable(f"a moment ago: {self._away}")
            self._knocking = True

    def failed(self, reason: BaseException, *, again_in: float = _KNOCK_EVERY) -> None:
        with self._lock:
            self._away, self._knocking = str(reason).strip().partition("\n")[0], False
            self._next_knock = self._clock.monotonic() + again_in

    def passed(self) -> None:
        with self._lock:
            self._away, self._knocking = None, False


class Primary:
    """Which connections may lead to a server that was the primary once.

    After a failover a name leads to another server, while connections that are open stay where they
    are and read what is old. One server that may not be written to is reason enough to make all
    connections anew, but not for every write while there is no other.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self.turn = 0
        """Moves when all connections made before are to be given up."""

    def look_again(self, turn: int | None) -> bool:
        """Give up all connections; False if one made in `turn` is as new as can be."""
        with self._lock:
            if turn is not None and turn != self.turn:
                return True
            now = self._clock.monotonic()
            if now - self._looked_at < _LOOK_FOR_PRIMARY_EVERY:
                return False
            self._looked_at = now
            self.turn += 1
            return True


class ConnectionWatchdog:
    """Cuts connections on which the server has been silent for 4 seconds.

    The server's own statement timeout ends nothing when the server stands still or a pooler lets us
    queue. Time is counted in looks: when we are the ones who stood still, nobody is cut for it.
    """

    def __init__(self, *, seconds_between_looks: float = 0.5, looks: int = 8) -> None:
        self._between, self._looks = seconds_between_looks, looks
        self._look = 0
        self._watched: set[_Watch] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        threading.Thread(target=self._cut_the_silent, name="patience", daemon=True).start()

    def watch(self, connection: Any) -> "_Watch":
        """Watch a psycopg2 connection for the length of a `with`; raises NoAnswer if it was cut."""
        return _Watch(self, connection, self._look + self._looks)

    def close(self) -> None:
        self._closing.set()

    def add(self, watch: "_Watch") -> None:
        with self._lock:
            self._watched.add(watch)

    def remove(self, watch: "_Watch") -> None:
        with self._lock:
            self._watched.discard(watch)

    def _cut_the_silent(self) -> None:
        while not self._closing.wait(self._between):
            self._look += 1
            with self._lock:
                for watch in [each for each in self._watched if each.until <= self._look]:
                    self._watched.discard(watch)
                    watch.cut()


class _Watch(AbstractContextManager[None]):
    __slots__ = ("_connection", "_descriptor", "_was_cut", "_watchdog", "until")

    def __init__(self, watchdog: ConnectionWatchdog, connection: Any, until: int) -> None:
        self._watchdog, self._connection, self.until = watchdog, connection, until
        self._was_cut = False

    def __enter__(self) -> None:
        # Our own descriptor: libpq may close its one at any moment, and another thread reuse it.
        self._descriptor = os.dup(self._connection.fileno())
        self._watchdog.add(self)

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        self._watchdog.remove(self)
        os.close(self._descriptor)
        if self._was_cut and isinstance(error, psycopg2.Error):
            raise NoAnswer("the database did not answer in time") from error

    def cut(self) -> None:
        self._was_cut = True
        with socket.socket(fileno=os.dup(self._descriptor)) as ours, suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)  # an OSError here: the connection has just ended itself


def follow_primary(engine: Engine, primary: Primary) -> None:
    """Make connections anew that may lead to a server that is the primary no more."""

    @event.listens_for(engine, "do_connect")
    def note_turn(_dialect: Any, record: Any, _arguments: Any, _named: Any) -> None:
        record.info["turn"] = primary.turn  # it leads where the name leads from now on

    @event.listens_for(engine, "checkout")
    def give_up_if_old(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["turn"] != primary.turn:
            raise DisconnectionError("it may lead to a server that is the primary no more")

    @event.listens_for(engine, "handle_error")
    def look_again(context: Any) -> None:
        code = getattr(context.original_exception, "pgcode", None)
        if code == READ_ONLY_TRANSACTION and context.connection is not None:
            turn = context.connection.info.get("turn")
            context.is_disconnect = context.is_disconnect or primary.look_again(turn)


def watch_over(
    engine: Engine, breaker: CircuitBreaker, clock: Clock, watchdog: ConnectionWatchdog
) -> None:
    """Open connections through the circuit breaker, ping them after a pause, cut the silent."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        breaker.enter()
        try:
            connection = _opened(watchdog, *arguments, **named)
        except BaseException as error:
            breaker.failed(error)
            raise
        breaker.passed()
        return connection

    @event.listens_for(engine, "checkin")
    def remember(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = clock.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _proxy: Any) -> None:
        if clock.monotonic() - record.info.get("idle_since", math.inf) < _PING_AFTER_IDLE:
            return
        try:
            with watchdog.watch(connection):
                connection.cursor().execute("SELECT 1")
        except psycopg2.Error as error:
            raise InvalidatePoolError from error  # what cut this one has cut the others too

    _watch_statements(engine, breaker, watchdog)


def _watch_statements(
    engine: Engine, breaker: CircuitBreaker, watchdog: ConnectionWatchdog
) -> None:
    """Send the execution options `before` and `after` with a statement, in one message."""

    @event.listens_for(engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        try:
            with watchdog.watch(cursor.connection):
                cursor.execute(_message(statement, context), parameters)
        except NoAnswer as error:
            breaker.failed(error, again_in=0)  # at once: perhaps only this statement was slow
            raise
        return True


def _opened(watchdog: ConnectionWatchdog, *arguments: Any, **named: Any) -> Any:
    connection = psycopg2.connect(*arguments, **named)
    try:
        with watchdog.watch(connection):
            prepare_postgres(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _message(statement: str, context: Any) -> str:
    beside = context.execution_options
    parts = (beside.get("before"), statement, beside.get("after"))
    return "; ".join(part for part in parts if part)
