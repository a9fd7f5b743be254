"""The app of docs/frontend.md: its files, built when they change, and started like on any host."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import httpx

from tests.rig import shared
from tests.rig.node import require_node, run_node
from tests.rig.processes import free_port, wait_until
from tests.rig.space import ROOT, inherited

HERE = Path(__file__).parent
GUIDE = ROOT / "docs/frontend.md"
NEXT = "node_modules/next/dist/bin/next"
QUIET = {"NEXT_TELEMETRY_DISABLED": "1", "CI": "true"}
BUILD_FOLDER = ROOT / ".cache" / "frontend"
# The packages lie beside this file, or where a link leads, and the app elsewhere: Turbopack must
# see both. A cache for the next build is not worth writing: it is rebuilt only when it differs.
# Nor are source maps, a fifth of the work: they name lines in the traces of errors, and no more.
CONFIG = """export default {
  turbopack: { root: "/" },
  experimental: { turbopackFileSystemCacheForBuild: false, turbopackSourceMaps: false },
};
"""

_FENCE = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


def parse_files(guide: str) -> dict[str, str]:
    """The files that a guide shows: each is a block below a line that is its path alone."""
    files = [(block["path"], block["text"]) for block in _FENCE.finditer(guide) if block["path"]]
    paths = [path for path, _ in files]
    assert len(paths) == len(set(paths)), f"shown twice: {paths}"
    return dict(files)


def code_without_path(guide: str) -> list[str]:
    """The TypeScript that has no path, and so is never built."""
    code = {"ts", "tsx", "js", "jsx"}
    blocks = _FENCE.finditer(guide)
    return [block["text"] for block in blocks if block["kind"] in code and not block["path"]]


def build_app() -> Path:
    """Return the folder of the built and type-checked app; builds it if its files changed."""
    require_node(HERE)
    return Path(shared.once("frontend", lambda: str(_build_if_changed())))


def _build_if_changed() -> Path:
    """Build unless the last build has the same fingerprint: a build takes half a minute."""
    files = build_inputs()
    fingerprint_file, current = BUILD_FOLDER.with_name("frontend.made-of"), fingerprint(files)
    BUILD_FOLDER.parent.mkdir(exist_ok=True)
    with BUILD_FOLDER.with_name("frontend.lock").open("w") as lock:  # another run may build too
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not fingerprint_file.exists() or fingerprint_file.read_text() != current:
            fingerprint_file.unlink(missing_ok=True)  # a build that fails leaves no fingerprint
            shutil.rmtree(BUILD_FOLDER, ignore_errors=True)
            _build(BUILD_FOLDER, files)
            fingerprint_file.write_text(current)
    return BUILD_FOLDER


def build_inputs() -> dict[str, str]:
    """Return every file the app is built from, except its packages."""
    own_files = {name: (HERE / name).read_text() for name in ("package.json", "tsconfig.json")}
    return {**parse_files(GUIDE.read_text()), **own_files, "next.config.ts": CONFIG}


def fingerprint(files: Mapping[str, str]) -> str:
    """Return a hash of all that goes into a build: files, packages and Node.js."""
    packages = (HERE / "node_modules" / ".package-lock.json").read_text()  # npm's, of those here
    node = run_node(HERE, "--version", seconds=60).stdout
    parts = [files, packages, node, str((HERE / "node_modules").resolve())]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _build(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    result = subprocess.run(
        [require_node(HERE), NEXT, "build"],
        cwd=folder,
        env={**inherited(), **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout


class App:
    """A running copy of the app, with the environment variables one would set on Vercel."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._log = log
        self._environment = {**inherited(), **QUIET, **environment}

    @property
    def log(self) -> str:
        """The output of its server."""
        return self._log.read_text(errors="replace")

    def __enter__(self) -> "App":
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [require_node(HERE), NEXT, "start", "-H", "127.0.0.1", "-p", str(self.port)],
                cwd=build_app(),
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
