"""The pool that hashes passwords: few threads, low priority, a bounded queue.

Hashing is the only expensive thing a stranger can make us do. It never runs on the event loop,
never inside a database transaction, and what waits for it is counted: above the bound the caller
hears 503 at once instead of making everybody wait (ASVS 15.1.3). Who is next: hash_queue.py.
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
    """The caller hung up before its turn came; nobody is left to answer."""


class HashPool:
    """Hashes and checks passwords in threads of its own; callers wait for their turn."""

    def __init__(
        self,
        hasher: PasswordHasher,
        *,
        threads: int,
        nice: int,
        before_check: Callable[[], None] = lambda: None,
    ) -> None:
        """Start no thread yet. `before_check` is called before each check, by who waits for it."""
        self._hasher = hasher
        self._before_check = before_check
        self._executor = ThreadPoolExecutor(
            threads, "hash", initializer=_lower_priority, initargs=(nice,)
        )
        self._lock = threading.Lock()
        self._waiting: list[tuple[tuple[int, int], int, Future[Any], Callable[[], Any]]] = []
        """A heap: the lowest order is next; the second number keeps two apart."""
        self._numbers = count()

    def hash(self, client: Client, password: Password) -> str:
        """Hash a new password when its turn comes; raises ClientDisconnected if the caller left."""
        return self._run(client, lambda: self._hasher.hash(password))

    def verify(self, client: Client, password: Password, hashed: str | None) -> PasswordCheck:
        """Check a password when its turn comes; see `PasswordHasher.verify`."""
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
        """Check a password likewise; see `PasswordHasher.verify_with_sign_up`."""
        self._before_check()
        return self._run(
            client,
            lambda: self._hasher.verify_with_sign_up(password, hashed, sign_up, verified=verified),
        )

    def close(self) -> None:
        """Let running hashes end and take no more."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        for _, _, hashing, _ in self._waiting:
            hashing.cancel()

    def _run(self, client: Client, job: Callable[[], T]) -> T:
        def unless_gone() -> T:
            if client.disconnected.is_set():
                raise ClientDisconnected
            return job()

        hashing: Future[T] = Future()
        if client.slot is not None:
            client.slot.set_pending(hashing)
        order = client.slot.order if client.slot is not None else (0, 0)
        with self._lock:
            heappush(self._waiting, (order, next(self._numbers), hashing, unless_gone))
        self._executor.submit(self._run_next)
        try:
            return hashing.result()
        except CancelledError:
            raise queue_full() from None

    def _run_next(self) -> None:
        with self._lock:
            _, _, hashing, job = heappop(self._waiting)
        if not hashing.set_running_or_notify_cancel():
            return
        try:
            result = job()
        except BaseException as error:
            hashing.set_exception(error)
        else:
            hashing.set_result(result)


def _lower_priority(nice: int) -> None:
    unpin()  # a hash needs no interpreter, and there is one for each processor
    # On Linux a thread has its own priority; where it does not, hashing runs at everyone's.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
