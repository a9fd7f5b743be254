"""Gatehouse as people run it: `app.py`, a process of its own."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

import httpx

from tests.rig import shared
from tests.rig.fork_server import PANEL, SERVER, Forked, fork_server
from tests.rig.migrated_databases import put_sqlite
from tests.rig.processes import free_port, wait_until

ROOT = Path(__file__).parents[2]
# Nothing else is inherited: a DATABASE_URL in a developer's shell must not reach a test.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
DEFAULTS = {
    "ENVIRONMENT": "development",
    "HOST": "127.0.0.1",
    "BCRYPT_ROUNDS": "4",  # a hash in a millisecond; the default costs a fifth of a second
    "PANEL": "off",  # Gradio takes seconds to import
    "PYTHONUNBUFFERED": "1",
}


def inherited() -> dict[str, str]:
    """The little that a program started by a test keeps of our environment."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


class Space:
    """One server. Its log and, by default, its data are in `folder`.

    `environment` adds to DEFAULTS; its values may contain `{url}`, for PUBLIC_URL and the like.
    After it has ended the same Space can be started again, and finds its port and its data.
    """

    program = ROOT / "app.py"

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"PORT": str(self.port), "DATA_DIR": str(folder / "data")}
        merged = {**inherited(), **DEFAULTS, **own, **(environment or {})}
        self.environment = {name: text.replace("{url}", self.url) for name, text in merged.items()}
        self._process: Forked | subprocess.Popen[bytes]

    def launch(self) -> "Space":
        """Start without waiting: for a start that is meant to fail."""
        self._copy_migrated_database()
        with (self.folder / "log").open("ab") as log:
            self._process = self._start_process(log, log)
        shared.register_process(self._process.pid)
        return self

    def start(self, seconds: float = 60) -> "Space":
        """Start, and return when GET /health answers 200; raises with the log if it ends first."""
        self.launch()
        try:
            wait_until(self._healthy, "GET /health", seconds)
        except BaseException as error:
            self.kill9()
            error.add_note(f"the Space's log:\n{self.log}")
            raise
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it has written so far, in all its lives."""
        return (self.folder / "log").read_text(errors="replace")

    def kill9(self) -> None:
        """End it as the kernel does when memory runs out."""
        self._process.kill()
        self.wait()

    def terminate(self) -> int:
        """Ask it to stop, as a platform does; returns the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self, seconds: float = 60) -> int:
        """Wait until it has ended; returns the exit code."""
        code = self._process.wait(seconds)
        shared.unregister_process(self._process.pid)
        return code

    def __enter__(self) -> "Space":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill9()

    def _start_process(
        self, out: IO[bytes] | int, err: IO[bytes] | int
    ) -> "Forked | subprocess.Popen[bytes]":
        with Path(os.devnull).open("rb") as nothing:
            return fork_server(self._imported).start(
                [str(self.program)],
                self.folder,  # no .env of a developer here either
                self.environment,
                (nothing, out, err),
            )

    @property
    def _imported(self) -> tuple[str, ...]:
        return PANEL if self.environment.get("PANEL") == "on" else SERVER

    def _copy_migrated_database(self) -> None:
        environment = self.environment
        if not environment.get("DATABASE_URL") and not environment.get("SNAPSHOT_DIR"):
            (data := Path(environment["DATA_DIR"])).mkdir(mode=0o700, exist_ok=True)
            put_sqlite(data / "gatehouse.db")

    def _healthy(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the Space ended with exit code {self._process.returncode}")
        try:
            return httpx.get(f"{self.url}/health", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
