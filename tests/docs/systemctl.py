"""Stands in for systemd where a guide's commands are tried: reads the units and does as they say.

Told in the environment: SCENE is the folder that stands in for /, GIVEN the settings of the scene.
"""

import configparser
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tests.rig import shared
from tests.rig.processes import wait_until

SCENE = Path(os.environ["SCENE"])  # noqa: TID251  a program of its own, told by whoever started it


def main(verb: str, *said: str) -> None:
    """Do what `systemctl VERB UNIT...` does, for the verbs that the guides use."""
    units = [each.removesuffix(".service") for each in said if not each.startswith("-")]
    now = "--now" in said
    for unit in units:
        if verb in {"stop", "restart"} or (verb == "disable" and now):
            stop(unit)
        if verb in {"start", "restart"} or (verb == "enable" and now):
            start(unit)
    if verb not in {"start", "stop", "restart", "enable", "disable", "daemon-reload"}:
        sys.exit(f"this stand-in for systemctl does not know {verb!r}")


def start(unit: str) -> None:
    """Start what the unit's file says, as it says."""
    if _pid_file(unit).exists():
        return
    service = _service(unit)
    own = dict(pair.split("=", 1) for pair in shlex.split(service.get("environment", "")))
    given = json.loads(os.environ["GIVEN"])  # noqa: TID251
    journal = SCENE / "journal"
    with (journal / unit).open("ab") as log:
        process = subprocess.Popen(
            shlex.split(service["execstart"]),
            cwd=service["workingdirectory"],
            env=given | own,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    shared.started(process.pid)
    _pid_file(unit).write_text(str(process.pid))


def stop(unit: str) -> None:
    """Ask it to end and wait until it has."""
    if not _pid_file(unit).exists():
        return
    pid = int(_pid_file(unit).read_text())
    if _lives(pid):
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not _lives(pid), f"the end of {unit}")
    shared.ended(pid)
    _pid_file(unit).unlink()


def _service(unit: str) -> configparser.SectionProxy:
    name, at, instance = unit.partition("@")
    file = SCENE / f"etc/systemd/system/{name}{at}.service"
    read = configparser.RawConfigParser(strict=False)
    read.read_string(file.read_text().replace("%i", instance))
    return read["Service"]


def _pid_file(unit: str) -> Path:
    return SCENE / f"run/{unit}"


def _lives(pid: int) -> bool:
    # A process whose parent has gone may stay a zombie where nobody reaps: that one has ended.
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(told.stdout.strip()) and not told.stdout.startswith("Z")


if __name__ == "__main__":
    main(*sys.argv[1:])
