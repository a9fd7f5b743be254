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

_CAPACITY = 4_000_000  # bytes that wait to be written; a reader may pause for seconds
_CHUNK_SIZE = 65_536  # bytes of one write
_BATCH_DELAY = 0.005  # seconds; lines that come together are written together
_FLUSH_TIMEOUT = 2.0  # seconds for a slow reader


def _do_nothing(*_: object) -> None:
    """There is nothing to do."""


class Output:
    """Writes to a descriptor from a thread of its own, in the order in which it is told."""

    def __init__(self, descriptor: int, capacity: int = _CAPACITY) -> None:
        self._descriptor = descriptor
        self._capacity = capacity
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._line_cut = False
        # A signal's handler may write while its thread holds the lock.
        self._lock = threading.RLock()
        self._wake, self._flush_now, self._idle = (threading.Event() for _ in range(3))
        self._thread: threading.Thread | None = None
        self.prepare: Callable[[], None] = _do_nothing
        """Called in the thread before each round: what it writes goes out with it."""
        self.on_dropped: Callable[[int], None] = _do_nothing
        """Told, once writing works again, how many lines were dropped."""

    def write(self, text: str) -> None:
        """Take a text to be written; dropped, and counted by lines, when too much waits."""
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:
            if self._size + len(data) > self._capacity:
                self._dropped += data.count(b"\n")
                return
            self._idle.clear()
            self._waiting.append(data)
            self._size += len(data)
        self.wake()

    def wake(self) -> None:
        """Have the thread look for something to write."""
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, timeout: float = _FLUSH_TIMEOUT) -> None:
        """Wait, for so many seconds at most, until all that was taken is written."""
        self.prepare()
        if self._thread is None:
            return
        self._flush_now.set()
        self._wake.set()
        self._idle.wait(timeout)
        self._flush_now.clear()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="output", daemon=True)
                self._thread.start()
                atexit.register(self.flush)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._flush_now.wait(_BATCH_DELAY)
            self._wake.clear()
            self.prepare()
            while chunk := self._next_chunk():
                self._send(chunk)

    def _next_chunk(self) -> bytes:
        with self._lock:
            taken, size = [], 0
            while self._waiting and size < _CHUNK_SIZE:
                taken.append(self._waiting.popleft())
                size += len(taken[-1])
            self._size -= size
            if not taken:
                self._idle.set()
            return b"".join(taken)

    def _send(self, data: bytes) -> None:
        if self._line_cut:  # a line of before was cut off: this one begins a new one
            data, self._line_cut = b"\n" + data, False
        whole = len(data)
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # somebody who shares the descriptor has made it so
                select.select([], [self._descriptor], [])
            except OSError:  # nobody reads any more, or the disk is full
                self._line_cut = len(data) < whole
                with self._lock:
                    self._dropped += data.count(b"\n")
                return
        with self._lock:
            lost, self._dropped = self._dropped, 0
        if lost:
            self.on_dropped(lost)


class OutputStream(io.TextIOBase):
    """Stands for `sys.stdout` or `sys.stderr`: takes whole lines to an Output."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, output: Output, descriptor: int, redact: Callable[[str], str]) -> None:
        self._output = output
        self._descriptor = descriptor
        self._redact = redact
        self._partial_line = ""

    def write(self, text: str) -> int:
        """Write; what is no whole line yet waits for its end."""
        lines, newline, rest = (self._partial_line + text).rpartition("\n")
        self._partial_line = rest
        if newline:
            self._output.write(self._redact(lines) + "\n")
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


def print_through_outputs(redact: Callable[[str], str]) -> None:
    """Let everything that is printed in this process, by libraries too, never wait or fail.

    `redact` takes out of each line what must not be read there.
    """
    sys.stdout = OutputStream(STDOUT, 1, redact)
    sys.stderr = OutputStream(STDERR, 2, redact)
