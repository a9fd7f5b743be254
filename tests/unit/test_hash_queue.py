"""Which request hashes next, and which slot is evicted."""

from concurrent.futures import Future

import pytest

from backend.kernel.refusals import Refusal
from backend.process.hash_queue import HashQueue


def test_places_are_taken_and_given_back():
    queue = HashQueue(2)
    first, _ = queue.acquire("a"), queue.acquire("b")
    with pytest.raises(Refusal):
        queue.acquire("c")
    queue.release(first)
    queue.release(first)
    assert queue.free == 1
    queue.acquire("c")


def test_who_holds_fewer_places_is_next():
    queue = HashQueue(5)
    first, second, third = (queue.acquire("greedy", "user") for _ in range(3))
    other = queue.acquire("modest")
    assert sorted((third, second, other, first), key=lambda slot: slot.order) == [
        first,
        other,
        second,
        third,
    ]


def test_a_caller_is_known_by_whichever_name_holds_most():
    queue = HashQueue(5)
    queue.acquire("one address", "user")
    queue.acquire("another address", "user")
    assert queue.acquire("third address", "user").order[0] == 2


def test_alone_a_caller_gets_everything_and_no_more():
    queue = HashQueue(3)
    for _ in range(3):
        queue.acquire("alone")
    with pytest.raises(Refusal):
        queue.acquire("alone")


def test_a_newcomer_gets_the_last_place_of_who_holds_most():
    queue = HashQueue(3)
    places = [queue.acquire("greedy") for _ in range(3)]
    pending = [Future() for _ in places]
    for slot, hashing in zip(places, pending, strict=True):
        slot.set_pending(hashing)
    queue.acquire("modest")
    assert [hashing.cancelled() for hashing in pending] == [False, False, True]


def test_a_hash_under_way_is_never_broken_off():
    queue = HashQueue(2)
    first, last = queue.acquire("greedy"), queue.acquire("greedy")
    waiting, under_way = Future(), Future()
    first.set_pending(waiting)
    last.set_pending(under_way)
    under_way.set_running_or_notify_cancel()
    with pytest.raises(Refusal):  # the first has no higher rank than the newcomer
        queue.acquire("modest")
    assert not waiting.cancelled()


def test_who_lost_the_place_before_hashing_hears_of_it_then():
    queue = HashQueue(2)
    queue.acquire("greedy")
    last = queue.acquire("greedy")
    queue.acquire("modest")
    with pytest.raises(Refusal):
        last.set_pending(Future())


def test_what_is_given_back_leaves_nothing_behind():
    queue = HashQueue(2)
    for number in range(100):
        queue.release(queue.acquire(f"caller {number}"))
    assert not queue._slots_by_caller
