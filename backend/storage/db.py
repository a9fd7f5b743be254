"""A borrowed connection, and the transaction on it."""

import select
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.sql.dml import UpdateBase

from backend.storage.dialects import BEGIN, takes_several_statements
from backend.storage.errors import (
    DatabaseConflict,
    DatabaseUnavailable,
    Failure,
    SessionEnded,
    Trouble,
    as_ours,
)

_SPOILED = {Trouble.READ_ONLY, Trouble.FULL, Trouble.DAMAGED}
"""What a SQLite connection, once opened, may go on to find although it is over."""


class Db:
    """A borrowed connection: what the storage functions take as their first argument.

    On PostgreSQL the first statement of a transaction carries its BEGIN, and the last, if nobody
    waits for its result, its COMMIT; one that is both is a single message. On a distant server each
    message saved is a round trip.
    """

    __slots__ = (
        "_after_write",
        "_confirm",
        "_connection",
        "_failed",
        "_give_back",
        "_last",
        "_open",
        "_opening",
        "changed_users",
        "wrote",
    )

    def __init__(
        self,
        open_one: Callable[[], Connection],
        give_back: Callable[[Connection], None],
        after_write: Callable[[], None] | None = None,
        *,
        failed: Callable[[DatabaseUnavailable], None],
        confirm: Callable[[], None] | None = None,
    ) -> None:
        """Open a connection. `failed` hears what the database could not do; `confirm`, asked after
        each COMMIT, raises DatabaseUnavailable if what was committed may be lost nevertheless."""
        self._open = open_one
        self._connection = open_one()
        self._give_back = give_back
        self._after_write = after_write
        self._failed = failed
        self._confirm = confirm
        self._opening: str | None = None
        """The BEGIN that goes with the next statement."""
        self._last: tuple[Executable, Mapping[str, Any]] | None = None
        """What goes with COMMIT, unless something comes after it."""
        self.changed_users: set[UUID] = set()
        """Users whose row or sessions changed: their cached sessions end with the commit."""
        self.wrote = False

    @property
    def dialect(self) -> Any:
        return self._connection.dialect

    def execute(self, statement: Executable, rows: Any = None) -> CursorResult[Any]:
        """Run one statement; raises DatabaseConflict or DatabaseUnavailable if the server fails."""
        self._send_last()
        self.wrote = self.wrote or isinstance(statement, UpdateBase)
        return self._run(statement, rows)

    def execute_last(self, statement: UpdateBase, row: Mapping[str, Any]) -> None:
        """Run a statement whose result nobody needs: before the next one, or with COMMIT."""
        self._send_last()
        self._last = (statement, row)
        self.wrote = True

    def data_version(self) -> int:
        """Return SQLite's number that moves when any other connection has committed.

        On a connection we do not write with, our own commits count as another's.
        """
        try:
            cursor = self._connection.connection.cursor()
            cursor.execute("PRAGMA data_version")
            [(version,)] = cursor.fetchall()
            cursor.close()
        except sqlite3.Error as error:
            wrapped = DBAPIError("PRAGMA data_version", (), error)
            raise (self.as_ours(wrapped) or wrapped) from error
        return int(version)

    def begin(self) -> None:
        """Begin a transaction: at once on SQLite, with the first statement on PostgreSQL."""
        command = BEGIN[self.dialect.name]
        if takes_several_statements(self.dialect):
            self._opening = command
        else:
            self._say(command)

    def say_with_next(self, command: str) -> None:
        """Say something whose result nobody needs: at the latest with the next statement."""
        if self._opening:
            self._opening += "; " + command
        else:
            self._say(command)

    def commit(self) -> None:
        """Make everything since `begin` durable, or raise and make nothing of it durable.

        Only if the connection broke in this very moment is the outcome unknown; that raises
        DatabaseUnavailable, never DatabaseConflict.
        """
        if self._opening and self._last is None:  # nothing was ever said
            return
        try:
            done = self._say_commit()
        except BaseException:
            self.discard()
            raise
        if done == "ROLLBACK":  # PostgreSQL's answer when a statement had failed before
            raise DatabaseConflict("the transaction had already failed")
        if self._confirm is not None:
            self._confirm()
        if self.wrote and self._after_write is not None:
            self._after_write()

    def rollback(self) -> None:
        """Undo everything since `begin`; never raises, for closing the connection undoes it too."""
        self._last = None
        if self._opening or self._connection.invalidated:
            return
        try:
            self._say("ROLLBACK")
        except DatabaseUnavailable:
            self.discard()

    def discard(self) -> None:
        """Close a connection whose state is unknown instead of lending it again."""
        self._connection.invalidate()

    def give_back(self) -> None:
        self._give_back(self._connection)

    def as_ours(
        self, error: Failure, *, committing: bool = False
    ) -> DatabaseUnavailable | SessionEnded | None:
        """Return what a driver's error means to a caller; None if it is a mistake of our own."""
        ours = as_ours(error, committing=committing)
        if isinstance(ours, DatabaseUnavailable):
            self._failed(ours)
            if self.dialect.name == "sqlite" and ours.trouble in _SPOILED:
                self.discard()
        return ours

    def _run(self, statement: Executable, rows: Any) -> CursorResult[Any]:
        if self._opening is None:
            return self._sent(statement, rows)
        try:
            return self._sent_first(self._opening, statement, rows)
        except DatabaseConflict:
            if not self._connection.invalidated:
                raise
            # A dead connection from the pool; nothing has happened, and all its like are gone.
            self._connection = self._open()
            return self._sent_first(self._opening, statement, rows)
        finally:
            self._opening = None

    def _sent_first(self, opening: str, statement: Executable, rows: Any) -> CursorResult[Any]:
        if not isinstance(rows, list):
            return self._sent(statement, rows, before=opening)
        self._say(opening)  # many rows may go in many messages
        return self._sent(statement, rows)

    def _send_last(self) -> None:
        if self._last is not None:
            last, self._last = self._last, None
            self._run(*last)

    def _say_commit(self) -> str | None:
        if self._last is None or not takes_several_statements(self.dialect):
            self._send_last()
            return self._say("COMMIT")
        statement, row = self._last
        if not self._opening:
            return _status(self._sent(statement, row, after="COMMIT"))
        self._leave_a_dead_connection()
        opening, self._opening = self._opening, None
        return _status(self._sent(statement, row, before=opening, after="COMMIT"))

    def _leave_a_dead_connection(self) -> None:
        """Take another connection if the server has hung up on this one.

        Once everything has been sent in one message, nobody could tell whether it was stored.
        """
        line = select.poll()
        line.register(self._connection.connection.fileno(), select.POLLIN)
        if line.poll(0):  # an idle server says nothing, unless it takes its leave
            self.discard()
            self._connection = self._open()

    def _sent(self, statement: Executable, rows: Any, **beside: str) -> CursorResult[Any]:
        """Send a statement; `before` and `after` go with it in one message (see `watch_over`)."""
        try:
            return self._connection.execute(statement, rows, execution_options=beside)
        except (DBAPIError, PendingRollbackError) as error:
            ours = self.as_ours(error, committing="after" in beside)
            if ours is None:
                raise
            raise ours from error

    def _say(self, command: str) -> str | None:
        try:
            return _status(self._connection.exec_driver_sql(command))
        except (DBAPIError, PendingRollbackError) as error:
            ours = self.as_ours(error, committing=command == "COMMIT")
            if ours is None:
                raise
            raise ours from error


def _status(result: CursorResult[Any]) -> str | None:
    return getattr(result.context.cursor, "statusmessage", None)
