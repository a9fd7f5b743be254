"""Pins the threads that share the interpreter to one processor.

CPython runs one thread at a time. By default the system spreads them over the processors, and with
each switch the interpreter's memory moves between caches: listing sessions took 620 us of processor
time, and 310 on one processor (docs/decisions/0013-one-processor.md). The processor changes when
others need it. Linux only; elsewhere, in a restricted sandbox, or with one processor, nothing
happens.
"""

import contextlib
import os
import threading
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backend.kernel.clock import Clock
from backend.kernel.randomness import Randomness

_INTERVAL = 1.0  # seconds
_CONTENDED = 0.25  # the share of its runnable time that the event loop waits
_MOSTLY_IDLE = 0.5  # the share of time that a processor must have been idle to move there


class Scheduler(Protocol):
    """The calls of the operating system."""

    usable: Set[int]
    """The processors that this process may use."""

    def threads(self) -> list[int]:
        """Return the threads of this process; the first one runs the event loop."""

    def get_affinity(self, thread: int) -> Set[int]:
        """Return the processors on which a thread may run; none if it has ended."""

    def set_affinity(self, thread: int, processors: Set[int]) -> None:
        """Restrict a thread to these processors, if that is possible."""

    def run_and_wait_times(self, thread: int) -> tuple[float, float]:
        """Return the seconds that a thread has run, and has waited for a processor."""

    def idle(self) -> dict[int, float]:
        """Return the seconds that each processor has been idle."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """The state at one time, in seconds since the start."""

    at: float
    ran: float
    waited: float
    idle: dict[int, float]


class CpuPinning:
    """Keeps the threads of this process on one processor, and moves on if others need it.

    Threads that called `unpin` are left alone. New threads inherit the processor of their parent.
    """

    def __init__(self, scheduler: Scheduler, clock: Clock, randomness: Randomness) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._randomness = randomness
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None
        self.processor: int | None = None
        """The current processor."""

    def start(self) -> None:
        """Pin all threads to one processor, and start to watch it."""
        usable = sorted(self._scheduler.usable)
        if len(usable) < 2:
            return
        try:
            self._take_sample()
        except OSError:  # without these figures contention would go unnoticed
            return
        self.processor = usable[self._random_byte() % len(usable)]
        for thread in self._scheduler.threads():
            self._scheduler.set_affinity(thread, {self.processor})
        self._watcher = threading.Thread(target=self._watch, name="processor", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop watching; the threads stay where they are."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join()

    def rebalance(self) -> None:
        """Move to another processor if this one is contended and the other mostly idle."""
        if self.processor is None:
            return
        before = self._sample
        self._take_sample()
        ran, waited = self._sample.ran - before.ran, self._sample.waited - before.waited
        others = (self._scheduler.usable - {self.processor}) & before.idle.keys()
        idle = {each: self._sample.idle.get(each, 0.0) - before.idle[each] for each in others}
        freest = max(idle, key=lambda each: idle[each], default=None)
        if freest is None or waited <= _CONTENDED * (ran + waited):
            return
        if idle[freest] < _MOSTLY_IDLE * (self._sample.at - before.at):
            return
        if self._random_byte() % 2:  # or two processes would keep moving together
            self._move_to(freest)

    def _watch(self) -> None:
        while not self._closing.wait(_INTERVAL):
            self.rebalance()

    def _move_to(self, target: int) -> None:
        current, self.processor = self.processor, target
        for _ in range(2):  # a thread that was being started is where its parent was
            for thread in self._scheduler.threads():
                if self._scheduler.get_affinity(thread) == {current}:
                    self._scheduler.set_affinity(thread, {target})

    def _take_sample(self) -> None:
        loop = self._scheduler.threads()[0]
        ran, waited = self._scheduler.run_and_wait_times(loop)
        self._sample = _Sample(self._clock.monotonic(), ran, waited, self._scheduler.idle())

    def _random_byte(self) -> int:
        return self._randomness.bytes(1)[0]


class LinuxScheduler:
    """The operating system, by its files and calls; with no processor to use elsewhere."""

    def __init__(self) -> None:
        self.usable: Set[int] = _USABLE
        self._tick = 1 / os.sysconf("SC_CLK_TCK")

    def threads(self) -> list[int]:
        main = os.getpid()  # not the lowest number where the system has begun to count anew
        return [main, *(int(each) for each in os.listdir("/proc/self/task") if int(each) != main)]

    def get_affinity(self, thread: int) -> Set[int]:
        try:
            return os.sched_getaffinity(thread)
        except ProcessLookupError:
            return set()

    def set_affinity(self, thread: int, processors: Set[int]) -> None:
        with contextlib.suppress(OSError):  # it has ended, or a sandbox does not allow it
            os.sched_setaffinity(thread, processors)

    def run_and_wait_times(self, thread: int) -> tuple[float, float]:
        ran, waited, _ = Path(f"/proc/self/task/{thread}/schedstat").read_text().split()
        return int(ran) / 1e9, int(waited) / 1e9

    def idle(self) -> dict[int, float]:
        lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
        return {
            int(line[0].removeprefix("cpu")): int(line[4]) * self._tick
            for line in lines
            if line[0].startswith("cpu") and line[0] != "cpu"
        }


def unpin() -> None:
    """Let the calling thread run on any processor, as it works without the interpreter."""
    if _USABLE:
        with contextlib.suppress(OSError):  # it hashes where it is
            os.sched_setaffinity(0, _USABLE)


def use_batch_scheduling() -> None:
    """Have the calling thread, when it wakes, wait until whoever runs there has paused.

    It woke for the interpreter, which the other holds: interrupting that one makes both wait.
    """
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):  # a sandbox does not allow it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


# Read before any thread is pinned.
_USABLE: Set[int] = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
