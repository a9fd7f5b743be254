"""Standard output and error that never block and never fail.

A dead log driver, a full disk or a pipe that nobody reads must not stop the server. What cannot be
written is dropped and counted, and the count is reported when writing works again (ASVS 16.5.3).
"""

import atexit
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable

_CAPACITY = 4_000_000  # bytes in the buffer; a reader may pause for seconds
_CHUNK_SIZE = 65_536  # bytes of one write
_BATCH_DELAY = 0.005  # seconds; lines that arrive together are written together
_FLUSH_TIMEOUT = 2.0  # seconds for a slow reader


def _do_nothing(*_: object) -> None:
    """There is nothing to do."""


class Output:
    """Writes to a descriptor from a thread of its own, in order."""

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
        self.before_flush: Callable[[], None] = _do_nothing
        """Called in the thread before each flush; what it writes is flushed too."""
        self.on_dropped: Callable[[int], None] = _do_nothing
        """Called with the number of dropped lines when writing works again."""

    def write(self, text: str) -> None:
        """Buffer a text; drop it, and count its lines, if the buffer is full."""
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
        """Wake the thread."""
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, timeout: float = _FLUSH_TIMEOUT) -> None:
        """Wait up to `timeout` seconds until the buffer is written."""
        self.before_flush()
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
            self.before_flush()
            while chunk := self._next_chunk():
                self._send(chunk)

    def _next_chunk(self) -> bytes:
        with self._lock:
            parts, size = [], 0
            while self._waiting and size < _CHUNK_SIZE:
                parts.append(self._waiting.popleft())
                size += len(parts[-1])
            self._size -= size
            if not parts:
                self._idle.set()
            return b"".join(parts)

    def _send(self, data: bytes) -> None:
        if self._line_cut:  # after a torn line start a new one
            data, self._line_cut = b"\n" + data, False
        size = len(data)
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # another process has made it non-blocking
                select.select([], [self._descriptor], [])
            except OSError:  # no reader, or a full disk
                self._line_cut = len(data) < size
                with self._lock:
                    self._dropped += data.count(b"\n")
                return
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            self.on_dropped(dropped)


class OutputStream(io.TextIOBase):
    """Replaces `sys.stdout` or `sys.stderr`: passes whole lines to an Output."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, output: Output, descriptor: int, redact: Callable[[str], str]) -> None:
        self._output = output
        self._descriptor = descriptor
        self._redact = redact
        self._partial_line = ""

    def write(self, text: str) -> int:
        """Write; an incomplete line is kept until it ends."""
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
"""The outputs of this process."""


def open_missing_streams() -> None:
    """Open standard streams that were closed at start, as /dev/null.

    Otherwise the next opened file, such as the database, would become standard error, and libraries
    would write their messages into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


def redirect_standard_streams(redact: Callable[[str], str]) -> None:
    """Send everything printed in this process, by libraries too, through STDOUT and STDERR.

    `redact` removes secrets from each line.
    """
    sys.stdout = OutputStream(STDOUT, 1, redact)
    sys.stderr = OutputStream(STDERR, 2, redact)
