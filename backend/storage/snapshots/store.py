"""Copies of a file in a folder that may be a mounted object store.

Such a store may lack rename and ordered writes, and after a crash a file may be torn. So a copy is
written once, sequentially, under a name that contains its time and the digest of its content. A
copy that does not match its digest does not count.
"""

import hashlib
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_COPIES_KEPT = 3
_TIME = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """One copy, with what its name says."""

    taken_at: datetime
    digest: str
    path: Path

    def is_intact(self) -> bool:
        """Compare the content with the digest; raises OSError if it cannot be read."""
        return _digest(self.path) == self.digest


class SnapshotStore:
    """The copies of one file, called `{stem}-{time}-{digest}{suffix}`."""

    def __init__(self, folder: Path, stem: str, suffix: str) -> None:
        self._folder, self._stem, self._suffix = folder, stem, suffix
        parts = rf"{re.escape(stem)}-(\d{{8}}T\d{{12}}Z)-([0-9a-f]{{32}}){re.escape(suffix)}"
        self._name = re.compile(parts)

    def newest_first(self) -> list[Copy]:
        """List the copies, intact or not; raises OSError if the folder cannot be read."""
        matches = [(path, self._name.fullmatch(path.name)) for path in self._folder.iterdir()]
        copies = [Copy(_time(name[1]), name[2], path) for path, name in matches if name]
        return sorted(copies, reverse=True)

    def add(self, source: Path, now: datetime) -> Copy:
        """Add a copy, verify it, and delete all but the last three.

        Adds none if the newest one is the same. Raises OSError, and deletes nothing, if the copy
        cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        digest, before = _digest(source), self.newest_first()
        if before and before[0].digest == digest and before[0].is_intact():
            return before[0]
        # Never older than the existing ones, even if the clock was set back.
        now = max([now, *(each.taken_at + timedelta(microseconds=1) for each in before)])
        path = self._folder / f"{self._stem}-{now.strftime(_TIME)}-{digest}{self._suffix}"
        copy = Copy(now, digest, path)
        try:
            _write_through(source, path)
            if not copy.is_intact():
                raise OSError(f"{path} does not read back as it was written")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        for old in before[_COPIES_KEPT - 1 :]:
            old.path.unlink(missing_ok=True)
        return copy


def snapshot_stores(folder: Path) -> tuple[SnapshotStore, SnapshotStore]:
    """Return the stores of the snapshots and of the generated key."""
    return SnapshotStore(folder, "gatehouse", ".db"), SnapshotStore(folder, "secret_key", "")


def _write_through(source: Path, to: Path) -> None:
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as write:
        shutil.copyfileobj(read, write, 1 << 20)
        write.flush()
        with suppress(OSError):  # some mounts cannot; there closing makes it durable
            os.fsync(write.fileno())


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:32]


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
