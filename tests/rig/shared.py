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


def open_folder() -> None:
    """Make the folder of this run. Others may pass through it: PostgreSQL runs as its own user."""
    path = tempfile.mkdtemp(prefix="gatehouse-tests-")
    Path(path).chmod(0o711)
    os.environ[FOLDER] = path


def folder() -> Path:
    """The folder of this run."""
    return Path(os.environ[FOLDER])


def close_folder() -> None:
    """End the programs that are left over, because their worker was killed; remove the folder."""
    for pid_file in folder().glob("running-*"):
        with suppress(ProcessLookupError):
            os.kill(int(pid_file.name.removeprefix("running-")), signal.SIGKILL)
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


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
