"""Server processes: started, watched while they are measured, and stopped."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.rig.machine import cpu_seconds, resident_megabytes, taskset_prefix
from bench.rig.prepare import NODE, PYTHON, ROOT
from tests.rig.node import find_node
from tests.rig.processes import free_port, wait_until

SECRET = "a secret of the bench only, long enough for every server"  # noqa: S105
ROUNDS = "12"
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
_START_TIMEOUT, _STOP_TIMEOUT = 120.0, 15.0  # seconds
_IDLE_CPU, _IDLE_WINDOW = 0.05, 1.0  # seconds of processor time, in how many seconds


class ServerDied(Exception):
    """A server ended by itself; the message has the end of its log."""


class ServerProcess:
    """One server process, which runs and logs in `folder`.

    `environment` adds to the little that is inherited; `{url}` in it becomes the server's address.
    """

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seconds_to_first_response = 0.0
        """Seconds from the start of the process to its first answer."""
        self._command = command
        self._folder = folder
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        own = {name: text.replace("{url}", self.url) for name, text in environment.items()}
        defaults = {"PORT": str(self.port), "PYTHONPATH": str(ROOT)}
        self._environment = {**inherited, **defaults, **own}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "ServerProcess":
        """Start the process, and return with its first answer; raises ServerDied."""
        self._folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,  # no .env of a developer here
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, f"the first answer of {self.name}", _START_TIMEOUT)
        self.seconds_to_first_response = time.monotonic() - began
        return self

    def stop(self) -> None:
        """End the process, by force if asking does not help."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def check_alive(self) -> None:
        """Raise ServerDied if it has ended."""
        if self._process is None or self._process.poll() is None:
            return
        log_tail = self._log.read_text(errors="replace")[-2000:]
        raise ServerDied(
            f"{self.name} ended with code {self._process.returncode}. Its log ends:\n{log_tail}"
        )

    def cpu_seconds(self) -> float:
        """Return the processor time it has used so far."""
        return cpu_seconds(self.pid)

    def megabytes(self) -> float:
        """Return the memory it holds now."""
        return resident_megabytes(self.pid)

    def wait_until_idle(self) -> None:
        """Wait until the process has been idle for a while, its background loading done."""
        last_busy = [(time.monotonic(), self.cpu_seconds())]

        def idle() -> bool:
            now, used = time.monotonic(), self.cpu_seconds()
            if used - last_busy[0][1] > _IDLE_CPU:
                last_busy[0] = now, used
            return now - last_busy[0][0] > _IDLE_WINDOW

        wait_until(idle, f"an idle {self.name}", _START_TIMEOUT)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServerDied(f"{self.name} was never started")
        return self._process.pid

    @property
    def _log(self) -> Path:
        return self._folder / f"{self.name}.log"

    def _answers(self) -> bool:
        self.check_alive()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/health")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True


def gatehouse(
    name: str,
    folder: Path,
    database_url: str | None,
    settings: Mapping[str, str] | None = None,
    *,
    app: Path = ROOT / "app.py",
) -> ServerProcess:
    """Return Gatehouse in production with panel, limits and log; without a URL on SQLite."""
    common = _gatehouse_settings(name, folder, database_url)
    environment = {**common, "PANEL": "on", **(settings or {})}
    return ServerProcess(name, [sys.executable, str(app)], folder, environment)


def replica(
    name: str, folder: Path, database_url: str, *, processor: int | None = None
) -> ServerProcess:
    """Return the API alone, as in several replicas; on one processor if given."""
    command = [*taskset_prefix(processor), sys.executable, "-m", "backend", "serve"]
    return ServerProcess(name, command, folder, _gatehouse_settings(name, folder, database_url))


def python_peer(name: str, module: str, folder: Path, database_url: str) -> ServerProcess:
    """Return a peer in Python, from bench/peers, with its own packages."""
    environment = {"DATABASE_URL": database_url, "BCRYPT_ROUNDS": ROUNDS}
    return ServerProcess(name, [str(PYTHON), "-m", f"bench.peers.{module}"], folder, environment)


def better_auth(name: str, folder: Path, database_url: str, *, cookie_cache: bool) -> ServerProcess:
    """Return Better Auth on Node."""
    environment = {
        "DATABASE_URL": database_url,
        "BCRYPT_ROUNDS": ROUNDS,
        "COOKIE_CACHE": "on" if cookie_cache else "off",
        "NODE_ENV": "production",
    }
    command = [str(find_node()), str(NODE / "better_auth.mjs")]
    return ServerProcess(name, command, folder, environment)


def _gatehouse_settings(name: str, folder: Path, database_url: str | None) -> dict[str, str]:
    return {
        "ENVIRONMENT": "production",
        "HOST": "127.0.0.1",
        "SECRET_KEY": SECRET,
        "PUBLIC_URL": "{url}",
        "DATA_DIR": str(folder / f"{name}-data"),
        "RATE_LIMITS": "on",
        "RATE_LIMIT_PER_USER": "1000000/minute",
        "BCRYPT_ROUNDS": ROUNDS,
        **({"DATABASE_URL": database_url} if database_url else {}),
    }
