"""The mark beside a snapshot that holds everything: the server ended orderly right after it.

It is written last and withdrawn by the next run before that run writes anything. A snapshot
without it may be older than what was acknowledged, so a restore from it ends every session and
mailed link. Whatever is in doubt (a torn mark, another Space's) counts as no mark.
"""

import os
from contextlib import suppress
from pathlib import Path

from backend.kernel.settings import SettingsError
from backend.storage.snapshots.store import Copy

_SUFFIX = ".complete"


def is_complete(copy: Copy, space: str) -> bool:
    """Tell whether `copy` holds everything that the server of this Space had acknowledged.

    A copy that was taken to another Space lacks what happened since in the first.
    """
    try:
        return _marker_path(copy).read_text("utf-8") == _marker_text(copy, space)
    except (OSError, ValueError):
        return False


def write_marker(copy: Copy, space: str) -> None:
    """Write the mark; raises OSError when it does not read back as it was written."""
    marker = _marker_path(copy)
    descriptor = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as write:
        write.write(_marker_text(copy, space))
        write.flush()
        with suppress(OSError):  # some mounts cannot; closing is what makes it durable there
            os.fsync(write.fileno())
    if not is_complete(copy, space):
        raise OSError(f"{marker} does not read back as it was written")


def remove_markers(folder: Path) -> None:
    """Remove every mark; raises SettingsError when one stays: it would be false from now on.

    Raises OSError when the folder cannot be read.
    """
    for name in os.listdir(folder):
        if not name.endswith(_SUFFIX):
            continue
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise SettingsError(
                f"SNAPSHOT_DIR: {folder / name} cannot be removed ({error.strerror}). It says that "
                "nothing is newer than its snapshot, which is false once the server runs. Let this "
                "user write there, or unset SNAPSHOT_DIR."
            ) from None


def _marker_path(copy: Copy) -> Path:
    return copy.path.with_name(copy.path.name + _SUFFIX)


def _marker_text(copy: Copy, space: str) -> str:
    return f"{copy.path.name} is complete, as {space or 'no Space'} left it\n"
