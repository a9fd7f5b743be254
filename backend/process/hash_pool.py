"""The pool that hashes passwords: few threads, low priority, a bounded queue.

Hashing is the only expensive work that strangers can cause. It never runs on the event loop or
inside a database transaction, and its queue is bounded: beyond the bound the caller gets 503 at
once (ASVS 15.1.3). hash_queue.py decides who is next.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

from backend.kernel.client import Client
from backend.kernel.passwords.hasher import PasswordCheck, PasswordHasher
from backend.kernel.secrets.secret import Password
from backend.process.cpu_affinity import unpin
from backend.process.hash_queue import queue_full

T = TypeVar("T")


class ClientDisconnected(Exception):
    """The client disconnected before its hash was computed."""


class HashPool:
    """Hashes and checks passwords in threads of its own; callers wait."""

    def __init__(
        self,
        hasher: PasswordHasher,
        *,
        threads: int,
        nice: int,
        before_check: Callable[[], None] = lambda: None,
        check_new: Callable[[Password], None] = lambda _: None,
    ) -> None:
        """Start no thread yet. `before_check` is called in the waiting thread before each check,
        and `check_new`, which may refuse the password, before a new one is hashed."""
        self._hasher = hasher
        self.check_new = check_new
        self._before_check = before_check
        self._executor = ThreadPoolExecutor(
            threads, "hash", initializer=_lower_priority, initargs=(nice,)
        )
        self._lock = threading.Lock()
        self._waiting: list[tuple[tuple[int, int], int, Future[Any], Callable[[], Any]]] = []
        """A heap: the lowest order is next; the second number breaks ties."""
        self._sequence = count()

    def hash(self, client: Client, password: Password) -> str:
        """Hash a new password, unless `check_new` refuses it.

        Raises ClientDisconnected if the client has disconnected.
        """
        self.check_new(password)
        return self.hash_checked(client, password)

    def hash_checked(self, client: Client, password: Password) -> str:
        """Hash a new password for which `check_new` has been called."""
        return self._run(client, lambda: self._hasher.hash(password))

    def verify(self, client: Client, password: Password, hashed: str | None) -> PasswordCheck:
        """Check a password; see `PasswordHasher.verify`."""
        self._before_check()
        return self._run(client, lambda: self._hasher.verify(password, hashed))

    def verify_with_sign_up(
        self,
        client: Client,
        password: Password,
        hashed: str | None,
        sign_up: str | None,
        *,
        verified: bool,
    ) -> PasswordCheck:
        """Check a password; see `PasswordHasher.verify_with_sign_up`."""
        self._before_check()
        return self._run(
            client,
            lambda: self._hasher.verify_with_sign_up(password, hashed, sign_up, verified=verified),
        )

    def close(self) -> None:
        """Wait for running hashes and cancel the others."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        for _, _, future, _ in self._waiting:
            future.cancel()

    def _run(self, client: Client, job: Callable[[], T]) -> T:
        def run_unless_disconnected() -> T:
            if client.disconnected.is_set():
                raise ClientDisconnected
            return job()

        future: Future[T] = Future()
        if client.slot is not None:
            client.slot.set_pending(future)
        order = client.slot.order if client.slot is not None else (0, 0)
        with self._lock:
            heappush(self._waiting, (order, next(self._sequence), future, run_unless_disconnected))
        self._executor.submit(self._run_next)
        try:
            return future.result()
        except CancelledError:
            raise queue_full() from None

    def _run_next(self) -> None:
        with self._lock:
            _, _, future, job = heappop(self._waiting)
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = job()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)


def _lower_priority(nice: int) -> None:
    unpin()  # hashing releases the interpreter, and each processor has a thread
    # Only Linux has priorities of threads; elsewhere hashing runs at the normal one.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
