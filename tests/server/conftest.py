import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from backend.web.server.connections import ConnectionLimits
from tests.rig.background import in_background
from tests.rig.fork_server import fork_server
from tests.rig.processes import free_port, is_listening, wait_until
from tests.rig.space import inherited
from tests.server.toy import SwitchableApp, Toy
from tests.server.wire_client import TIMEOUT, WireClient

ROOT = Path(__file__).parents[2]

Address = tuple[str, int]


@pytest.fixture
def limits() -> ConnectionLimits:
    """A test that needs others has a fixture of its own."""
    return ConnectionLimits()


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[ConnectionLimits], tuple[SwitchableApp, Address]]]:
    """One running server for each set of limits: starting and stopping takes longer than a test."""
    running: dict[ConnectionLimits, tuple[SwitchableApp, Address]] = {}
    with ExitStack() as stack:

        def server(limits: ConnectionLimits) -> tuple[SwitchableApp, Address]:
            if limits not in running:
                app = SwitchableApp()
                running[limits] = app, stack.enter_context(in_background(app, limits))
            return running[limits]

        yield server


@pytest.fixture
def connect(servers, toy: Toy, limits: ConnectionLimits) -> Iterator[Callable[[], WireClient]]:
    """Open connections to the toy behind the real server; they are closed after the test."""
    app, address = servers(limits)
    app.toy = toy
    with ExitStack() as clients:
        yield lambda: clients.enter_context(closing(WireClient(address)))


class Process:
    """The toy served by a process of its own, as Gatehouse is."""

    def __init__(self, port: int, *options: str) -> None:
        self.port = port
        (stdin, stdin_writer), (stdout_reader, stdout), (stderr_reader, stderr) = (
            os.pipe(),
            os.pipe(),
            os.pipe(),
        )
        self._stdin, self.stdout, self._stderr = (
            os.fdopen(stdin_writer, "wb", buffering=0),
            os.fdopen(stdout_reader, "rb"),
            os.fdopen(stderr_reader, "rb"),
        )
        command = ["-m", "tests.server.toy", str(port), *options]
        try:
            self._process = fork_server().start(command, ROOT, inherited(), (stdin, stdout, stderr))
        finally:
            for theirs in (stdin, stdout, stderr):
                os.close(theirs)

    def connect(self) -> WireClient:
        """Connect as soon as it listens."""
        wait_until(lambda: is_listening(self.port), "the server")
        return WireClient(("127.0.0.1", self.port))

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self, typed: bytes = b"") -> tuple[int, str, str]:
        """Wait for the end; returns the exit code, stdout and stderr."""
        self._stdin.write(typed)
        self._stdin.close()
        code = self._process.wait(TIMEOUT)
        return code, self.stdout.read().decode(), self._stderr.read().decode()

    def close(self) -> None:
        """End it by force if it still runs."""
        self._process.kill()
        self._process.wait(TIMEOUT)
        for pipe in (self._stdin, self.stdout, self._stderr):
            pipe.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Start processes that serve the toy; none outlives the test."""
    with ExitStack() as stack:

        def start(*options: str, port: int = 0) -> Process:
            return stack.enter_context(closing(Process(port or free_port(), *options)))

        yield start
