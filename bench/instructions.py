"""Machine instructions of one session check, counted by valgrind, whatever else runs.

`python -m bench.instructions` compares with bench/instructions.json; `--keep` writes that file.
Counts our application in one process, from the ASGI scope to the last byte of the response, with a
cached session and with forged cookies, without the HTTP server and the network.
"""

import argparse
import json
import platform
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.in_process import KINDS
from bench.rig.prepare import ROOT

BASELINE = Path(__file__).with_suffix(".json")
TOLERANCE = 1.05
_CHECKS = 2_000
_TIMEOUT = 90.0  # seconds


class CannotCount(Exception):
    """Instructions cannot be counted here; the message says why."""


def count_instructions() -> dict[str, float]:
    """Return the instructions of one session check for each kind of cookie; raises CannotCount."""
    for program in ("valgrind", "callgrind_control"):
        if not shutil.which(program):
            raise CannotCount(f"{program} is missing: install the package valgrind")
    with tempfile.TemporaryDirectory(prefix="gatehouse-instructions-") as folder:
        return _count_in(Path(folder))


def read_baseline() -> dict[str, float] | None:
    """Return the committed counts, if they are of this Python and this kind of machine."""
    if not BASELINE.exists():
        return None
    kept = json.loads(BASELINE.read_text())
    return {kind: float(kept[kind]) for kind in KINDS} if kept["of"] == _platform_name() else None


def write_baseline(counted: Mapping[str, float]) -> None:
    """Write these counts as the new baseline."""
    kept = {"of": _platform_name(), **{kind: round(each) for kind, each in counted.items()}}
    BASELINE.write_text(json.dumps(kept, indent=1) + "\n")


def _platform_name() -> str:
    return f"Python {'.'.join(platform.python_version_tuple()[:2])} on {platform.machine()}"


def _count_in(folder: Path) -> dict[str, float]:
    out = folder / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    child = subprocess.Popen(
        [*valgrind, sys.executable, "-m", "bench.in_process", str(_CHECKS)],
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "TMPDIR": str(folder)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr").open("w"),
        text=True,
    )
    try:
        return {
            kind: _count_kind(child, folder, dump=out.with_suffix(f".out.{number}"))
            for number, kind in enumerate(KINDS, start=1)
        }
    finally:
        child.kill()
        child.wait()


def _count_kind(child: "subprocess.Popen[str]", folder: Path, dump: Path) -> float:
    _read_expected(child, "ready", folder)
    _control(child.pid, folder, "--instr=on")
    _send_line(child, "go")
    _read_expected(child, "done", folder)
    _control(child.pid, folder, "--instr=off")
    _control(child.pid, folder, "--dump")  # the counts since the last dump
    _send_line(child, "end")
    total = re.search(r"^totals: (\d+)", dump.read_text(), re.M) if dump.exists() else None
    if not total:
        raise CannotCount("valgrind's report has no total")
    return int(total[1]) / _CHECKS


def _read_expected(child: "subprocess.Popen[str]", word: str, folder: Path) -> None:
    ready = child.stdout and select.select([child.stdout], [], [], _TIMEOUT)[0]
    line = child.stdout.readline() if ready and child.stdout else "nothing"
    if line.strip() != word:
        stderr = (folder / "stderr").read_text()[-1000:]
        raise CannotCount(f"the application did not say {word!r} but {line!r}: {stderr}")


def _send_line(child: "subprocess.Popen[str]", word: str) -> None:
    if child.stdin:
        child.stdin.write(word + "\n")
        child.stdin.flush()


def _control(pid: int, folder: Path, option: str) -> None:
    command = ["callgrind_control", option, str(pid)]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(folder)}
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=_TIMEOUT)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise CannotCount(f"callgrind does not respond: {error}") from error


def main() -> int:
    """Count, and compare or write; returns 1 for a count above the tolerance."""
    parser = argparse.ArgumentParser("python -m bench.instructions")
    parser.add_argument("--keep", action="store_true", help="write bench/instructions.json anew")
    arguments = parser.parse_args()
    counted, before = count_instructions(), read_baseline() or {}
    for kind, each in counted.items():
        kept = f"{before[kind]:,.0f}" if before else "of another Python or processor"
        print(f"{each:,.0f} instructions of a session check, {kind}; baseline {kept}")
    if arguments.keep:
        write_baseline(counted)
        return 0
    return int(any(counted[kind] > kept * TOLERANCE for kind, kept in before.items()))


if __name__ == "__main__":
    sys.exit(main())
