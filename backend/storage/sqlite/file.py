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
from backend.storage.errors import DatabaseConflict, DatabaseUnavailable, Trouble

_EXAMINE_EVERY = 5.0  # seconds; it reads all of the file

log = structlog.get_logger()


class _Sight(NamedTuple):
    """The file, its log (-wal) and its index (-shm): which they are, and what moves if written."""

    which: tuple[tuple[int, int], ...]
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
            self._anchor = _opened(file)
        except sqlite3.Error as error:
            raise SettingsError(f"{file} cannot be opened: {error}.") from None
        self._opened = self._seen = self._see()
        self._doubt: str | None = None
        self._examined_at = float("-inf")
        self._saved = False

    @property
    def is_doubted(self) -> bool:
        """Whether it must be examined before it is used again."""
        return self._doubt is not None

    def check(self) -> None:
        """Raise DatabaseUnavailable unless everything is where it was, and sound.

        Costs three looks at the folder: microseconds.
        """
        self._check(self._see())

    def look(self, *, others_committed: bool) -> None:
        """Compare with the last look, as the writer; a DatabaseConflict if it must be examined.

        SQLite writes to the file itself only to move commits there from the log. If nobody has
        committed, whoever wrote to it was not SQLite.
        """
        sight = self._see()
        self._check(sight)
        moved = (sight.size, sight.written_at) != (self._seen.size, self._seen.written_at)
        if (moved or sight.log_size < self._seen.log_size) and not others_committed:
            self.doubt("it was written to while nobody committed anything")
            raise DatabaseConflict(str(self._doubt), Trouble.DAMAGED)
        self._seen = sight

    def confirm(self) -> None:
        """After a COMMIT of ours: raise DatabaseUnavailable if it went into a file that is gone."""
        sight = self._see()
        self._check(sight)
        self._seen = sight

    def doubt(self, reason: str) -> None:
        """Let nobody use the file until it was examined."""
        self._doubt = f"{self._file.name} is damaged: {reason}"

    def examine(self) -> None:
        """Read all of the file and trust it again if it is sound, as the only writer.

        Connections that are open may remember what the file does not say any more: the caller
        closes them. Raises DatabaseUnavailable if it is damaged, or was a moment ago.
        """
        now = self._clock.monotonic()
        if now - self._examined_at < _EXAMINE_EVERY:
            self.check()
        self._examined_at = now
        sight = self._see()
        try:
            with closing(_opened(self._file)) as fresh:
                verdict = fresh.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            verdict = str(error)
        if verdict != "ok":
            self.doubt(verdict.splitlines()[-1])
            self.check()
        self._doubt, self._seen = None, sight
        log.warning("sqlite_file_examined", verdict="it is sound")

    def save(self) -> None:
        """Once: move what stands in the log alone into the file that was opened, if either is gone.

        A log that is gone would take acknowledged writes along if the process is killed; one that
        stays would be played into another file that was put beside it.
        """
        with suppress(OSError):
            if self._saved or self._which(self._paths[:2]) == self._opened.which[:2]:
                return
        self._saved = True
        with suppress(sqlite3.Error):
            self._anchor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file; the last connection to be closed tidies up beside it."""
        self._anchor.close()

    def _check(self, sight: _Sight) -> None:
        if sight.which != self._opened.which:
            raise self._replaced()
        if self._doubt is not None:
            raise DatabaseUnavailable(self._doubt, Trouble.DAMAGED)

    def _see(self) -> _Sight:
        try:
            file, log_beside, index = (os.stat(path) for path in self._paths)
        except OSError:
            raise self._replaced() from None
        which = tuple((each.st_dev, each.st_ino) for each in (file, log_beside, index))
        return _Sight(which, file.st_size, file.st_mtime_ns, log_beside.st_size)

    def _which(self, paths: list[str]) -> tuple[tuple[int, int], ...]:
        return tuple((each.st_dev, each.st_ino) for each in map(os.stat, paths))

    def _replaced(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"{self._file.name}, its -wal or its -shm was removed, moved or replaced while the "
            "server runs. Put it back, or stop the server before another takes its place",
            Trouble.REPLACED,
        )


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False)
    try:
        prepare_sqlite(connection, None)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
