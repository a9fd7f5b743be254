"""Ports, waiting with a bound, and the user under whom servers run."""

import os
import pwd
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], description: str, seconds: float = 30) -> None:
    """Look until `ready`; after `seconds` give up and say what did not come."""
    deadline, pause = time.monotonic() + seconds, 0.001
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{description} did not come within {seconds:g} s")
        time.sleep(pause)
        pause = min(2 * pause, 0.02)  # most of what is waited for comes at once


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def unprivileged() -> dict[str, Any]:
    """Arguments of subprocess for a program that refuses to run as root: be `postgres` there."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def give_to_unprivileged(folder: Path) -> None:
    """Let the user of `unprivileged` own this folder."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
