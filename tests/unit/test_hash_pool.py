"""The pool in which passwords are hashed."""

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.kernel.client import Client
from backend.kernel.passwords.hasher import PasswordCheck
from backend.kernel.secrets.secret import Password
from backend.process.hash_pool import ClientDisconnected, HashPool
from backend.process.hash_queue import HashQueue
from tests.rig.missing_tools import skip_test
from tests.rig.processes import wait_until

HERE = Client("203.0.113.7", "Browser/1.0", "1")
SECRET = Password("x")


class SlowHasher:
    """Takes until the test opens the gate; counts how many it works on at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.started = threading.Semaphore(0)
        self.hashed: list[str] = []
        self.at_work = self.most_at_work = 0
        self.priority: int | None = None

    def hash(self, password: Password) -> str:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        self.priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        self.started.release()
        assert self.gate.wait(30)
        self.at_work -= 1
        self.hashed.append(password.reveal())
        return "hashed"

    def verify(self, password: Password, hashed: str | None) -> PasswordCheck:
        self.hash(password)
        return PasswordCheck(matches=hashed == "hashed", new_hash=None)


@pytest.fixture
def hasher() -> SlowHasher:
    return SlowHasher()


@pytest.fixture
def pool(hasher: SlowHasher) -> Iterator[HashPool]:
    hash_pool = HashPool(hasher, threads=2, nice=19)
    yield hash_pool
    hasher.gate.set()
    hash_pool.close()


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def test_no_more_are_hashed_at_once_than_there_are_threads(hasher, pool, callers):
    waiting = [callers.submit(pool.hash, HERE, SECRET) for _ in range(6)]
    assert hasher.started.acquire(timeout=30)
    assert hasher.started.acquire(timeout=30)
    assert not hasher.started.acquire(blocking=False)
    hasher.gate.set()
    assert [each.result(30) for each in waiting] == ["hashed"] * 6
    assert hasher.most_at_work == 2


def test_hashing_steps_back_behind_everything_else(hasher, pool):
    if sys.platform != "linux":
        skip_test("priorities of single threads", "run the tests on Linux")
    hasher.gate.set()
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    pool.hash(HERE, SECRET)
    assert hasher.priority == 19
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours


def test_it_never_runs_in_the_callers_thread(hasher, pool):
    hasher.gate.set()
    thread_names = []
    hasher.verify = lambda *_: thread_names.append(threading.current_thread().name)
    pool.verify(HERE, SECRET, None)
    assert thread_names[0].startswith("hash")


def test_the_verdict_comes_back(hasher, pool):
    hasher.gate.set()
    assert pool.verify(HERE, SECRET, "hashed").matches
    assert not pool.verify(HERE, SECRET, None).matches


def test_who_has_left_is_skipped(hasher, pool, callers):
    working = [callers.submit(pool.hash, HERE, SECRET) for _ in range(2)]
    for _ in working:
        assert hasher.started.acquire(timeout=30)
    leaving = Client("203.0.113.8", "", "2")
    abandoned = callers.submit(pool.hash, leaving, Password("abandoned"))
    leaving.disconnected.set()
    hasher.gate.set()
    with pytest.raises(ClientDisconnected):
        abandoned.result(30)
    assert "abandoned" not in hasher.hashed


def test_what_fails_in_the_pool_fails_for_the_caller(hasher, pool):
    def fail(_: Password) -> str:
        raise RuntimeError("no memory")

    hasher.hash = fail
    with pytest.raises(RuntimeError, match="no memory"):
        pool.hash(HERE, SECRET)


def test_a_closed_pool_takes_no_more(hasher):
    hasher.gate.set()
    pool = HashPool(hasher, threads=1, nice=0)
    pool.close()
    with pytest.raises(RuntimeError):
        pool.hash(HERE, SECRET)


def test_whoever_holds_fewer_places_is_hashed_first(hasher):
    pool, queue = HashPool(hasher, threads=1, nice=0), HashQueue(4)
    callers = {"greedy 0": "greedy", "greedy 1": "greedy", "greedy 2": "greedy", "modest": "modest"}
    with ThreadPoolExecutor(4) as threads:
        for number, (name, caller) in enumerate(callers.items()):
            client = Client("", "", "", slot=queue.acquire(caller))
            threads.submit(pool.hash, client, Password(name))
            if number == 0:
                assert hasher.started.acquire(timeout=30)
        wait_until(lambda: len(pool._waiting) == 3, "those who wait")
        hasher.gate.set()
    pool.close()
    assert hasher.hashed == ["greedy 0", "modest", "greedy 1", "greedy 2"]
