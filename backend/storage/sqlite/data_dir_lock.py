"""Locks of the data folder: with SQLite only one server may use it.

A second one would keep sessions in its cache that the first has ended. Commands such as an import
may run beside the server, which notices their changes; they only register themselves.
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
    """Lock the data folder until the returned file is closed or the process ends, even by kill -9.

    Raises SettingsError if another server has locked it.
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
            "one a DATA_DIR of its own, or set DATABASE_URL to a PostgreSQL that both use."
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
    """Register, within this `with`, as a command that may write beside the server."""
    with _open_commands_lock(folder) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def has_running_commands(folder: Path) -> bool:
    """Tell whether a command is registered."""
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
