"""Pipes between a program and a reader, which may have stopped reading."""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Pipe(tuple[int, int]):
    """The two ends of a pipe, to read and to write."""

    def __new__(cls) -> "Pipe":
        return super().__new__(cls, os.pipe())

    def __init__(self) -> None:
        self._open = set(self)

    def close(self, *ends: int) -> None:
        """Close these ends, each once: its number may soon be another file's."""
        for each in ends:
            if each in self._open:
                self._open.remove(each)
                os.close(each)


@contextmanager
def open_pipe() -> Iterator[Pipe]:
    """A pipe whose ends are closed afterwards, if they still are open."""
    pipe = Pipe()
    try:
        yield pipe
    finally:
        pipe.close(*pipe)


def fill(write: int) -> None:
    """Write until the pipe takes no more, as a reader that has stopped reading leaves it."""
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 4096)
    os.set_blocking(write, True)


def read_until(read: int, expected: bytes, seconds: float = 30) -> bytes:
    """Wait for `expected`; returns all that has come, or raises TimeoutError with it."""
    received = b""
    while expected not in received:
        ready, _, _ = select.select([read], [], [], seconds)
        chunk = os.read(read, 65_536) if ready else b""
        if not chunk:
            raise TimeoutError(f"{expected!r} did not come after {received[-1000:]!r}")
        received += chunk
    return received
