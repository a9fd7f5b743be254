"""The marker of a complete snapshot: the server took it last and then stopped.

It is written last, and removed by the next run before that run writes anything. A snapshot without
one may lack acknowledged writes, so restoring it ends all sessions and mailed links. A torn marker
or that of another Space does not count.
"""

import os
from contextlib import suppress
from pathlib import Path

from backend.kernel.settings import SettingsError
from backend.storage.snapshots.store import Copy

_SUFFIX = ".complete"


def is_complete(copy: Copy, space: str) -> bool:
    """Tell whether `copy` contains all writes acknowledged by this Space.

    In another Space it is not complete: the first may have gone on.
    """
    try:
        return _marker_path(copy).read_text("utf-8") == _marker_text(copy, space)
    except (OSError, ValueError):
        return False


def write_marker(copy: Copy, space: str) -> None:
    """Write the marker; raises OSError if it does not read back as written."""
    marker = _marker_path(copy)
    descriptor = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as write:
        write.write(_marker_text(copy, space))
        write.flush()
        with suppress(OSError):  # some mounts cannot; there closing makes it durable
            os.fsync(write.fileno())
    if not is_complete(copy, space):
        raise OSError(f"{marker} does not read back as it was written")


def remove_markers(folder: Path) -> None:
    """Remove all markers; raises SettingsError if one stays, as it would be false from now on.

    Raises OSError if the folder cannot be read.
    """
    for name in os.listdir(folder):
        if not name.endswith(_SUFFIX):
            continue
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise SettingsError(
                f"SNAPSHOT_DIR: {folder / name} cannot be removed ({error.strerror}). It marks "
                "its snapshot as complete, which is no longer true once the server runs. Let this "
                "user write there, or unset SNAPSHOT_DIR."
            ) from None


def _marker_path(copy: Copy) -> Path:
    return copy.path.with_name(copy.path.name + _SUFFIX)


def _marker_text(copy: Copy, space: str) -> str:
    return f"{copy.path.name} is complete, as {space or 'no Space'} left it\n"
