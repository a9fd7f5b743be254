"""What all workers of one test run share: a folder, and what the first to need it makes there."""

import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = "GATEHOUSE_TEST_FOLDER"  # in the environment, so that the workers inherit it
_MEMORY = Path("/dev/shm")  # noqa: S108 - in it, mkdtemp makes a folder of our own
_TEMPORARY = "temporary"
_ENOUGH = 4 * 2**30  # bytes


def open_folder() -> None:
    """Make the folder of this run. Others may pass through it: PostgreSQL runs as its own user.

    Temporary files are kept in it as well, and in memory if there is room: most of them are
    databases, whose commits wait for the disk. Set TMPDIR to have them elsewhere, and to keep them.
    """
    in_memory = "TMPDIR" not in os.environ and _has_room(_MEMORY)
    path = tempfile.mkdtemp(prefix="gatehouse-tests-", dir=_MEMORY if in_memory else None)
    Path(path).chmod(0o711)
    os.environ[FOLDER] = path
    if in_memory:
        temporary = Path(path) / _TEMPORARY
        temporary.mkdir()
        temporary.chmod(0o1777)
        os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)


def _has_room(folder: Path) -> bool:
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    system = os.statvfs(folder)
    is_executable = not system.f_flag & os.ST_NOEXEC  # some tests put programs there
    return is_executable and system.f_bavail * system.f_frsize >= _ENOUGH


def folder() -> Path:
    """The folder of this run."""
    return Path(os.environ[FOLDER])


def close_folder() -> None:
    """End the programs that are left over, because their worker was killed; remove the folder."""
    for pid_file in folder().glob("running-*"):
        with suppress(ProcessLookupError):
            os.kill(int(pid_file.name.removeprefix("running-")), signal.SIGKILL)
    path = os.environ.pop(FOLDER)
    if tempfile.tempdir == f"{path}/{_TEMPORARY}":
        tempfile.tempdir = None
        del os.environ["TMPDIR"]
    shutil.rmtree(path, ignore_errors=True)


def register_process(pid: int) -> None:
    """Remember a program that must not outlive this run."""
    (folder() / f"running-{pid}").touch()


def unregister_process(pid: int) -> None:
    """Forget a program that has ended."""
    (folder() / f"running-{pid}").unlink(missing_ok=True)


def once(name: str, make: Callable[[], Any]) -> Any:
    """What `make` answered, in whichever worker came first; it must survive JSON."""
    result_file = folder() / f"{name}.json"
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result_file.exists():
            result_file.write_text(json.dumps(make()))
    return json.loads(result_file.read_text())
