"""Restores the SQLite file from SNAPSHOT_DIR if a start finds none."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import structlog

from backend.kernel.clock import Clock
from backend.kernel.randomness import Randomness
from backend.kernel.settings import Settings, SettingsError
from backend.storage.engine import create_private
from backend.storage.snapshots.after_restore import invalidate_restored_file
from backend.storage.snapshots.completion_marker import is_complete, remove_markers
from backend.storage.snapshots.snapshots import check_integrity
from backend.storage.snapshots.store import Copy, snapshot_stores
from backend.storage.urls import sqlite_file

log = structlog.get_logger()


class RestoreOutcome(StrEnum):
    """What happened at start, in words for the operator."""

    DISABLED = "SNAPSHOT_DIR is not set"
    NOT_NEEDED = "the database was there"
    COMPLETE = "the database was restored from a snapshot that holds everything"
    PARTIAL = "the database was restored, the last writes may be missing, and all sessions ended"
    NOTHING_FOUND = "there was no snapshot to restore"


def restore_if_missing(settings: Settings, clock: Clock, randomness: Randomness) -> RestoreOutcome:
    """Restore the newest sound snapshot, and the generated key, if there is no database.

    Must run before the key is read and the database opened; afterwards no snapshot is marked
    complete any more. Damaged snapshots are skipped. Unless the restored one was marked complete,
    all sessions and mailed links in it end: they may have ended since. Raises SettingsError if
    SNAPSHOT_DIR cannot be used: snapshots of an empty start would soon replace good ones.
    """
    if settings.snapshot_dir is None:
        return RestoreOutcome.DISABLED
    file = sqlite_file(settings)
    if file.exists() and file.stat().st_size:
        with suppress(OSError):  # retried before each snapshot
            remove_markers(settings.snapshot_dir)
        return RestoreOutcome.NOT_NEEDED
    try:
        settings.snapshot_dir.mkdir(parents=True, exist_ok=True)
        databases, keys = (store.newest_first() for store in snapshot_stores(settings.snapshot_dir))
        outcome = _restore_newest(settings, databases, keys, clock, randomness)
        # Not before the file is in place, so that a start killed in between loses nothing.
        remove_markers(settings.snapshot_dir)
    except OSError as error:
        raise SettingsError(
            f"SNAPSHOT_DIR {settings.snapshot_dir} cannot be used: {error.strerror}. "
            "Mount it, or unset it to run without snapshots."
        ) from None
    return outcome


def _restore_newest(
    settings: Settings, copies: list[Copy], keys: list[Copy], clock: Clock, randomness: Randomness
) -> RestoreOutcome:
    file = sqlite_file(settings)
    draft = file.with_name(f"{file.name}.restoring")
    for damaged, copy in enumerate(copies):
        if _copy_if_sound(copy, draft):
            complete = not damaged and is_complete(copy, settings.space_id)
            if not complete:
                taken = copy.taken_at
                invalidate_restored_file(draft, taken, settings, clock, randomness, damaged=damaged)
            if settings.secret_key is None:
                _restore_key(keys, settings.data_dir / "secret_key")
            _put_in_place(draft, file)
            log.warning("snapshot_restored", name=copy.path.name, complete=complete)
            return RestoreOutcome.COMPLETE if complete else RestoreOutcome.PARTIAL
    for copy in copies:  # none is sound: kept for an examination, out of the way of new ones
        with suppress(OSError):  # some mounts cannot rename; then new copies replace it
            copy.path.rename(copy.path.with_name(f"{copy.path.name}.damaged"))
    if copies:  # an empty database that records why it is empty
        create_private(draft)
        invalidate_restored_file(draft, None, settings, clock, randomness, damaged=len(copies))
        _put_in_place(draft, file)
    return RestoreOutcome.NOTHING_FOUND


def _copy_if_sound(copy: Copy, draft: Path, *, is_database: bool = True) -> bool:
    create_private(draft)
    try:
        shutil.copyfile(copy.path, draft)
        if not replace(copy, path=draft).is_intact():
            raise sqlite3.DatabaseError("it is torn: not what its name says")
        if is_database:
            with closing(sqlite3.connect(draft)) as connection:
                check_integrity(connection)
    except (OSError, sqlite3.Error) as error:
        draft.unlink()
        log.error("snapshot_skipped", name=copy.path.name, reason=str(error))
        return False
    return True


def _restore_key(copies: list[Copy], file: Path) -> None:
    draft = file.with_name(f"{file.name}.restoring")
    if any(_copy_if_sound(copy, draft, is_database=False) for copy in copies):
        _put_in_place(draft, file)


def _put_in_place(draft: Path, file: Path) -> None:
    # SQLite would replay the log of the lost database into this one.
    for suffix in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    for backup in draft.parent.glob(f"{draft.name}.before-*"):
        backup.replace(file.with_name(backup.name.replace(draft.name, file.name)))
    draft.replace(file)
