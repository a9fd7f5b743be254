"""On SQLite exactly one server owns the data folder.

A second one would hold sessions in its own memory that the first has ended. Commands such as an
import need no ownership: the server notices what they change. They only say that they are there.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from backend.kernel.settings import SettingsError
from backend.storage.engine import create_private


def lock_data_dir(folder: Path) -> TextIO:
    """Take the data folder for this process until the returned file is closed or the process ends.

    The kernel lets go of it even after kill -9. Raises SettingsError if another server has it.
    """
    file = folder / "server.lock"
    create_private(file)
    lock = file.open("r+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = lock.read().strip()
        lock.close()
        raise SettingsError(
            f"Another Gatehouse server (process {owner}) already uses {folder}. Stop it, give this "
            "one a DATA_DIR of its own, or let both use one PostgreSQL through DATABASE_URL."
        ) from None
    except OSError as error:
        lock.close()
        raise SettingsError(
            f"{folder} is on a file system without locks ({error.strerror}), so SQLite is not safe "
            "there. Set DATA_DIR to a local folder."
        ) from None
    _write_pid(lock)
    return lock


@contextmanager
def register_command(folder: Path) -> Iterator[None]:
    """Be known, within this `with`, as a command that may write beside whoever owns the folder."""
    with _open_commands_lock(folder) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def has_running_commands(folder: Path) -> bool:
    """Tell whether a command may still write."""
    with _open_commands_lock(folder) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _open_commands_lock(folder: Path) -> TextIO:
    file = folder / "commands.lock"
    create_private(file)
    return file.open("r+")


def _write_pid(lock: TextIO) -> None:
    lock.truncate()
    lock.write(f"{os.getpid()}\n")
    lock.flush()
