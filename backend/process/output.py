"""Standard output and error: whoever writes there never waits and never fails.

A log driver that died, a full disk or a reader that stopped reading a full pipe must not stop a
server. What cannot be written is dropped and counted, and the number is told when writing works
again (ASVS 16.5.3).
"""

import atexit
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable

_ROOM = 4_000_000  # bytes that wait to be written; a reader may pause for seconds
_PIECE = 65_536  # bytes of one write
_GATHER = 0.005  # seconds; lines that come together are written together
_AT_THE_END = 2.0  # seconds for a slow reader


def _nothing(*_: object) -> None:
    """There is nothing to do."""


class Output:
    """Writes to a descriptor from a thread of its own, in the order in which it is told."""

    def __init__(self, descriptor: int, room: int = _ROOM) -> None:
        self._descriptor = descriptor
        self._room = room
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._lost = 0
        self._torn = False
        # A signal's handler may write while its thread holds the lock.
        self._lock = threading.RLock()
        self._wake, self._hurry, self._idle = (threading.Event() for _ in range(3))
        self._thread: threading.Thread | None = None
        self.prepare: Callable[[], None] = _nothing
        """Called in the thread before each round: what it writes goes out with it."""
        self.tell_lost: Callable[[int], None] = _nothing
        """Told, once writing works again, how many lines were dropped."""

    def write(self, text: str) -> None:
        """Take a text to be written; dropped, and counted by lines, when too much waits."""
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:
            if self._size + len(data) > self._room:
                self._lost += data.count(b"\n")
                return
            self._idle.clear()
            self._waiting.append(data)
            self._size += len(data)
        self.ring()

    def ring(self) -> None:
        """Have the thread look for something to write."""
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, within: float = _AT_THE_END) -> None:
        """Wait, for so many seconds at most, until all that was taken is written."""
        self.prepare()
        if self._thread is None:
            return
        self._hurry.set()
        self._wake.set()
        self._idle.wait(within)
        self._hurry.clear()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="output", daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._hurry.wait(_GATHER)
            self._wake.clear()
            self.prepare()
            while piece := self._take():
                self._send(piece)

    def _take(self) -> bytes:
        with self._lock:
            taken, size = [], 0
            while self._waiting and size < _PIECE:
                taken.append(self._waiting.popleft())
                size += len(taken[-1])
            self._size -= size
            if not taken:
                self._idle.set()
            return b"".join(taken)

    def _send(self, data: bytes) -> None:
        if self._torn:  # a line of before was cut off: this one begins a new one
            data, self._torn = b"\n" + data, False
        whole = len(data)
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # somebody who shares the descriptor has made it so
                select.select([], [self._descriptor], [])
            except OSError:  # nobody reads any more, or the disk is full
                self._torn = len(data) < whole
                with self._lock:
                    self._lost += data.count(b"\n")
                return
        with self._lock:
            lost, self._lost = self._lost, 0
        if lost:
            self.tell_lost(lost)


class Printed(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`: takes whole lines to an Output."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, output: Output, descriptor: int, clean: Callable[[str], str]) -> None:
        self._output = output
        self._descriptor = descriptor
        self._clean = clean
        self._begun = ""

    def write(self, text: str) -> int:
        """Write; what is no whole line yet waits for its end."""
        lines, newline, rest = (self._begun + text).rpartition("\n")
        self._begun = rest
        if newline:
            self._output.write(self._clean(lines) + "\n")
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor


STDOUT, STDERR = Output(1), Output(2)
"""Those of this process."""


def open_missing_streams() -> None:
    """Open what was closed when the process began, as nothing.

    Otherwise the next file to be opened, such as the database, would become standard error, and
    what a library says there would be written into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def print_through_outputs(clean: Callable[[str], str]) -> None:
    """Let everything that is printed in this process, by libraries too, never wait or fail.

    `clean` takes out of each line what must not be read there.
    """
    sys.stdout = Printed(STDOUT, 1, clean)
    sys.stderr = Printed(STDERR, 2, clean)
