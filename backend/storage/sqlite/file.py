"""Is the SQLite file still the one that was opened, and has nobody but SQLite written to it?

What is committed into a file that was removed, or that another was moved over, is gone with the
process; what is written to one that somebody else wrote over is a mixture. SQLite notices neither.
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

_INTEGRITY_CHECK_INTERVAL = 5.0  # seconds; it reads all of the file

log = structlog.get_logger()


class _FileState(NamedTuple):
    """The file, its log (-wal) and its index (-shm): which they are, and what moves if written."""

    inodes: tuple[tuple[int, int], ...]
    size: int
    written_at: int
    log_size: int


class SqliteFile:
    """Watches one file for as long as a connection to it is open.

    A connection of its own, never used, stays open as well: while one is, SQLite neither makes the
    log and the index anew nor removes them, so whoever does is a stranger.
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
        """Whether it must be examined before it is used again."""
        return self._suspicion is not None

    def check(self) -> None:
        """Raise DatabaseUnavailable unless everything is where it was, and sound.

        Costs three looks at the folder: microseconds.
        """
        self._check(self._stat_files())

    def check_foreign_writes(self, *, others_committed: bool) -> None:
        """Compare with the last look, as the writer; a DatabaseConflict if it must be examined.

        SQLite writes to the file itself only to move commits there from the log. If nobody has
        committed, whoever wrote to it was not SQLite.
        """
        state = self._stat_files()
        self._check(state)
        moved = (state.size, state.written_at) != (
            self._last_state.size,
            self._last_state.written_at,
        )
        if (moved or state.log_size < self._last_state.log_size) and not others_committed:
            self.mark_suspect("it was written to while nobody committed anything")
            raise DatabaseConflict(str(self._suspicion), Fault.DAMAGED)
        self._last_state = state

    def confirm_commit(self) -> None:
        """After a COMMIT of ours: raise DatabaseUnavailable if it went into a file that is gone."""
        state = self._stat_files()
        self._check(state)
        self._last_state = state

    def mark_suspect(self, reason: str) -> None:
        """Let nobody use the file until it was examined."""
        self._suspicion = f"{self._file.name} is damaged: {reason}"

    def check_integrity(self) -> None:
        """Read all of the file and trust it again if it is sound, as the only writer.

        Connections that are open may remember what the file does not say any more: the caller
        closes them. Raises DatabaseUnavailable if it is damaged, or was a moment ago.
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
        """Once: move what stands in the log alone into the file that was opened, if either is gone.

        A log that is gone would take acknowledged writes along if the process is killed; one that
        stays would be played into another file that was put beside it.
        """
        with suppress(OSError):
            if self._checkpointed or self._inodes(self._paths[:2]) == self._opened.inodes[:2]:
                return
        self._checkpointed = True
        with suppress(sqlite3.Error):
            self._anchor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file; the last connection to be closed tidies up beside it."""
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
