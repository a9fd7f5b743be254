"""The app of docs/frontend.md: created as the guide says, built when it changes, and started."""

import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal

import httpx

from tests.docs.guide import find_section
from tests.rig import shared
from tests.rig.node import require_node, run_node
from tests.rig.processes import free_port, wait_until
from tests.rig.space import ROOT, inherited

HERE = Path(__file__).parent
GUIDE = ROOT / "docs/frontend.md"
EXAMPLE = ROOT / "examples/nextjs"
CREATE = "node_modules/create-next-app/dist/index.js"
NEXT = "node_modules/next/dist/bin/next"
ESLINT = "node_modules/eslint/bin/eslint.js"
QUIET = {"NEXT_TELEMETRY_DISABLED": "1", "CI": "true"}
BUILD_FOLDER = ROOT / ".cache" / "frontend"
# The packages lie beside this file, or where a link leads, and the app elsewhere: Turbopack must
# see both. A cache for the next build is not worth writing: it is rebuilt only when it differs.
# Nor are source maps, a fifth of the work: they name lines in the traces of errors, and no more.
# All else is what create-next-app writes.
CONFIG = """import created from "./next.config.created";

const config = {
  ...created,
  turbopack: { ...created.turbopack, root: "/" },
  experimental: {
    ...created.experimental,
    turbopackFileSystemCacheForBuild: false,
    turbopackFileSystemCacheForDev: false,
    turbopackSourceMaps: false,
  },
};

export default config;
"""

_FENCE = re.compile(
    r"(?:^\[`(?P<path>[^`\n]+)`\]\([^)\n]+\)\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.M | re.S,
)


def parse_files(guide: str) -> dict[str, str]:
    """The files that a guide shows: each is a block below a line that is a link to it alone."""
    files = [(block["path"], block["text"]) for block in _FENCE.finditer(guide) if block["path"]]
    paths = [path for path, _ in files]
    assert len(paths) == len(set(paths)), f"shown twice: {paths}"
    return dict(files)


def code_without_path(guide: str) -> list[str]:
    """The TypeScript that has no path, and so is never built."""
    code = {"ts", "tsx", "js", "jsx"}
    blocks = _FENCE.finditer(guide)
    return [block["text"] for block in blocks if block["kind"] in code and not block["path"]]


def example_files() -> dict[str, str]:
    """The files that the guide has people copy."""
    files = (file for file in sorted(EXAMPLE.rglob("*")) if file.is_file())
    return {str(file.relative_to(EXAMPLE)): file.read_text() for file in files}


def guide_commands() -> dict[str, list[str]]:
    """The arguments of each command with which the guide makes the app, by its first words."""
    blocks = find_section("docs/frontend.md", "In five minutes")
    (block,) = [block for block in blocks if block.language == "sh"]
    lines = [shlex.split(line) for line in block.text.splitlines()]
    return {" ".join(words[:2]) if words[0] == "npm" else words[0]: words for words in lines}


def build_app() -> Path:
    """Return the folder of the built and type-checked app; builds it if its files changed."""
    require_node(HERE)
    return Path(shared.once("frontend", lambda: str(_build_if_changed())))


def _build_if_changed() -> Path:
    """Build unless the last build has the same fingerprint: a build takes half a minute."""
    fingerprint_file, current = BUILD_FOLDER.with_name("frontend.made-of"), fingerprint(inputs())
    BUILD_FOLDER.parent.mkdir(exist_ok=True)
    with BUILD_FOLDER.with_name("frontend.lock").open("w") as lock:  # another run may build too
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not fingerprint_file.exists() or fingerprint_file.read_text() != current:
            fingerprint_file.unlink(missing_ok=True)  # a build that fails leaves no fingerprint
            shutil.rmtree(BUILD_FOLDER, ignore_errors=True)
            create_app(BUILD_FOLDER)
            _run(BUILD_FOLDER, require_node(HERE), NEXT, "build")
            _run(BUILD_FOLDER, require_node(HERE), ESLINT, "--max-warnings", "0")
            fingerprint_file.write_text(current)
    return BUILD_FOLDER


def inputs() -> dict[str, str]:
    """Return all that the app is made of, except its packages."""
    return {**example_files(), "commands": str(guide_commands()), "next.config.ts": CONFIG}


def fingerprint(files: Mapping[str, str]) -> str:
    """Return a hash of all that goes into a build: files, packages and Node.js."""
    packages = (HERE / "node_modules" / ".package-lock.json").read_text()  # npm's, of those here
    node = run_node(HERE, "--version", seconds=60).stdout
    parts = [files, packages, node, str((HERE / "node_modules").resolve())]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def create_app(folder: Path) -> None:
    """Make the app in a new folder with the guide's commands; its packages are those beside us."""
    _, _, name, *options = guide_commands()["npx"]
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        preferences = {"XDG_CONFIG_HOME": f"{place}/preferences"}  # not those of who runs this
        create = [require_node(HERE), str(HERE / CREATE), name, *options]
        _run(Path(place), *create, "--skip-install", "--disable-git", **preferences)
        (Path(place) / "gatehouse").symlink_to(ROOT)
        _run(Path(place), *guide_commands()["cp"])
        (Path(place) / name).rename(folder)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    (folder / "next.config.ts").rename(folder / "next.config.created.ts")
    (folder / "next.config.ts").write_text(CONFIG)


def _run(folder: Path, *command: str, **environment: str) -> None:
    result = subprocess.run(
        command,
        cwd=folder,
        env={**inherited(), **QUIET, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout


class App:
    """A running copy of the app, with the environment variables one would set on Vercel.

    `next start` serves what `folder` has built, that of all tests by default; `next dev` compiles
    each page when it is opened.
    """

    def __init__(
        self,
        log: Path,
        environment: Mapping[str, str],
        command: Literal["start", "dev"] = "start",
        folder: Path | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.folder = folder
        self._log, self._command = log, command
        self._environment = {**inherited(), **QUIET, **environment}

    @property
    def log(self) -> str:
        """The output of its server."""
        return self._log.read_text(errors="replace")

    def __enter__(self) -> "App":
        address = ["-H", "127.0.0.1", "-p", str(self.port)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [require_node(HERE), NEXT, self._command, *address],
                cwd=self.folder or build_app(),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        shared.register_process(self._process.pid)
        wait_until(self._is_responding, f"the app ({self._log})", 120)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.wait(30)
        shared.unregister_process(self._process.pid)

    def _is_responding(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the app ended:\n{self.log}")
        try:
            url = f"http://127.0.0.1:{self.port}/"
            return httpx.get(url, timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
