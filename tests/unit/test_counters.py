"""The counters of the rate limits in memory."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.limits.memory import MAX_WINDOWS, MemoryCounters
from tests.clocks import NOON, FixedClock

TEN_SECONDS, A_MINUTE = 10, 60
FLOOD = 4 * MAX_WINDOWS  # from the first key too many on, each is handled alike


@pytest.fixture
def counters(clock: FixedClock) -> MemoryCounters:
    return MemoryCounters(clock)


@pytest.fixture
def small_counters(clock: FixedClock) -> MemoryCounters:
    """Counters that keep three windows of each length."""
    return MemoryCounters(clock, max_windows=3)


def count(counters: MemoryCounters, *keys: str, length: int = TEN_SECONDS) -> list[int]:
    return [counters.incr(key, length) for key in keys]


def read_counts(counters: MemoryCounters, *keys: str, length: int = TEN_SECONDS) -> list[int]:
    """The current counts."""
    return [counters.incr(key, length, 0) for key in keys]


def filter_remembered(counters: MemoryCounters, keys: str) -> str:
    return "".join(key for key in keys if read_counts(counters, key) != [0])


def test_each_key_counts_for_itself(counters):
    assert count(counters, "ada", "ada", "bob", "ada") == [1, 2, 1, 3]
    assert read_counts(counters, "ada", "bob", "eve") == [3, 1, 0]


def test_a_call_may_count_for_several(counters):
    assert counters.incr("ada", TEN_SECONDS, 5) == 5


def test_what_is_taken_back_does_not_count(counters):
    count(counters, "ada", "ada")
    assert counters.incr("ada", TEN_SECONDS, -1) == 1


def test_nobody_gets_a_count_below_zero(counters, clock):
    assert (counters.incr("ada", TEN_SECONDS, -1), len(counters)) == (0, 0)
    count(counters, "ada")
    clock.advance(seconds=10)
    assert counters.incr("ada", TEN_SECONDS, -1) == 0
    assert count(counters, "ada") == [1]
    assert [counters.incr("ada", TEN_SECONDS, -1) for _ in range(2)] == [0, 0]


def test_a_window_begins_with_its_first_count_and_ends_by_the_clock(counters, clock):
    clock.advance(seconds=3)
    count(counters, "ada")
    clock.advance(seconds=9.9)
    assert count(counters, "ada") == [2]
    clock.advance(seconds=0.1)
    assert read_counts(counters, "ada") == [0]
    assert count(counters, "ada") == [1]
    clock.advance(seconds=9.9)
    assert count(counters, "ada") == [2]


def test_it_tells_when_a_window_ends(counters, clock):
    now = NOON.timestamp()
    count(counters, "ada")
    clock.advance(seconds=4)
    count(counters, "ada")
    assert counters.get_expiry("ada") == now + 10
    assert counters.get_expiry("a stranger") == now + 4
    clock.advance(seconds=6)
    assert counters.get_expiry("ada") == now + 10
    clock.advance(seconds=1)
    assert counters.get_expiry("ada") == now + 11


def test_one_counter_is_cleared_and_the_others_stay(counters):
    count(counters, "ada", "bob")
    counters.clear("ada")
    counters.clear("a stranger")
    assert read_counts(counters, "ada", "bob") == [0, 1]


def test_when_full_the_window_that_ends_next_is_forgotten(small_counters, clock):
    for key in "abc":
        count(small_counters, key)
        clock.advance(seconds=1)
    count(small_counters, "a", "d")
    assert filter_remembered(small_counters, "abcd") == "bcd"


def test_what_has_ended_is_forgotten_before_what_still_counts(small_counters, clock):
    count(small_counters, "a")
    clock.advance(seconds=8)
    count(small_counters, "b", "c")
    clock.advance(seconds=2)
    count(small_counters, "d")
    assert (filter_remembered(small_counters, "abcd"), len(small_counters)) == ("bcd", 3)


def test_a_window_that_began_anew_goes_to_the_end_of_the_queue(clock):
    counters = MemoryCounters(clock, max_windows=6)
    count(counters, *"abcdef")
    clock.advance(seconds=10)
    count(counters, *"cghijk")
    assert filter_remembered(counters, "abcdefghijk") == "cghijk"
    count(counters, "l")
    assert filter_remembered(counters, "cghijkl") == "ghijkl"


def test_a_flood_of_one_length_does_not_touch_the_others(small_counters):
    count(small_counters, "account", length=A_MINUTE)
    count(small_counters, *"abcdefgh")
    assert filter_remembered(small_counters, "abcdefgh") == "fgh"
    assert read_counts(small_counters, "account", length=A_MINUTE) == [1]


def test_after_a_flood_the_memory_comes_back(counters, clock):
    count(counters, *(f"stranger {number}" for number in range(1000)))
    clock.advance(seconds=10)
    count(counters, *(f"caller {number}" for number in range(500)))
    assert len(counters) == 500


def test_a_long_key_counts_as_well_and_takes_no_more_room(counters):
    long, longer = "/" + "a" * 60_000, "/" + "a" * 60_001
    assert count(counters, long, long, longer) == [1, 2, 1]
    assert (read_counts(counters, long), counters.get_expiry(long)) == ([2], NOON.timestamp() + 10)
    assert max(len(key) for lane in counters._lanes.values() for key in lane) <= 120
    counters.clear(long)
    assert read_counts(counters, long, longer) == [0, 1]


def count_calls(call: Callable[[], object]) -> int:
    """How many functions a call calls, including those in C."""
    events: list[str] = []
    sys.setprofile(lambda _, event, __: events.append(event))
    try:
        call()
    finally:
        sys.setprofile(None)
    return sum(event in {"call", "c_call"} for event in events)


@pytest.fixture(scope="module")
def flooded() -> tuple[MemoryCounters, FixedClock]:
    """Counters that were used once by four times as many addresses as they keep."""
    clock = FixedClock()
    counters = MemoryCounters(clock)
    for number in range(FLOOD):
        counters.incr(f"address {number}", TEN_SECONDS)
    return counters, clock


def test_of_a_flood_of_keys_no_more_are_kept_than_promised(flooded):
    counters, _ = flooded
    assert len(counters) == MAX_WINDOWS
    oldest = FLOOD - MAX_WINDOWS
    assert read_counts(counters, f"address {oldest}", f"address {oldest - 1}") == [1, 0]


def test_a_flood_of_keys_costs_a_call_no_more_steps_than_three(flooded, small_counters, clock):
    counters, its_clock = flooded

    def count_steps(probed: MemoryCounters, probed_clock: FixedClock) -> dict[str, int]:
        new, known = (
            (lambda: count(probed, "new")),
            (lambda: count(probed, "new")),
        )
        calls = {
            "new": count_calls(new),
            "known": count_calls(known),
            "looked at": count_calls(lambda: read_counts(probed, "new")),
        }
        calls["clear"] = count_calls(lambda: probed.clear("new"))
        probed_clock.advance(seconds=10)
        return {**calls, "after all have ended": count_calls(new)}

    count(small_counters, *"abc")
    assert count_steps(counters, its_clock) == count_steps(small_counters, clock)


def test_eight_threads_at_once_lose_no_count(counters):
    barrier = threading.Barrier(8)

    def count_a_thousand(_: int) -> None:
        barrier.wait()
        for number in range(1000):
            count(counters, "all", f"one of {number % 10}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count_a_thousand, range(8)))
    assert read_counts(counters, "all") == [8000]
    assert read_counts(counters, *(f"one of {number}" for number in range(10))) == [800] * 10


def test_eight_threads_at_once_keep_the_bound(clock):
    counters = MemoryCounters(clock, max_windows=100)

    def flood(thread: int) -> list[int]:
        return count(counters, *(f"{thread} {number}" for number in range(2000)))

    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(flood, range(8)))
    assert counts == [[1] * 2000] * 8
    assert len(counters) == 100
