"""Which processor threads are pinned to, when they move, and which are left alone."""

import pytest

from backend.process.cpu_affinity import CpuPinning
from tests.clocks import FixedClock

LOOP, WORKER, HASHER = 100, 101, 102


class FakeScheduler:
    """An operating system whose waiting and idle times a test sets."""

    def __init__(self, usable=(0, 1)):
        self.usable = frozenset(usable)
        self.affinities = {LOOP: self.usable, WORKER: self.usable}
        self.seconds_ran = self.seconds_waited = 0.0
        self.seconds_idle = dict.fromkeys(usable, 0.0)

    def threads(self):
        return sorted(self.affinities)

    def get_affinity(self, thread):
        return self.affinities.get(thread, frozenset())

    def set_affinity(self, thread, processors):
        if thread in self.affinities:
            self.affinities[thread] = frozenset(processors)

    def run_and_wait_times(self, thread):
        assert thread == LOOP
        return self.seconds_ran, self.seconds_waited

    def idle(self):
        return dict(self.seconds_idle)


class ScriptedRandomness:
    """Randomness that a test decides."""

    def __init__(self, *values):
        self.values = list(values)

    def bytes(self, count):
        return bytes(self.values.pop(0) for _ in range(count))


@pytest.fixture
def scheduler():
    return FakeScheduler()


@pytest.fixture
def pin():
    """Pins the threads of a computer to the processor that the randomness selects."""
    pinnings = []

    def start(scheduler, *values):
        pinnings.append(CpuPinning(scheduler, FixedClock(), ScriptedRandomness(*values)))
        pinnings[-1].start()
        return pinnings[-1]

    yield start
    for each in pinnings:
        each.stop()


def pass_second(pinning, scheduler, *, waited, idle, ran=0.5):
    scheduler.seconds_ran += ran
    scheduler.seconds_waited += waited
    for processor, seconds in idle.items():
        scheduler.seconds_idle[processor] += seconds
    pinning._clock.advance(seconds=1)
    pinning.rebalance()


def test_all_threads_come_together_where_chance_says(scheduler, pin):
    pinning = pin(scheduler, 1)
    assert (pinning.processor, scheduler.affinities) == (1, {LOOP: {1}, WORKER: {1}})


def test_with_a_single_processor_nothing_happens(pin):
    alone = FakeScheduler(usable=(3,))
    pinning = pin(alone)
    pinning.rebalance()
    assert (pinning.processor, alone.affinities) == (None, {LOOP: {3}, WORKER: {3}})


def test_where_the_system_cannot_tell_nothing_happens(pin):
    elsewhere = FakeScheduler(usable=())
    assert pin(elsewhere).processor is None
    assert elsewhere.affinities == {LOOP: set(), WORKER: set()}


def test_who_has_it_to_themselves_stays(scheduler, pin):
    pinning = pin(scheduler, 0)
    pass_second(pinning, scheduler, ran=0.8, waited=0.2, idle={1: 1.0})
    assert scheduler.affinities[LOOP] == {0}


def test_a_quiet_server_that_must_wait_whenever_it_wakes_moves_too(scheduler, pin):
    pinning = pin(scheduler, 0, 1)
    pass_second(pinning, scheduler, ran=0.01, waited=0.01, idle={1: 1.0})
    assert pinning.processor == 1


def test_who_must_wait_for_others_moves_to_the_freest(pin):
    scheduler = FakeScheduler(usable=(0, 1, 2))
    pinning = pin(scheduler, 0, 1)
    pass_second(pinning, scheduler, waited=0.5, idle={1: 0.6, 2: 0.9})
    assert (pinning.processor, scheduler.affinities) == (2, {LOOP: {2}, WORKER: {2}})


def test_nobody_moves_to_where_others_are_busy(scheduler, pin):
    pinning = pin(scheduler, 0)
    pass_second(pinning, scheduler, waited=0.5, idle={1: 0.49})
    assert pinning.processor == 0


def test_of_two_who_meet_chance_lets_one_stay(scheduler, pin):
    pinning = pin(scheduler, 0, 2, 3)
    pass_second(pinning, scheduler, waited=0.5, idle={1: 1.0})
    assert pinning.processor == 0
    pass_second(pinning, scheduler, waited=0.5, idle={1: 1.0})
    assert pinning.processor == 1


def test_what_was_waited_for_long_ago_does_not_count(scheduler, pin):
    pinning = pin(scheduler, 0, 1)
    pass_second(pinning, scheduler, waited=0.5, idle={1: 0.0})
    pass_second(pinning, scheduler, waited=0.0, idle={1: 1.0})
    assert pinning.processor == 0


def test_who_roams_is_left_alone_and_who_was_started_meanwhile_comes_along(scheduler, pin):
    pinning = pin(scheduler, 0, 1)
    scheduler.affinities[HASHER] = scheduler.usable
    scheduler.affinities[HASHER + 1] = frozenset({0})
    pass_second(pinning, scheduler, waited=0.5, idle={1: 1.0})
    assert scheduler.affinities == {LOOP: {1}, WORKER: {1}, HASHER: {0, 1}, HASHER + 1: {1}}


def test_a_thread_that_has_ended_is_no_trouble(scheduler, pin):
    pinning = pin(scheduler, 0, 1)
    del scheduler.affinities[WORKER]
    pass_second(pinning, scheduler, waited=0.5, idle={1: 1.0})
    assert scheduler.affinities == {LOOP: {1}}


def test_where_waiting_cannot_be_seen_nothing_happens(scheduler, pin, monkeypatch):
    def hidden(_):
        raise FileNotFoundError("/proc/self/task/100/schedstat")

    monkeypatch.setattr(scheduler, "run_and_wait_times", hidden)
    pinning = pin(scheduler)
    pinning.rebalance()
    assert (pinning.processor, scheduler.affinities) == (None, {LOOP: {0, 1}, WORKER: {0, 1}})


def test_a_processor_of_which_nothing_is_told_is_not_moved_to(pin):
    scheduler = FakeScheduler(usable=(0, 1))
    del scheduler.seconds_idle[1]
    pinning = pin(scheduler, 0)
    pass_second(pinning, scheduler, waited=0.5, idle={})
    assert pinning.processor == 0
