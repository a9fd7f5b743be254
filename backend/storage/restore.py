"""Brings the SQLite file back from SNAPSHOT_DIR, when a start finds none."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import structlog

from backend.kernel.settings import Settings, SettingsError
from backend.storage.addresses import sqlite_file
from backend.storage.engine import create_private
from backend.storage.snapshot_shelf import Copy, shelves
from backend.storage.snapshots import check

log = structlog.get_logger()


class Restored(StrEnum):
    """What a start found, in words for whoever runs the server."""

    NO_SNAPSHOTS = "SNAPSHOT_DIR is not set"
    NOT_NEEDED = "the database was there"
    DONE = "the database was restored from a snapshot"
    NOTHING = "there was no snapshot to restore"


def restore_if_missing(settings: Settings) -> Restored:
    """Bring back the newest sound snapshot if there is no database, and the generated key with it.

    To be called before the key is read and the database opened. A damaged snapshot is skipped.
    Raises SettingsError when SNAPSHOT_DIR cannot be read at all: an empty start would soon put new
    snapshots in the place of good ones.
    """
    if settings.snapshot_dir is None:
        return Restored.NO_SNAPSHOTS
    file, (databases, keys) = sqlite_file(settings), shelves(settings.snapshot_dir)
    if file.exists() and file.stat().st_size:
        return Restored.NOT_NEEDED
    try:
        settings.snapshot_dir.mkdir(parents=True, exist_ok=True)
        copies, key_copies = databases.newest_first(), keys.newest_first()
    except OSError as error:
        raise SettingsError(
            f"SNAPSHOT_DIR {settings.snapshot_dir} cannot be used: {error.strerror}. "
            "Mount it, or unset it to run without snapshots."
        ) from None
    for copy in copies:
        if _fetch(copy, draft := file.with_name(f"{file.name}.restoring")):
            if settings.secret_key is None:
                _restore_key(key_copies, settings.data_dir / "secret_key")
            _put_in_place(draft, file)
            log.info("snapshot_restored", name=copy.path.name, bytes=file.stat().st_size)
            return Restored.DONE
    for copy in copies:  # none is sound: out of the way of new ones, for somebody to look at
        with suppress(OSError):  # not every mount can rename; then the new ones replace it in time
            copy.path.rename(copy.path.with_name(f"{copy.path.name}.damaged"))
    return Restored.NOTHING


def _fetch(copy: Copy, draft: Path, *, is_database: bool = True) -> bool:
    create_private(draft)
    try:
        shutil.copyfile(copy.path, draft)
        if not replace(copy, path=draft).is_whole():
            raise sqlite3.DatabaseError("it is torn: not what its name says")
        if is_database:
            with closing(sqlite3.connect(draft)) as connection:
                check(connection)
    except (OSError, sqlite3.Error) as error:
        draft.unlink()
        log.error("snapshot_skipped", name=copy.path.name, reason=str(error))
        return False
    return True


def _restore_key(copies: list[Copy], file: Path) -> None:
    draft = file.with_name(f"{file.name}.restoring")
    if any(_fetch(copy, draft, is_database=False) for copy in copies):
        _put_in_place(draft, file)


def _put_in_place(draft: Path, file: Path) -> None:
    # SQLite would play the log of a lost database into this one.
    for suffix in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(file)
