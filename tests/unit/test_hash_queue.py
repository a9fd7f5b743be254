"""Whose hash is next, and who loses a place."""

from concurrent.futures import Future

import pytest

from backend.kernel.refusals import Refusal
from backend.process.hash_queue import HashQueue


def test_places_are_taken_and_given_back():
    queue = HashQueue(2)
    first, _ = queue.take("a"), queue.take("b")
    with pytest.raises(Refusal):
        queue.take("c")
    queue.give_back(first)
    queue.give_back(first)
    assert queue.free == 1
    queue.take("c")


def test_who_holds_fewer_places_is_next():
    queue = HashQueue(5)
    first, second, third = (queue.take("greedy", "user") for _ in range(3))
    other = queue.take("modest")
    assert sorted((third, second, other, first), key=lambda slot: slot.order) == [
        first,
        other,
        second,
        third,
    ]


def test_a_caller_is_known_by_whichever_name_holds_most():
    queue = HashQueue(5)
    queue.take("one address", "user")
    queue.take("another address", "user")
    assert queue.take("third address", "user").order[0] == 2


def test_alone_a_caller_gets_everything_and_no_more():
    queue = HashQueue(3)
    for _ in range(3):
        queue.take("alone")
    with pytest.raises(Refusal):
        queue.take("alone")


def test_a_newcomer_gets_the_last_place_of_who_holds_most():
    queue = HashQueue(3)
    places = [queue.take("greedy") for _ in range(3)]
    pending = [Future() for _ in places]
    for slot, hashing in zip(places, pending, strict=True):
        slot.wait_with(hashing)
    queue.take("modest")
    assert [hashing.cancelled() for hashing in pending] == [False, False, True]


def test_a_hash_under_way_is_never_broken_off():
    queue = HashQueue(2)
    first, last = queue.take("greedy"), queue.take("greedy")
    waiting, under_way = Future(), Future()
    first.wait_with(waiting)
    last.wait_with(under_way)
    under_way.set_running_or_notify_cancel()
    with pytest.raises(Refusal):  # the first has no higher rank than the newcomer
        queue.take("modest")
    assert not waiting.cancelled()


def test_who_lost_the_place_before_hashing_hears_of_it_then():
    queue = HashQueue(2)
    queue.take("greedy")
    last = queue.take("greedy")
    queue.take("modest")
    with pytest.raises(Refusal):
        last.wait_with(Future())


def test_what_is_given_back_leaves_nothing_behind():
    queue = HashQueue(2)
    for number in range(100):
        queue.give_back(queue.take(f"caller {number}"))
    assert not queue._held
