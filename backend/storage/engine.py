"""The database of this process, and its pool of connections."""

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
from backend.process.circuit_breaker import CircuitBreaker
from backend.storage.db import Db
from backend.storage.dialects import prepare_sqlite
from backend.storage.errors import DatabaseConflict as DatabaseConflict
from backend.storage.errors import DatabaseUnavailable as DatabaseUnavailable
from backend.storage.errors import Fault, first_line, translate_error
from backend.storage.postgres.connections import CONNECT_ARGUMENTS, register_pool_events
from backend.storage.postgres.primary import Primary, follow_primary
from backend.storage.postgres.watchdog import ConnectionWatchdog
from backend.storage.sqlite.fair_lock import FairLock
from backend.storage.sqlite.file import SqliteFile

_RECYCLE_AFTER = 240  # seconds; Neon suspends after 300 and cuts open connections
_CHECKOUT_WAIT = 2.0  # seconds; then the caller gets 503
_WRITER_WAIT = 3.0  # seconds, for earlier writes on SQLite


class Database:
    """One database, from which connections are checked out.

    They are in autocommit mode; `Db` sends BEGIN and COMMIT itself. `after_write`, and callbacks
    added later, are called after each commit that wrote, in the thread that wrote.
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
        self.primary = Primary(clock)
        self._file: SqliteFile | None = None
        if self.kind == "sqlite":
            create_private(Path(url.database or ""))
            self._file = SqliteFile(Path(url.database or ""), clock)
            self.engine = _sqlite_engine(url, connections, self._file)
        else:
            self._watchdog = ConnectionWatchdog()
            self.engine = _postgres_engine(url, connections)
            follow_primary(self.engine, self.primary)
            register_pool_events(self.engine, CircuitBreaker(clock), clock, self._watchdog)
        self._clock = clock
        self._after_write_callbacks = [after_write] if after_write is not None else []
        self._writing = FairLock()
        self._writer: Connection | None = None
        self._writers_opened = 0
        self.last_poll = (float("-inf"), (0, 0))
        """When the SQLite file was last polled, and a version that changes when others write."""
        self.fault: Fault | None = None
        """Why the last write failed; None after one has succeeded."""

    def read(self) -> Db:
        """Check out a connection for queries, without a transaction."""
        self._check_file()
        return Db(self._connect, Connection.close, on_failure=self._note_damage)

    def write(self) -> Db:
        """Check out a connection and begin a transaction on it."""
        self._check_if_suspect()
        db = self._check_out()
        try:
            db.begin()
            if self.kind == "sqlite":
                self._poll_data_version(db)
        except BaseException:
            db.discard()
            db.release()
            self._checkpoint_if_replaced()
            raise
        return db

    def add_after_write_callback(self, task: Callable[[], None]) -> None:
        """Call `task` after each commit that wrote, in the thread that wrote."""
        self._after_write_callbacks.append(task)

    def poll_data_version(self, wait: float) -> bool:
        """Update `last_poll` from the SQLite file.

        False if a write of this process takes longer than `wait` seconds. Raises
        DatabaseUnavailable if the file was replaced or may be damaged.
        """
        writer = self._check_out_writer(wait)
        if writer is None:
            return False
        try:
            self._poll_data_version(writer)
        finally:
            writer.release()
        return True

    def watch(self, connection: Any) -> AbstractContextManager[None]:
        """Cut the caller's own psycopg2 connection if it gets no answer within this `with`."""
        return self._watchdog.watch(connection) if self._watchdog else nullcontext()

    def close(self) -> None:
        with self._writing:
            self._close_writer()
        self.engine.dispose()
        if self._file is not None:
            self._file.close()
        if self._watchdog is not None:
            self._watchdog.close()

    def _check_out(self) -> Db:
        if self.kind == "postgresql":
            return Db(self._connect, Connection.close, self._on_write, on_failure=self._on_failure)
        if writer := self._check_out_writer(_WRITER_WAIT):
            return writer
        raise DatabaseUnavailable("another write takes too long")

    def _check_out_writer(self, wait: float) -> Db | None:
        # SQLite has one writer. Waiting for it here costs microseconds; SQLite itself would poll.
        if not self._writing.acquire(timeout=wait):
            return None
        try:
            return Db(
                self._open_writer,
                lambda _: self._writing.release(),
                self._on_write,
                on_failure=self._on_failure,
                confirm_commit=self._file.confirm_commit if self._file else None,
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
        self._check_if_suspect()
        try:
            self._file.check()
        except DatabaseUnavailable:
            self._checkpoint_if_replaced()
            raise

    def _check_if_suspect(self) -> None:
        if self._file is None or not self._file.is_suspect:
            return
        if self._writing.acquire(timeout=0):
            try:
                self._file.check_integrity()
                self._close_writer()  # and all others: their page caches may be stale
                self.engine.dispose()
            finally:
                self._writing.release()

    def _checkpoint_if_replaced(self) -> None:
        if self._file is not None:
            self._file.checkpoint_if_replaced()

    def _note_damage(self, failure: DatabaseUnavailable) -> None:
        if failure.fault is Fault.DAMAGED and self._file is not None:
            self._file.mark_suspect(str(failure))

    def _on_failure(self, failure: DatabaseUnavailable) -> None:
        self._note_damage(failure)
        if failure.fault is not Fault.AWAY:  # known to be over as soon as a connection opens
            self.fault = failure.fault

    def _on_write(self) -> None:
        self.fault = None
        for task in self._after_write_callbacks:
            task()

    def _poll_data_version(self, writer: Db) -> None:
        began = self._clock.monotonic()
        version = (self._writers_opened, writer.data_version())
        if self._file is not None:
            self._file.check_foreign_writes(others_committed=version != self.last_poll[1])
        self.last_poll = (began, version)

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except PoolTimeoutError as error:
            raise DatabaseUnavailable("all connections are in use") from error
        except DBAPIError as error:
            fault = getattr(translate_error(error), "fault", Fault.AWAY)
            raise DatabaseUnavailable(first_line(error), fault) from error


def create_private(file: Path) -> None:
    """Create an empty file only this user may read; raises SettingsError if that fails."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be written: {error.strerror}. "
            "Set DATA_DIR to a folder that this user may write to."
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
    # No limit: connections cost little, and the event loop must never wait for one.
    engine = create_engine(url, pool_size=connections, max_overflow=-1, hide_parameters=True)
    event.listen(engine, "do_connect", lambda *_: file.check())  # or SQLite would create one
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "connect", lambda *_: file.check())  # replaced meanwhile?
    return engine
