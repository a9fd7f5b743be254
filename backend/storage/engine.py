"""Connections: how they are opened, lent and given back."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from backend.kernel.clock import Clock
from backend.kernel.settings import SettingsError
from backend.storage.db import Db
from backend.storage.dialects import prepare_sqlite
from backend.storage.errors import DatabaseConflict as DatabaseConflict
from backend.storage.errors import DatabaseUnavailable as DatabaseUnavailable
from backend.storage.errors import Trouble, as_ours, first_line
from backend.storage.postgres.circuit_breaker import CircuitBreaker
from backend.storage.postgres.connections import CONNECT_ARGUMENTS, watch_over
from backend.storage.postgres.primary import Primary, follow_primary
from backend.storage.postgres.watchdog import ConnectionWatchdog
from backend.storage.sqlite.fair_lock import FairLock
from backend.storage.sqlite.file import SqliteFile

_RECYCLE_AFTER = 240  # seconds; Neon suspends after 300 and cuts what is open
_CHECKOUT_WAIT = 2.0  # seconds; then the caller hears 503 rather than queueing up
_WRITER_WAIT = 3.0  # seconds for the writes before ours, on SQLite


class Database:
    """One database, lent connection by connection.

    Every connection is in autocommit mode; a transaction is what stands between our own BEGIN and
    COMMIT. `after_write` is called, in the thread that wrote, after each commit that wrote, and so
    is whoever asks for it with `also_after_write`.
    """

    def __init__(
        self,
        url: URL,
        clock: Clock,
        *,
        connections: int = 8,
        after_write: Callable[[], None] | None = None,
    ) -> None:
        self.url = url
        self.kind: Literal["sqlite", "postgresql"] = (
            "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
        )
        self._watchdog: ConnectionWatchdog | None = None
        self._primary = Primary(clock)
        self._file: SqliteFile | None = None
        if self.kind == "sqlite":
            create_private(Path(url.database or ""))
            self._file = SqliteFile(Path(url.database or ""), clock)
            self.engine = _sqlite_engine(url, connections, self._file)
        else:
            self._watchdog = ConnectionWatchdog()
            self.engine = _postgres_engine(url, connections)
            follow_primary(self.engine, self._primary)
            watch_over(self.engine, CircuitBreaker(clock), clock, self._watchdog)
        self._clock = clock
        self._tasks_after_write = [after_write] if after_write is not None else []
        self._writing = FairLock()
        self._writer: Connection | None = None
        self._writers_opened = 0
        self.looked = (float("-inf"), (0, 0))
        """When we last looked at the SQLite file; a version that moves when others change it."""
        self.trouble: Trouble | None = None
        """Why the last write was not stored; None once one is again."""

    def read(self) -> Db:
        """Lend a connection for statements that change nothing."""
        self._check_file()
        return Db(self._connect, Connection.close, failed=self._noted)

    def write(self) -> Db:
        """Lend a connection on which a transaction begins."""
        self._examine_if_doubted()
        db = self._lend()
        try:
            db.begin()
            if self.kind == "sqlite":
                self._look(db)
        except BaseException:
            db.discard()
            db.give_back()
            self._save_if_replaced()
            raise
        return db

    def also_after_write(self, task: Callable[[], None]) -> None:
        """Call `task` too, in the thread that wrote, after each commit that wrote."""
        self._tasks_after_write.append(task)

    def look(self, wait: float) -> bool:
        """Note in `looked` whether another process has changed the SQLite file.

        False when a write of our own takes longer than `wait` seconds. Raises DatabaseUnavailable
        if the file is gone or may be damaged.
        """
        writer = self._lend_writer(wait)
        if writer is None:
            return False
        try:
            self._look(writer)
        finally:
            writer.give_back()
        return True

    @property
    def turn(self) -> int:
        """Moves when all connections made before are given up; for `look_for_primary`."""
        return self._primary.turn

    def look_for_primary(self, turn: int) -> bool:
        """Make all connections anew, as their server may not be written to; at most once a second.

        `turn` is the one before that server was asked. False if a connection made in it is as new
        as can be; where somebody else has made them anew since, it is not.
        """
        return self._primary.look_again(turn)

    def watch(self, connection: Any) -> AbstractContextManager[None]:
        """Cut a psycopg2 connection of the caller's own if it gets no answer within this `with`."""
        return self._watchdog.watch(connection) if self._watchdog else nullcontext()

    def close(self) -> None:
        with self._writing:
            self._close_writer()
        self.engine.dispose()
        if self._file is not None:
            self._file.close()
        if self._watchdog is not None:
            self._watchdog.close()

    def _lend(self) -> Db:
        if self.kind == "postgresql":
            return Db(self._connect, Connection.close, self._wrote, failed=self._write_failed)
        if writer := self._lend_writer(_WRITER_WAIT):
            return writer
        raise DatabaseUnavailable("another write takes too long")

    def _lend_writer(self, wait: float) -> Db | None:
        # SQLite has one writer. Waiting here costs microseconds; waiting inside SQLite polls.
        if not self._writing.acquire(timeout=wait):
            return None
        try:
            return Db(
                self._open_writer,
                lambda _: self._writing.release(),
                self._wrote,
                failed=self._write_failed,
                confirm=self._file.confirm if self._file else None,
            )
        except BaseException:
            self._writing.release()
            raise

    def _open_writer(self) -> Connection:
        if self._writer is None or self._writer.invalidated:
            self._writer = self._connect()
            self._writers_opened += 1
        return self._writer

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _check_file(self) -> None:
        """Raise DatabaseUnavailable if the SQLite file is not fit for use."""
        if self._file is None:
            return
        self._examine_if_doubted()
        try:
            self._file.check()
        except DatabaseUnavailable:
            self._save_if_replaced()
            raise

    def _examine_if_doubted(self) -> None:
        if self._file is None or not self._file.is_doubted:
            return
        if self._writing.acquire(timeout=0):
            try:
                self._file.examine()
                self._close_writer()  # with all the others: what they remember may not be true
                self.engine.dispose()
            finally:
                self._writing.release()

    def _save_if_replaced(self) -> None:
        if self._file is not None:
            self._file.save()

    def _noted(self, failure: DatabaseUnavailable) -> None:
        if failure.trouble is Trouble.DAMAGED and self._file is not None:
            self._file.doubt(str(failure))

    def _write_failed(self, failure: DatabaseUnavailable) -> None:
        self._noted(failure)
        if failure.trouble is not Trouble.AWAY:  # which is over as soon as it is
            self.trouble = failure.trouble

    def _wrote(self) -> None:
        self.trouble = None
        for task in self._tasks_after_write:
            task()

    def _look(self, writer: Db) -> None:
        began = self._clock.monotonic()
        version = (self._writers_opened, writer.data_version())
        if self._file is not None:
            self._file.look(others_committed=version != self.looked[1])
        self.looked = (began, version)

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except PoolTimeoutError as error:
            raise DatabaseUnavailable("all connections are in use") from error
        except DBAPIError as error:
            trouble = getattr(as_ours(error), "trouble", Trouble.AWAY)
            raise DatabaseUnavailable(first_line(error), trouble) from error


def create_private(file: Path) -> None:
    """Make an empty file only this user may read; raises SettingsError in plain words."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be written: {error.strerror}. "
            "Set DATA_DIR to a folder that this user may write."
        ) from None


def _postgres_engine(url: URL, connections: int) -> Engine:
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=connections,
        max_overflow=connections,
        pool_timeout=_CHECKOUT_WAIT,
        pool_recycle=_RECYCLE_AFTER,
        connect_args=CONNECT_ARGUMENTS,
        hide_parameters=True,  # an error must not carry an address or a hash into the log
    )


def _sqlite_engine(url: URL, connections: int, file: SqliteFile) -> Engine:
    # As many as there are threads: they cost little, and none may wait for one on the event loop.
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=-1,
        hide_parameters=True,
    )
    event.listen(engine, "do_connect", lambda *_: file.check())  # or an empty one would be made
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "connect", lambda *_: file.check())  # it may be another's since we asked
    return engine
