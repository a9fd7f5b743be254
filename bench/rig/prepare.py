"""Installs the peers' Python and Node packages, and the load generator."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.rig.node import find_node

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "bench" / "peers"
CACHE = ROOT / ".cache" / "bench"
PYTHON = CACHE / "venv" / "bin" / "python"
NODE = CACHE / "node"


class MissingProgram(Exception):
    """A required program is missing; the message says which, and how to install it."""


def prepare() -> list[str]:
    """Install what is missing; returns one sentence for each peer that must be left out.

    Raises MissingProgram where nothing can be measured at all.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    _require_program("wrk", "wrk")
    if not _has_postgres() and not (_apt_install("postgresql") and _has_postgres()):
        raise MissingProgram("PostgreSQL is missing: install the package postgresql")
    _python_packages()
    return _node_packages()


def _require_program(name: str, package: str) -> None:
    if not shutil.which(name) and not (_apt_install(package) and shutil.which(name)):
        raise MissingProgram(f"{name} is missing: install the package {package}")


def _has_postgres() -> bool:
    at_home = any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return at_home or shutil.which("initdb") is not None


def _apt_install(package: str) -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    command = ["apt-get", "install", "-qq", "--no-install-recommends", package]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if subprocess.run(command, **quiet, check=False).returncode == 0:  # type: ignore[call-overload]
        return True
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    return subprocess.run(command, check=False).returncode == 0


def _python_packages() -> None:
    lock, installed = ROOT / "bench" / "requirements.txt", CACHE / "requirements.txt"
    if _is_same_file(lock, installed) and PYTHON.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", CACHE / "venv"], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    shutil.copyfile(lock, installed)


def _node_packages() -> list[str]:
    if not (find_node() and shutil.which("npm")):
        return ["Better Auth is left out: it needs Node.js 20 or newer, with npm"]
    NODE.mkdir(exist_ok=True)
    installed = NODE / "node_modules" / ".installed-lock"
    for name in ("package.json", "package-lock.json", "better_auth.mjs"):
        shutil.copyfile(PEERS / name, NODE / name)
    if not _is_same_file(PEERS / "package-lock.json", installed):
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=NODE, check=True)
        shutil.copyfile(PEERS / "package-lock.json", installed)
    return []


def _is_same_file(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()
