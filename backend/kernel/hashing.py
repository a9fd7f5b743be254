"""The pool that hashes passwords: few threads, low priority, a bounded queue.

Hashing is the only expensive thing a stranger can make us do. It never runs on the event loop,
never inside a database transaction, and what waits for it is counted: above the bound the caller
hears 503 at once instead of making everybody wait (ASVS 15.1.3).
"""

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from backend.kernel.client import Client
from backend.kernel.passwords import PasswordHasher, Verdict
from backend.kernel.processors import roam
from backend.kernel.refusals import unavailable
from backend.kernel.secret import Password

T = TypeVar("T")


class CallerGone(Exception):
    """The caller hung up before its turn came; nobody is left to answer."""


class HashPool:
    """Hashes and checks passwords in threads of its own; callers wait for their turn."""

    def __init__(self, hasher: PasswordHasher, *, threads: int, nice: int) -> None:
        self._hasher = hasher
        self._executor = ThreadPoolExecutor(
            threads, "hash", initializer=_lower_priority, initargs=(nice,)
        )

    def hash(self, client: Client, password: Password) -> str:
        """Hash a new password when its turn comes; raises CallerGone when nobody waits any more."""
        return self._run(client, lambda: self._hasher.hash(password))

    def verify(self, client: Client, password: Password, hashed: str | None) -> Verdict:
        """Check a password when its turn comes; see `PasswordHasher.verify`."""
        return self._run(client, lambda: self._hasher.verify(password, hashed))

    def close(self) -> None:
        """Let running hashes end and take no more."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _run(self, client: Client, job: Callable[[], T]) -> T:
        def unless_gone() -> T:
            if client.gone.is_set():
                raise CallerGone
            return job()

        return self._executor.submit(unless_gone).result()


class Places:
    """The places in the hash queue: taken at the door, given back when the request ends."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    def take(self) -> None:
        """Take a place or refuse with 503 at once."""
        if not self._free.acquire(blocking=False):
            raise unavailable(retry_after=5)

    def give_back(self) -> None:
        self._free.release()


def _lower_priority(nice: int) -> None:
    roam()  # a hash needs no interpreter, and there is one for each processor
    # On Linux a thread has its own priority; where it does not, hashing runs at everyone's.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
