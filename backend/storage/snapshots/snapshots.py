"""Takes snapshots of the SQLite file in SNAPSHOT_DIR: a Space loses its disk at every restart."""

import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import structlog

from backend.kernel.clock import Clock
from backend.kernel.settings import Settings, SettingsError
from backend.process import exit_watchdog
from backend.storage.engine import create_private
from backend.storage.snapshots.completion_marker import remove_markers, write_marker
from backend.storage.snapshots.store import Copy, snapshot_stores
from backend.storage.sqlite.data_dir_lock import has_running_commands
from backend.storage.urls import sqlite_file

_STOP_WITHIN = 20.0  # seconds; afterwards the last snapshot is not marked complete
_LAST_ATTEMPTS = 3
log = structlog.get_logger()


class Snapshots:
    """Takes a snapshot after each burst of writes, in its own thread, and a last one at the end.

    SQLite's backup reads what was committed when it began, and writes go on meanwhile. A crash
    loses the writes since the last snapshot, some seconds. Only a last snapshot that contains all
    writes is marked complete, for `space`. The generated signing key, `key`, is saved as well:
    without it all sessions would end.
    """

    def __init__(
        self,
        file: Path,
        folder: Path,
        clock: Clock,
        *,
        key: Path | None = None,
        space: str = "",
        quiet: float = 3.0,
        at_most_every: float = 10.0,
    ) -> None:
        self._file, self._folder, self._key, self._space = file, folder, key, space
        self._clock = clock
        self._database_store, self._key_store = snapshot_stores(folder)
        self._quiet, self._at_most_every = quiet, at_most_every
        self._saved: int | None = None
        """The data_version contained in the last snapshot."""
        self._copy: Copy | None = None
        self._wake = threading.Event()
        self._save_requested, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self.last_error: str | None = None
        """Why the last attempt failed, if it did."""

    @property
    def last(self) -> datetime | None:
        """When the last snapshot was taken."""
        return self._copy.taken_at if self._copy else None

    def start(self) -> None:
        """Start, with a snapshot of what a killed server had not saved."""
        self._thread.start()
        self.note_write()

    def note_write(self) -> None:
        """Note a commit; costs nothing."""
        self._wake.set()

    def save_now(self) -> None:
        """Take a snapshot now: the server is stopping, and only requests in flight may write.

        So little is left for the last one.
        """
        self._save_requested.set()
        self._wake.set()

    def stop(self) -> None:
        """Take a last snapshot if needed, mark it complete, and stop; after the last write."""
        exit_watchdog.extend_deadline(_STOP_WITHIN + 1)
        self._stopping.set()
        self.save_now()
        self._thread.join(_STOP_WITHIN)
        if self._thread.is_alive():
            log.error("last_snapshot_missed", reason=f"it took longer than {_STOP_WITHIN:.0f} s")

    def _run(self) -> None:
        # A connection of its own sees every commit as a change of data_version.
        with closing(_connect(self._file)) as source:
            while not self._stopping.is_set():
                self._wake.wait(self._at_most_every)
                self._wake.clear()
                if _data_version(source) != self._saved:
                    self._wait_until_quiet(source)
                    self._save(source)
                if self._save_requested.is_set() and self.last_error is None:
                    self._stopping.wait()
            self._finish(source)

    def _wait_until_quiet(self, source: sqlite3.Connection) -> None:
        began = self._clock.monotonic()
        while (left := self._at_most_every - (self._clock.monotonic() - began)) > 0:
            before = _data_version(source)
            if self._save_requested.wait(min(self._quiet, left)) or _data_version(source) == before:
                return

    def _save(self, source: sqlite3.Connection) -> None:
        version = _data_version(source)  # read before the copy: later writes are saved again
        try:
            self._copy = self._take_snapshot(source)
        except (OSError, sqlite3.Error, SettingsError) as error:
            self.last_error = str(error)
            log.error("snapshot_failed", reason=self.last_error)
            self._stopping.wait(self._at_most_every)
            self._wake.set()
        else:
            self._saved, self.last_error = version, None

    def _finish(self, source: sqlite3.Connection) -> None:
        for _ in range(_LAST_ATTEMPTS):
            if self._copy is not None and _data_version(source) == self._saved:
                break
            self._save(source)
        if self._copy is None or _data_version(source) != self._saved:
            log.error("last_snapshot_missed", reason=self.last_error or "writes continue")
            return
        if has_running_commands(self._file.parent):
            log.warning("last_snapshot_not_marked", reason="a command still uses the database")
            return
        try:
            write_marker(self._copy, self._space)
        except OSError as error:
            log.error("last_snapshot_missed", reason=str(error))

    def _take_snapshot(self, source: sqlite3.Connection) -> Copy:
        began = self._clock.monotonic()
        if self._folder.exists():  # it may not have been readable at start
            remove_markers(self._folder)
        if self._key is not None and self._key.exists():
            self._key_store.add(self._key, self._clock.now())
        draft = self._file.with_name(f"{self._file.name}.snapshot")
        try:
            _back_up(source, draft)
            size = draft.stat().st_size
            copy = self._database_store.add(draft, self._clock.now())
        finally:
            draft.unlink(missing_ok=True)
        took = round(1000 * (self._clock.monotonic() - began))
        log.info("snapshot_taken", name=copy.path.name, bytes=size, milliseconds=took)
        return copy


def create_snapshots(settings: Settings, clock: Clock) -> Snapshots | None:
    """Create the snapshots of SNAPSHOT_DIR, if it is set."""
    if settings.snapshot_dir is None:
        return None
    key = None if settings.secret_key else settings.data_dir / "secret_key"
    space = settings.space_id or ""
    return Snapshots(sqlite_file(settings), settings.snapshot_dir, clock, key=key, space=space)


def check_integrity(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError unless the database is sound."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _connect(file: Path) -> sqlite3.Connection:
    address = f"{file.absolute().as_uri()}?mode=rw"  # never creates a file
    return sqlite3.connect(address, uri=True)


def _data_version(source: sqlite3.Connection) -> int:
    (version,) = source.execute("PRAGMA data_version").fetchone()
    return int(version)


def _back_up(source: sqlite3.Connection, draft: Path) -> None:
    draft.unlink(missing_ok=True)  # left by a killed server
    create_private(draft)
    with closing(sqlite3.connect(draft)) as target:
        target.execute("PRAGMA synchronous = OFF")  # only the copy in the store must last
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # leaves one complete file
        check_integrity(target)
