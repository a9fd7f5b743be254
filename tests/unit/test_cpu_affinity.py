"""Which processor threads are pinned to, when they move, and which are left alone."""

import pytest

from backend.process.cpu_affinity import CpuPinning
from tests.clocks import FixedClock

LOOP, WORKER, HASHER = 100, 101, 102


class Computer:
    """An operating system whose waiting and idle times a test sets."""

    def __init__(self, usable=(0, 1)):
        self.usable = frozenset(usable)
        self.at = {LOOP: self.usable, WORKER: self.usable}
        self.seconds_ran = self.seconds_waited = 0.0
        self.seconds_idle = dict.fromkeys(usable, 0.0)

    def threads(self):
        return sorted(self.at)

    def get_affinity(self, thread):
        return self.at.get(thread, frozenset())

    def set_affinity(self, thread, processors):
        if thread in self.at:
            self.at[thread] = frozenset(processors)

    def run_and_wait_times(self, thread):
        assert thread == LOOP
        return self.seconds_ran, self.seconds_waited

    def idle(self):
        return dict(self.seconds_idle)


class Drawing:
    """Randomness that a test decides."""

    def __init__(self, *drawn):
        self.drawn = list(drawn)

    def bytes(self, count):
        return bytes(self.drawn.pop(0) for _ in range(count))


@pytest.fixture
def computer():
    return Computer()


@pytest.fixture
def together():
    """Pins the threads of a computer to the processor that the randomness selects."""
    pinnings = []

    def start(computer, *drawn):
        pinnings.append(CpuPinning(computer, FixedClock(), Drawing(*drawn)))
        pinnings[-1].start()
        return pinnings[-1]

    yield start
    for each in pinnings:
        each.stop()


def a_second_passes(together, computer, *, waited, idle, ran=0.5):
    computer.seconds_ran += ran
    computer.seconds_waited += waited
    for processor, seconds in idle.items():
        computer.seconds_idle[processor] += seconds
    together._clock.advance(seconds=1)
    together.rebalance()


def test_all_threads_come_together_where_chance_says(computer, together):
    one = together(computer, 1)
    assert (one.processor, computer.at) == (1, {LOOP: {1}, WORKER: {1}})


def test_with_a_single_processor_nothing_happens(together):
    alone = Computer(usable=(3,))
    one = together(alone)
    one.rebalance()
    assert (one.processor, alone.at) == (None, {LOOP: {3}, WORKER: {3}})


def test_where_the_system_cannot_tell_nothing_happens(together):
    elsewhere = Computer(usable=())
    assert together(elsewhere).processor is None
    assert elsewhere.at == {LOOP: set(), WORKER: set()}


def test_who_has_it_to_themselves_stays(computer, together):
    one = together(computer, 0)
    a_second_passes(one, computer, ran=0.8, waited=0.2, idle={1: 1.0})
    assert computer.at[LOOP] == {0}


def test_a_quiet_server_that_must_wait_whenever_it_wakes_moves_too(computer, together):
    one = together(computer, 0, 1)
    a_second_passes(one, computer, ran=0.01, waited=0.01, idle={1: 1.0})
    assert one.processor == 1


def test_who_must_wait_for_others_moves_to_the_freest(together):
    computer = Computer(usable=(0, 1, 2))
    one = together(computer, 0, 1)
    a_second_passes(one, computer, waited=0.5, idle={1: 0.6, 2: 0.9})
    assert (one.processor, computer.at) == (2, {LOOP: {2}, WORKER: {2}})


def test_nobody_moves_to_where_others_are_busy(computer, together):
    one = together(computer, 0)
    a_second_passes(one, computer, waited=0.5, idle={1: 0.49})
    assert one.processor == 0


def test_of_two_who_meet_chance_lets_one_stay(computer, together):
    one = together(computer, 0, 2, 3)
    a_second_passes(one, computer, waited=0.5, idle={1: 1.0})
    assert one.processor == 0
    a_second_passes(one, computer, waited=0.5, idle={1: 1.0})
    assert one.processor == 1


def test_what_was_waited_for_long_ago_does_not_count(computer, together):
    one = together(computer, 0, 1)
    a_second_passes(one, computer, waited=0.5, idle={1: 0.0})
    a_second_passes(one, computer, waited=0.0, idle={1: 1.0})
    assert one.processor == 0


def test_who_roams_is_left_alone_and_who_was_started_meanwhile_comes_along(computer, together):
    one = together(computer, 0, 1)
    computer.at[HASHER] = computer.usable
    computer.at[HASHER + 1] = frozenset({0})
    a_second_passes(one, computer, waited=0.5, idle={1: 1.0})
    assert computer.at == {LOOP: {1}, WORKER: {1}, HASHER: {0, 1}, HASHER + 1: {1}}


def test_a_thread_that_has_ended_is_no_trouble(computer, together):
    one = together(computer, 0, 1)
    del computer.at[WORKER]
    a_second_passes(one, computer, waited=0.5, idle={1: 1.0})
    assert computer.at == {LOOP: {1}}


def test_where_waiting_cannot_be_seen_nothing_happens(computer, together, monkeypatch):
    def hidden(_):
        raise FileNotFoundError("/proc/self/task/100/schedstat")

    monkeypatch.setattr(computer, "run_and_wait_times", hidden)
    one = together(computer)
    one.rebalance()
    assert (one.processor, computer.at) == (None, {LOOP: {0, 1}, WORKER: {0, 1}})


def test_a_processor_of_which_nothing_is_told_is_not_moved_to(together):
    computer = Computer(usable=(0, 1))
    del computer.seconds_idle[1]
    one = together(computer, 0)
    a_second_passes(one, computer, waited=0.5, idle={})
    assert one.processor == 0
