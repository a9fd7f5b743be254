"""A lock that threads get in the order in which they ask for it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

from backend.storage.sqlite.fair_lock import FairLock
from tests.rig.processes import wait_until


def test_who_lets_go_and_asks_again_at_once_comes_last():
    lock, turns = FairLock(), []

    def take_a_turn(name: str) -> None:
        with lock:
            turns.append(name)

    lock.acquire()
    people = [threading.Thread(target=take_a_turn, args=[name]) for name in ("first", "second")]
    for number, each in enumerate(people, start=1):
        each.start()
        wait_until(lambda number=number: lock.waiting == number, f"person {number} in the line")
    lock.release()
    take_a_turn("again")
    for each in people:
        each.join()

    assert turns == ["first", "second", "again"]


def test_who_gives_up_leaves_the_line():
    lock = FairLock()
    lock.acquire()
    assert not lock.acquire(timeout=0)
    assert lock.waiting == 0
    lock.release()
    assert lock.acquire(timeout=0)


def test_nobody_is_inside_beside_another_however_many_give_up():
    lock, inside, most = FairLock(), [], []

    def hurry(person: int) -> int:
        turns = 0
        for seconds in islice(cycle([0, 0.000_01, 0.000_1, -1]), 2_000):
            if lock.acquire(timeout=seconds):
                inside.append(person)
                most.append(len(inside))
                inside.remove(person)
                turns += 1
                lock.release()
        return turns

    with ThreadPoolExecutor(8) as people:
        turns = sum(people.map(hurry, range(8)))

    assert set(most) == {1}
    assert len(most) == turns
    assert lock.acquire(timeout=0), "free when all have left"
