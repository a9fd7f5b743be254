"""A connection from the pool, and the transaction on it."""

import select
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.sql.dml import UpdateBase

from backend.storage.dialects import BEGIN, supports_multiple_statements
from backend.storage.errors import (
    DatabaseConflict,
    DatabaseUnavailable,
    DriverError,
    Fault,
    SessionEnded,
    translate_error,
)

_UNUSABLE_AFTER = {Fault.READ_ONLY, Fault.FULL, Fault.DAMAGED}
"""Faults that an open SQLite connection may keep reporting after they are over."""


class Db:
    """A connection from the pool, the first argument of all queries.

    On PostgreSQL, BEGIN is sent with the first statement of a transaction, and COMMIT with the
    last one if its result is not needed; one that is both is a single message. With a distant
    server each message saved is a round trip.
    """

    __slots__ = (
        "_after_write",
        "_confirm_commit",
        "_connect",
        "_connection",
        "_deferred",
        "_on_failure",
        "_pending_begin",
        "_release",
        "changed_users",
        "wrote",
    )

    def __init__(
        self,
        connect: Callable[[], Connection],
        release: Callable[[Connection], None],
        after_write: Callable[[], None] | None = None,
        *,
        on_failure: Callable[[DatabaseUnavailable], None],
        confirm_commit: Callable[[], None] | None = None,
    ) -> None:
        """Open a connection. `on_failure` gets each failure of the database. `confirm_commit` runs
        after a COMMIT and raises DatabaseUnavailable if it may be lost nevertheless."""
        self._connect = connect
        self._connection = connect()
        self._release = release
        self._after_write = after_write
        self._on_failure = on_failure
        self._confirm_commit = confirm_commit
        self._pending_begin: str | None = None
        """The BEGIN to send with the next statement."""
        self._deferred: tuple[Executable, Mapping[str, Any]] | None = None
        """The statement to send with COMMIT, or before the next statement."""
        self.changed_users: set[UUID] = set()
        """Users whose row or sessions changed: their cached sessions end after the commit."""
        self.wrote = False

    @property
    def dialect(self) -> Any:
        return self._connection.dialect

    def execute(self, statement: Executable, rows: Any = None) -> CursorResult[Any]:
        """Run one statement; raises DatabaseConflict or DatabaseUnavailable if the server fails."""
        self._send_deferred()
        self.wrote = self.wrote or isinstance(statement, UpdateBase)
        return self._run(statement, rows)

    def execute_deferred(self, statement: UpdateBase, row: Mapping[str, Any]) -> None:
        """Run a statement whose result is not needed: before the next one, or with COMMIT."""
        self._send_deferred()
        self._deferred = (statement, row)
        self.wrote = True

    def data_version(self) -> int:
        """Return SQLite's data_version, which changes when another connection has committed."""
        try:
            cursor = self._connection.connection.cursor()
            cursor.execute("PRAGMA data_version")
            [(version,)] = cursor.fetchall()
            cursor.close()
        except sqlite3.Error as error:
            self.reraise(DBAPIError("PRAGMA data_version", (), error))
        return int(version)

    def begin(self) -> None:
        """Begin a transaction: at once on SQLite, with the first statement on PostgreSQL."""
        command = BEGIN[self.dialect.name]
        if supports_multiple_statements(self.dialect):
            self._pending_begin = command
        else:
            self._send_command(command)

    def send_with_next(self, command: str) -> None:
        """Send a command whose result is not needed: at once, or with the next statement."""
        if self._pending_begin:
            self._pending_begin += "; " + command
        else:
            self._send_command(command)

    def commit(self) -> None:
        """Commit the transaction; if this raises, nothing of it was stored.

        Only if the connection breaks during COMMIT is the outcome unknown; that raises
        DatabaseUnavailable, never DatabaseConflict.
        """
        if self._pending_begin and self._deferred is None:  # nothing was sent
            return
        try:
            done = self._send_commit()
        except BaseException:
            self.discard()
            raise
        if done == "ROLLBACK":  # what PostgreSQL answers if a statement had failed
            raise DatabaseConflict("the transaction had already failed")
        if self._confirm_commit is not None:
            self._confirm_commit()
        if self.wrote and self._after_write is not None:
            self._after_write()

    def rollback(self) -> None:
        """Roll back; never raises, as closing the connection rolls back too."""
        self._deferred = None
        if self._pending_begin or self._connection.invalidated:
            return
        try:
            self._send_command("ROLLBACK")
        except DatabaseUnavailable:
            self.discard()

    def discard(self) -> None:
        """Close a connection whose state is unknown, so that it does not return to the pool."""
        self._connection.invalidate()

    def release(self) -> None:
        self._release(self._connection)

    def translate_error(
        self, error: DriverError, *, committing: bool = False
    ) -> DatabaseUnavailable | SessionEnded | None:
        """Translate a driver's error, and report it; None if it is a bug of our own."""
        translated = translate_error(error, committing=committing)
        if isinstance(translated, DatabaseUnavailable):
            self._on_failure(translated)
            if self.dialect.name == "sqlite" and translated.fault in _UNUSABLE_AFTER:
                self.discard()
        return translated

    def reraise(self, error: DriverError, *, committing: bool = False) -> NoReturn:
        """Raise a driver's error translated, or as it is if it is a bug of our own."""
        translated = self.translate_error(error, committing=committing)
        if translated is None:
            raise error
        raise translated from error

    def _run(self, statement: Executable, rows: Any) -> CursorResult[Any]:
        if self._pending_begin is None:
            return self._send(statement, rows)
        try:
            return self._send_first(self._pending_begin, statement, rows)
        except DatabaseConflict:
            if not self._connection.invalidated:
                raise
            # The pooled connection was dead: nothing has happened, and the pool was emptied.
            self._connection = self._connect()
            return self._send_first(self._pending_begin, statement, rows)
        finally:
            self._pending_begin = None

    def _send_first(self, begin: str, statement: Executable, rows: Any) -> CursorResult[Any]:
        if not isinstance(rows, list):
            return self._send(statement, rows, before=begin)
        self._send_command(begin)  # many rows may need several messages
        return self._send(statement, rows)

    def _send_deferred(self) -> None:
        if self._deferred is not None:
            last, self._deferred = self._deferred, None
            self._run(*last)

    def _send_commit(self) -> str | None:
        if self._deferred is None or not supports_multiple_statements(self.dialect):
            self._send_deferred()
            return self._send_command("COMMIT")
        statement, row = self._deferred
        if not self._pending_begin:
            return _status(self._send(statement, row, after="COMMIT"))
        self._replace_dead_connection()
        begin, self._pending_begin = self._pending_begin, None
        return _status(self._send(statement, row, before=begin, after="COMMIT"))

    def _replace_dead_connection(self) -> None:
        """Take another connection if the server has closed this one.

        After everything is sent in one message, it would be unknown whether it was stored.
        """
        poller = select.poll()
        poller.register(self._connection.connection.fileno(), select.POLLIN)
        if poller.poll(0):  # an idle server sends only a farewell
            self.discard()
            self._connection = self._connect()

    def _send(self, statement: Executable, rows: Any, **options: str) -> CursorResult[Any]:
        """Send a statement in one message with `before` and `after` (`register_pool_events`)."""
        try:
            return self._connection.execute(statement, rows, execution_options=options)
        except (DBAPIError, PendingRollbackError) as error:
            self.reraise(error, committing="after" in options)

    def _send_command(self, command: str) -> str | None:
        try:
            return _status(self._connection.exec_driver_sql(command))
        except (DBAPIError, PendingRollbackError) as error:
            self.reraise(error, committing=command == "COMMIT")


def _status(result: CursorResult[Any]) -> str | None:
    return getattr(result.context.cursor, "statusmessage", None)
