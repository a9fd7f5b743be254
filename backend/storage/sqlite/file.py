"""Detects that the SQLite file was removed, replaced or overwritten; SQLite itself does not.

Commits into a removed or replaced file are lost when the process ends; writes into a file that
something else has overwritten corrupt it.
"""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from backend.kernel.clock import Clock
from backend.kernel.settings import SettingsError
from backend.storage.dialects import prepare_sqlite
from backend.storage.errors import DatabaseConflict, DatabaseUnavailable, Fault

_INTEGRITY_CHECK_INTERVAL = 5.0  # seconds; it reads the whole file

log = structlog.get_logger()


class _FileState(NamedTuple):
    """The identity of the file, its -wal and its -shm, and what changes when they are written."""

    inodes: tuple[tuple[int, int], ...]
    size: int
    written_at: int
    log_size: int


class SqliteFile:
    """Watches the file while the server uses it.

    It keeps an unused connection open: as long as there is one, SQLite neither recreates nor
    removes -wal and -shm, so if that happens, something else did it.
    """

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file, self._clock = file, clock
        self._paths = [f"{file}{suffix}" for suffix in ("", "-wal", "-shm")]
        try:
            self._anchor = _connect(file)
        except sqlite3.Error as error:
            raise SettingsError(f"{file} cannot be opened: {error}.") from None
        self._opened = self._last_state = self._stat_files()
        self._suspicion: str | None = None
        self._checked_at = float("-inf")
        self._checkpointed = False

    @property
    def is_suspect(self) -> bool:
        """Whether its integrity must be checked before it is used again."""
        return self._suspicion is not None

    def check(self) -> None:
        """Raise DatabaseUnavailable if a file was removed or replaced, or may be damaged.

        Costs three calls of stat, microseconds.
        """
        self._check(self._stat_files())

    def check_foreign_writes(self, *, others_committed: bool) -> None:
        """Raise DatabaseConflict if something else than SQLite has written; only for the writer.

        SQLite writes to the main file only to move commits there from the log. If it has changed
        without a commit, SQLite has not done it.
        """
        state, last = self._stat_files(), self._last_state
        self._check(state)
        moved = (state.size, state.written_at) != (last.size, last.written_at)
        if (moved or state.log_size < last.log_size) and not others_committed:
            self.mark_suspect("it was written to while nobody committed anything")
            raise DatabaseConflict(str(self._suspicion), Fault.DAMAGED)
        self._last_state = state

    def confirm_commit(self) -> None:
        """After a COMMIT: raise DatabaseUnavailable if it went into a removed or replaced file."""
        state = self._stat_files()
        self._check(state)
        self._last_state = state

    def mark_suspect(self, reason: str) -> None:
        """Refuse all use until `check_integrity` finds the file sound."""
        self._suspicion = f"{self._file.name} is damaged: {reason}"

    def check_integrity(self) -> None:
        """Check the whole file and allow its use if it is sound; only for the writer.

        The caller closes all open connections, whose page caches may be stale. Raises
        DatabaseUnavailable if the file is damaged, or was at a check a moment ago.
        """
        now = self._clock.monotonic()
        if now - self._checked_at < _INTEGRITY_CHECK_INTERVAL:
            self.check()
        self._checked_at = now
        state = self._stat_files()
        try:
            with closing(_connect(self._file)) as fresh:
                verdict = fresh.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            verdict = str(error)
        if verdict != "ok":
            self.mark_suspect(verdict.splitlines()[-1])
            self.check()
        self._suspicion, self._last_state = None, state
        log.warning("sqlite_file_examined", verdict="it is sound")

    def checkpoint_if_replaced(self) -> None:
        """If the file or its log was replaced, move the log into the opened file, once.

        With a removed log, acknowledged writes would be lost if the process is killed; a log that
        stays would be replayed into the file that replaced ours.
        """
        with suppress(OSError):
            if self._checkpointed or self._inodes(self._paths[:2]) == self._opened.inodes[:2]:
                return
        self._checkpointed = True
        with suppress(sqlite3.Error):
            self._anchor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection; the last one to be closed removes -wal and -shm."""
        self._anchor.close()

    def _check(self, state: _FileState) -> None:
        if state.inodes != self._opened.inodes:
            raise self._replaced()
        if self._suspicion is not None:
            raise DatabaseUnavailable(self._suspicion, Fault.DAMAGED)

    def _stat_files(self) -> _FileState:
        try:
            file, log_beside, index = (os.stat(path) for path in self._paths)
        except OSError:
            raise self._replaced() from None
        inodes = tuple((each.st_dev, each.st_ino) for each in (file, log_beside, index))
        return _FileState(inodes, file.st_size, file.st_mtime_ns, log_beside.st_size)

    def _inodes(self, paths: list[str]) -> tuple[tuple[int, int], ...]:
        return tuple((each.st_dev, each.st_ino) for each in map(os.stat, paths))

    def _replaced(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"{self._file.name}, its -wal or its -shm was removed, moved or replaced while the "
            "server runs. Put it back, or stop the server before another takes its place",
            Fault.REPLACED,
        )


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False)
    try:
        prepare_sqlite(connection, None)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
