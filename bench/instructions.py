"""Machine instructions of one session check, counted by valgrind: no neighbour changes the count.

`python -m bench.instructions` compares with bench/instructions.json; with `--keep` it writes it.
What is counted is our application in one process, from the ASGI scope to the last byte of the
answer, with a session that is remembered; the server below it and the network are not.
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
from pathlib import Path

BASELINE = Path(__file__).with_suffix(".json")
TOLERANCE = 1.05
_CHECKS = 2_000
_PATIENCE = 90.0  # seconds


class CannotCount(Exception):
    """Instructions cannot be counted here; the message says why."""


def count() -> float:
    """Return the instructions of one session check; raises CannotCount."""
    for program in ("valgrind", "callgrind_control"):
        if not shutil.which(program):
            raise CannotCount(f"{program} is not here: install the package valgrind")
    with tempfile.TemporaryDirectory(prefix="gatehouse-instructions-") as folder:
        return _count_in(Path(folder))


def baseline() -> float | None:
    """Return the count that is committed, if it is of this Python and this kind of machine."""
    if not BASELINE.exists():
        return None
    kept = json.loads(BASELINE.read_text())
    return float(kept["per_check"]) if kept["of"] == _of_this_machine() else None


def keep(per_check: float) -> None:
    """Make this count the one that later ones are compared with."""
    kept = {"of": _of_this_machine(), "per_check": round(per_check)}
    BASELINE.write_text(json.dumps(kept, indent=1) + "\n")


def _of_this_machine() -> str:
    return f"Python {'.'.join(platform.python_version_tuple()[:2])} on {platform.machine()}"


def _count_in(folder: Path) -> float:
    out = folder / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    child = subprocess.Popen(
        [*valgrind, sys.executable, "-m", "bench.in_process", str(_CHECKS)],
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "TMPDIR": str(folder)},
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "said").open("w"),
        text=True,
    )
    try:
        _expect(child, "ready", folder)
        _control(child.pid, folder, "--instr=on")
        _tell(child, "go")
        _expect(child, "done", folder)
        _control(child.pid, folder, "--instr=off")
        _tell(child, "end")
        child.wait(_PATIENCE)
    finally:
        child.kill()
        child.wait()
    found = re.search(r"^totals: (\d+)", out.read_text(), re.M)
    if not found:
        raise CannotCount("valgrind's report has no total")
    return int(found[1]) / _CHECKS


def _expect(child: "subprocess.Popen[str]", word: str, folder: Path) -> None:
    ready = child.stdout and select.select([child.stdout], [], [], _PATIENCE)[0]
    line = child.stdout.readline() if ready and child.stdout else "nothing"
    if line.strip() != word:
        said = (folder / "said").read_text()[-1000:]
        raise CannotCount(f"the application did not say {word!r} but {line!r}: {said}")


def _tell(child: "subprocess.Popen[str]", word: str) -> None:
    if child.stdin:
        child.stdin.write(word + "\n")
        child.stdin.flush()


def _control(pid: int, folder: Path, what: str) -> None:
    command = ["callgrind_control", what, str(pid)]
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(folder)}
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=_PATIENCE)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise CannotCount(f"callgrind does not listen: {error}") from error


def main() -> int:
    """Count, and compare or keep; returns 1 for a count above the tolerance."""
    parser = argparse.ArgumentParser("python -m bench.instructions")
    parser.add_argument("--keep", action="store_true", help="write bench/instructions.json anew")
    said = parser.parse_args()
    per_check, before = count(), baseline()
    print(f"{per_check:,.0f} instructions a session check, baseline {before and f'{before:,.0f}'}")
    if said.keep:
        keep(per_check)
        return 0
    return int(before is not None and per_check > before * TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
