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
BUILT = ROOT / ".cache" / "frontend"
# The packages lie beside this file, or where a link leads, and the app elsewhere: Turbopack must
# see both. A cache for the next build is not worth writing: it is built anew only when it differs.
CONFIG = """export default {
  turbopack: { root: "/" },
  experimental: { turbopackFileSystemCacheForBuild: false },
};
"""

_FENCE = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`\n\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


def files_of(guide: str) -> dict[str, str]:
    """The files that a guide shows: each is a block below a line that is its path alone."""
    shown = [(block["path"], block["text"]) for block in _FENCE.finditer(guide) if block["path"]]
    paths = [path for path, _ in shown]
    assert len(paths) == len(set(paths)), f"shown twice: {paths}"
    return dict(shown)


def nameless_code(guide: str) -> list[str]:
    """The TypeScript that belongs to no file, and so is built by nobody."""
    code = {"ts", "tsx", "js", "jsx"}
    blocks = _FENCE.finditer(guide)
    return [block["text"] for block in blocks if block["kind"] in code and not block["path"]]


def built() -> Path:
    """The folder in which the app lies built, types checked: whoever finds it changed builds it."""
    require_node(HERE)
    return Path(shared.once("frontend", lambda: str(_build_if_changed())))


def _build_if_changed() -> Path:
    """Build unless the last build was made of the same: a build takes half a minute."""
    files = inputs()
    made_of, of_now = BUILT.with_name("frontend.made-of"), fingerprint(files)
    BUILT.parent.mkdir(exist_ok=True)
    with BUILT.with_name("frontend.lock").open("w") as lock:  # another run may build too
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made_of.exists() or made_of.read_text() != of_now:
            made_of.unlink(missing_ok=True)  # what is built in part is no build
            shutil.rmtree(BUILT, ignore_errors=True)
            _build(BUILT, files)
            made_of.write_text(of_now)
    return BUILT


def inputs() -> dict[str, str]:
    """Every file the app is built from, but for its packages."""
    ours = {name: (HERE / name).read_text() for name in ("package.json", "tsconfig.json")}
    return {**files_of(GUIDE.read_text()), **ours, "next.config.ts": CONFIG}


def fingerprint(files: Mapping[str, str]) -> str:
    """What differs when anything does that goes into a build: files, packages or Node.js."""
    packages = (HERE / "node_modules" / ".package-lock.json").read_text()  # npm's, of those here
    node = run_node(HERE, "--version", seconds=60).stdout
    messages = [files, packages, node, str((HERE / "node_modules").resolve())]
    return hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()


def _build(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    done = subprocess.run(
        [require_node(HERE), NEXT, "build"],
        cwd=folder,
        env={**inherited(), **QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout


class App:
    """One running copy of it. `environment` is what one would set on Vercel."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._log = log
        self._environment = {**inherited(), **QUIET, **environment}

    @property
    def log(self) -> str:
        """Everything its server has written."""
        return self._log.read_text(errors="replace")

    def __enter__(self) -> "App":
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [require_node(HERE), NEXT, "start", "-H", "127.0.0.1", "-p", str(self.port)],
                cwd=built(),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        shared.started(self._process.pid)
        wait_until(self._answers, f"the app ({self._log})", 120)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.wait(30)
        shared.ended(self._process.pid)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the app ended:\n{self.log}")
        try:
            url = f"http://127.0.0.1:{self.port}/"
            return httpx.get(url, timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
