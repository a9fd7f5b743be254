"""Starts our programs as forks of one process that has imported everything already.

Most of what a server costs at its start is Python reading modules: two seconds of work, a hundred
times in a run. What is forked is a process of its own all the same, with its own environment,
folder and streams, and runs the same file as `__main__`; it ends as any other program does. What
must be seen from the first instruction on is started with subprocess, by the guides for one.
"""

import atexit
import gc
import importlib
import json
import os
import queue
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

ROOT = Path(__file__).parents[2]
SERVER = ("tests.rig.warm_server",)
# With Gradio, as long again: only for tests that open the panel.
PANEL = (*SERVER, "panel.server.gradio.app")
NOTEBOOKS = ("tests.notebooks.warm_report",)
_MAX_MESSAGE = 200_000  # bytes; an order is a command and an environment
_STREAMS = 3


class Forked:
    """A program that runs, with what subprocess.Popen offers for it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = threading.Event()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def has_ended(self, status: int) -> None:
        """Set the exit code from a status of waitpid."""
        self.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set()


class ForkServer:
    """The process that forks, as seen from a worker: it ends with the worker."""

    def __init__(self, imported: Sequence[str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.rig.fork_server", str(theirs.fileno()), *imported],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},  # not what is forked: see `main`
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._started: queue.SimpleQueue[Forked | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()
        atexit.register(self._close)

    def start(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        streams: Sequence[IO[Any] | int],
    ) -> Forked:
        """Run a file of ours, or `-m` a module of ours; `streams` are stdin, stdout and stderr."""
        order = [list(map(str, command)), str(folder), dict(environment)]
        descriptors = [each if isinstance(each, int) else each.fileno() for each in streams]
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(order).encode()], descriptors)
            started = self._started.get()
        if started is None:
            raise RuntimeError("the fork server has ended; its output is above")
        return started

    def _close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._socket.close()

    def _listen(self) -> None:
        running: dict[int, Forked] = {}
        while message := self._socket.recv(_MAX_MESSAGE):
            pid, status = json.loads(message)
            if status is None:
                running[pid] = Forked(pid)
                self._started.put(running[pid])
            else:
                running.pop(pid).has_ended(status)
        self._started.put(None)


@cache
def fork_server(imported: Sequence[str] = SERVER) -> ForkServer:
    """The one of this worker that has imported these modules."""
    return ForkServer(imported)


def run_forked(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    typed: str = "",
    imported: Sequence[str] = SERVER,
    seconds: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run a program of ours to its end, as subprocess.run does; `typed` reaches it by a pipe."""
    read, write = os.pipe()
    os.write(write, typed.encode())
    os.close(write)
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        running = fork_server(imported).start(command, folder, environment, (read, out, err))
        os.close(read)
        try:
            code = running.wait(seconds)
        finally:
            running.kill()  # which one that has ended does not notice
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())


def main() -> None:
    """Fork for each order; what returns from `_wait_for_orders` with one is the fork."""
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        order = _wait_for_orders(orders)
    if order is None:
        return
    (first, *rest), folder, environment = order
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def _wait_for_orders(orders: socket.socket) -> Any:
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
    signal.set_wakeup_fd(write)
    watched: list[Any] = [orders, read]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if read in ready:
            os.read(read, 100)
            _report_exits(orders)
        if orders not in ready:
            continue
        order, streams, _, _ = socket.recv_fds(orders, _MAX_MESSAGE, _STREAMS)
        if not order:
            return None
        if pid := os.fork():
            orders.send(json.dumps([pid, None]).encode())
        else:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            for number in (*streams, read, write):
                os.close(number)
            return json.loads(order)
        for number in streams:
            os.close(number)


def _report_exits(orders: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        orders.send(json.dumps([pid, status]).encode())


if __name__ == "__main__":
    for name in sys.argv[2:]:
        importlib.import_module(name)
    gc.freeze()  # or each fork, when it ends, goes through all that was imported: half a second
    main()
