"""Stands in for systemd where a guide's commands are tried: reads the units and runs them.

Reads from the environment: SCENE, the folder that stands in for /, and SCENE_SETTINGS, the
settings of the scene as JSON.
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

SCENE = Path(os.environ["SCENE"])  # noqa: TID251  a program of its own, set up by the scene


def main(verb: str, *arguments: str) -> None:
    """Do what `systemctl VERB UNIT...` does, for the verbs that the guides use."""
    units = [each.removesuffix(".service") for each in arguments if not each.startswith("-")]
    now = "--now" in arguments
    for unit in units:
        if verb in {"stop", "restart"} or (verb == "disable" and now):
            stop(unit)
        if verb in {"start", "restart"} or (verb == "enable" and now):
            start(unit)
    if verb not in {"start", "stop", "restart", "enable", "disable", "daemon-reload"}:
        sys.exit(f"this stand-in for systemctl does not know {verb!r}")


def start(unit: str) -> None:
    """Start the unit as its file defines it."""
    if _pid_file(unit).exists():
        return
    service = _read_service(unit)
    assignments = shlex.split(service.get("environment", ""))
    unit_environment = dict(pair.split("=", 1) for pair in assignments)
    settings = json.loads(os.environ["SCENE_SETTINGS"])  # noqa: TID251
    journal = SCENE / "journal"
    with (journal / unit).open("ab") as log:
        process = subprocess.Popen(
            shlex.split(service["execstart"]),
            cwd=service["workingdirectory"],
            env=settings | unit_environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    shared.register_process(process.pid)
    _pid_file(unit).write_text(str(process.pid))


def stop(unit: str) -> None:
    """Send SIGTERM and wait until the process has ended."""
    if not _pid_file(unit).exists():
        return
    pid = int(_pid_file(unit).read_text())
    if _is_alive(pid):
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not _is_alive(pid), f"the end of {unit}")
    shared.unregister_process(pid)
    _pid_file(unit).unlink()


def _read_service(unit: str) -> configparser.SectionProxy:
    name, at, instance = unit.partition("@")
    file = SCENE / f"etc/systemd/system/{name}{at}.service"
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(file.read_text().replace("%i", instance))
    return parser["Service"]


def _pid_file(unit: str) -> Path:
    return SCENE / f"run/{unit}"


def _is_alive(pid: int) -> bool:
    # A process whose parent has gone may stay a zombie where nobody reaps: that one has ended.
    process = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(process.stdout.strip()) and not process.stdout.startswith("Z")


if __name__ == "__main__":
    main(*sys.argv[1:])
