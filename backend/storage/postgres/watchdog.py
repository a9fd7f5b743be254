"""Cuts connections whose server does not respond."""

import os
import socket
import threading
from contextlib import AbstractContextManager, suppress
from typing import Any

import psycopg2

from backend.storage.errors import NoAnswer


class ConnectionWatchdog:
    """Cuts connections whose server has not responded for 4 seconds.

    The statement timeout of the server does not help when the server hangs or a pooler queues the
    statement. Time is counted in ticks: if this process was suspended, nothing is cut for it.
    """

    def __init__(self, *, interval: float = 0.5, ticks: int = 8) -> None:
        self._interval, self._ticks = interval, ticks
        self._tick = 0
        self._watched: set[_Watch] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        threading.Thread(target=self._cut_silent_connections, name="watchdog", daemon=True).start()

    def watch(self, connection: Any) -> "_Watch":
        """Watch a psycopg2 connection within a `with`, which raises NoAnswer if it was cut."""
        return _Watch(self, connection, self._tick + self._ticks)

    def close(self) -> None:
        self._closing.set()

    def add(self, watch: "_Watch") -> None:
        with self._lock:
            self._watched.add(watch)

    def remove(self, watch: "_Watch") -> None:
        with self._lock:
            self._watched.discard(watch)

    def _cut_silent_connections(self) -> None:
        while not self._closing.wait(self._interval):
            self._tick += 1
            with self._lock:
                for watch in [each for each in self._watched if each.deadline <= self._tick]:
                    self._watched.discard(watch)
                    watch.cut()


class _Watch(AbstractContextManager[None]):
    __slots__ = ("_connection", "_descriptor", "_was_cut", "_watchdog", "deadline")

    def __init__(self, watchdog: ConnectionWatchdog, connection: Any, deadline: int) -> None:
        self._watchdog, self._connection, self.deadline = watchdog, connection, deadline
        self._was_cut = False

    def __enter__(self) -> None:
        # A duplicate: libpq may close its descriptor at any moment, and another thread reuse it.
        self._descriptor = os.dup(self._connection.fileno())
        self._watchdog.add(self)

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        self._watchdog.remove(self)
        os.close(self._descriptor)
        if self._was_cut and isinstance(error, psycopg2.Error):
            raise NoAnswer("the database did not answer in time") from error

    def cut(self) -> None:
        self._was_cut = True
        with socket.socket(fileno=os.dup(self._descriptor)) as connection, suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # OSError: the connection has just ended
