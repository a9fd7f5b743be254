"""Programs in Node.js, and the packages they need."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import playwright

from tests.rig.missing_tools import skip_test

OLDEST = 20


@cache
def find_node() -> str | None:
    """A Node.js that is new enough: the system's, or the one that Playwright brings along."""
    bundled = Path(playwright.__file__).parent / "driver" / "node"
    programs = [
        path for path in (shutil.which("node"), str(bundled)) if path and Path(path).exists()
    ]
    return next((path for path in programs if _version(path) >= OLDEST), None)


def run_node(
    folder: Path, *arguments: str, seconds: float, ca_file: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `node` in a folder whose packages are installed; the result has its whole output.

    It trusts the authority of `ca_file` besides those of the machine.
    """
    trust = {"NODE_EXTRA_CA_CERTS": str(ca_file)} if ca_file else {}
    return subprocess.run(
        [require_node(folder), *arguments],
        cwd=folder,
        env={**os.environ, **trust},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )


def require_node(folder: Path) -> str:
    """Node.js; leaves the test out where there is none, or the folder's packages are not there."""
    node = find_node()
    if not node:
        skip_test("Node.js", f"install Node.js {OLDEST} or newer, with npm")
    if not (folder / "node_modules").is_dir():
        skip_test("Node packages", f"run npm ci in tests/{folder.name} (make test does it)")
    return node


def _version(node: str) -> int:
    output = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return int(output.lstrip("v").partition(".")[0] or 0)
