"""Snapshots of the SQLite file in SNAPSHOT_DIR: a Space loses its own disk at every restart."""

import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import structlog

from backend.kernel.clock import Clock
from backend.kernel.settings import Settings, SettingsError
from backend.storage.addresses import sqlite_file
from backend.storage.engine import create_private
from backend.storage.snapshot_shelf import shelves

_STOP_WITHIN = 20.0  # seconds; then the process ends without its last snapshot
log = structlog.get_logger()


class Snapshots:
    """Takes a snapshot after each burst of writes, in its own thread, and a last one at the end.

    SQLite's backup reads what was committed when it began; writes go on meanwhile. What is written
    after the last snapshot is lost with the disk: some seconds' worth after a crash. The generated
    signing key, if `key` names one, is saved beside the data: without it every session would end.
    """

    def __init__(
        self,
        file: Path,
        folder: Path,
        clock: Clock,
        *,
        key: Path | None = None,
        quiet: float = 3.0,
        at_most_every: float = 10.0,
    ) -> None:
        self._file, self._key, self._clock = file, key, clock
        self._database_shelf, self._key_shelf = shelves(folder)
        self._quiet, self._at_most_every = quiet, at_most_every
        self._writes, self._saved = 0, 0
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self.last: datetime | None = None
        """When the last snapshot was taken, for whoever runs the server."""
        self.trouble: str | None = None
        """Why the last attempt failed, if it did."""

    def start(self) -> None:
        """Begin, first with what a killed server had not saved yet."""
        self._thread.start()
        self.wrote()

    def wrote(self) -> None:
        """Tell that something was committed; costs nothing to call."""
        self._writes += 1
        self._wake.set()

    def stop(self) -> None:
        """Take the last snapshot, if anything was written since the one before, and end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(_STOP_WITHIN)

    def _run(self) -> None:
        last_round = False
        while not last_round:
            self._wake.wait()
            self._wake.clear()
            last_round = self._stopping.is_set()
            self._let_the_burst_end()
            self._save()

    def _let_the_burst_end(self) -> None:
        began = self._clock.monotonic()
        while (left := self._at_most_every - (self._clock.monotonic() - began)) > 0:
            seen = self._writes
            if self._stopping.wait(min(self._quiet, left)) or self._writes == seen:
                return

    def _save(self) -> None:
        writes = self._writes
        if writes == self._saved:
            return
        try:
            self._take()
        except (OSError, sqlite3.Error, SettingsError) as error:
            self.trouble = str(error)
            log.error("snapshot_failed", reason=self.trouble)
            self._stopping.wait(self._at_most_every)
            self._wake.set()
        else:
            self._saved, self.trouble = writes, None

    def _take(self) -> None:
        began = self._clock.monotonic()
        if self._key is not None and self._key.exists():
            self._key_shelf.put(self._key, self._clock.now())
        draft = self._file.with_name(f"{self._file.name}.snapshot")
        try:
            _back_up(self._file, draft)
            size = draft.stat().st_size
            copy = self._database_shelf.put(draft, self._clock.now())
        finally:
            draft.unlink(missing_ok=True)
        self.last = copy.taken_at
        took = round(1000 * (self._clock.monotonic() - began))
        log.info("snapshot_taken", name=copy.path.name, bytes=size, milliseconds=took)


def snapshots_for(settings: Settings, clock: Clock) -> Snapshots | None:
    """Make what SNAPSHOT_DIR asks for, if it is set."""
    if settings.snapshot_dir is None:
        return None
    key = None if settings.secret_key else settings.data_dir / "secret_key"
    return Snapshots(sqlite_file(settings), settings.snapshot_dir, clock, key=key)


def check(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError unless the database is sound."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _back_up(file: Path, draft: Path) -> None:
    draft.unlink(missing_ok=True)  # of a server that was killed meanwhile
    create_private(draft)
    source_address = f"{file.absolute().as_uri()}?mode=rw"  # never makes an empty one
    with (
        closing(sqlite3.connect(source_address, uri=True)) as source,
        closing(sqlite3.connect(draft)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # then it is one file and complete
        check(target)
