"""One processor for the threads that take turns at the interpreter.

CPython lets one thread run at a time. Left alone, the system spreads them over the processors, and
with every turn the interpreter's memory moves from one to the other: listing sessions took 620 us
of processor time so, and 310 on one (docs/decisions/0013-one-processor.md). Which one that is
changes when others want it. Linux only; elsewhere, in a sandbox that tells or allows too little, or
with one processor, nothing happens.
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

_LOOK_EVERY = 1.0  # seconds
_CROWDED = 0.25  # of the time in which the event loop wants to run, the share it has to wait
_FREE = 0.5  # the share of time a processor must have idled to be worth a move


class Machine(Protocol):
    """What we ask of the operating system."""

    usable: Set[int]
    """The processors that this process may use."""

    def threads(self) -> list[int]:
        """Return the threads of this process; the first one runs the event loop."""

    def places(self, thread: int) -> Set[int]:
        """Return the processors on which a thread may run; none if it has ended."""

    def put(self, thread: int, processors: Set[int]) -> None:
        """Have a thread run on these processors only; nothing happens where that cannot be."""

    def ran_and_waited(self, thread: int) -> tuple[float, float]:
        """Return for how many seconds so far a thread ran, and could have run but had to wait."""

    def idle(self) -> dict[int, float]:
        """Return for how many seconds so far each processor has had nothing to do."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was so at one moment; everything in seconds so far."""

    at: float
    ran: float
    waited: float
    idle: dict[int, float]


class OneProcessor:
    """Keeps the threads of this process on one processor, and leaves it to others who need it.

    Threads that may run on any, because they called `unpin` or began before, are left alone once
    they are; those that a thread of ours starts begin where it is.
    """

    def __init__(self, machine: Machine, clock: Clock, randomness: Randomness) -> None:
        self._machine = machine
        self._clock = clock
        self._randomness = randomness
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None
        self.chosen: int | None = None
        """The processor we are on."""

    def hold(self) -> None:
        """Bring all threads together, those that `unpin` excepted, and keep watch from then on."""
        usable = sorted(self._machine.usable)
        if len(usable) < 2:
            return
        try:
            self._note()
        except OSError:  # who cannot see that others wait must not take a processor
            return
        self.chosen = usable[self._drawn() % len(usable)]
        for thread in self._machine.threads():
            self._machine.put(thread, {self.chosen})
        self._watcher = threading.Thread(target=self._watch, name="processor", daemon=True)
        self._watcher.start()

    def let_go(self) -> None:
        """Stop watching; the threads stay where they are."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join()

    def look(self) -> None:
        """Move on if others want this processor and another has more to give."""
        if self.chosen is None:
            return
        before = self._seen
        self._note()
        ran, waited = self._seen.ran - before.ran, self._seen.waited - before.waited
        others = (self._machine.usable - {self.chosen}) & before.idle.keys()
        idle = {each: self._seen.idle.get(each, 0.0) - before.idle[each] for each in others}
        freest = max(idle, key=lambda each: idle[each], default=None)
        if freest is None or waited <= _CROWDED * (ran + waited):
            return
        if idle[freest] < _FREE * (self._seen.at - before.at):
            return
        if self._drawn() % 2:  # two processes that meet here must not both go, and meet again
            self._move(freest)

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_EVERY):
            self.look()

    def _move(self, target: int) -> None:
        ours, self.chosen = self.chosen, target
        for _ in range(2):  # a thread that was being started is where its parent was
            for thread in self._machine.threads():
                if self._machine.places(thread) == {ours}:
                    self._machine.put(thread, {target})

    def _note(self) -> None:
        loop = self._machine.threads()[0]
        ran, waited = self._machine.ran_and_waited(loop)
        self._seen = _Seen(self._clock.monotonic(), ran, waited, self._machine.idle())

    def _drawn(self) -> int:
        return self._randomness.bytes(1)[0]


class Linux:
    """The operating system, by its files and calls; with no processor to use elsewhere."""

    def __init__(self) -> None:
        self.usable: Set[int] = _USABLE
        self._tick = 1 / os.sysconf("SC_CLK_TCK")

    def threads(self) -> list[int]:
        main = os.getpid()  # not the lowest number where the system has begun to count anew
        return [main, *(int(each) for each in os.listdir("/proc/self/task") if int(each) != main)]

    def places(self, thread: int) -> Set[int]:
        try:
            return os.sched_getaffinity(thread)
        except ProcessLookupError:
            return set()

    def put(self, thread: int, processors: Set[int]) -> None:
        with contextlib.suppress(OSError):  # it has ended, or a sandbox does not allow it
            os.sched_setaffinity(thread, processors)

    def ran_and_waited(self, thread: int) -> tuple[float, float]:
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
    """Let the calling thread run on any processor: it is busy without the interpreter."""
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


def _usable() -> Set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


_USABLE = _usable()  # read before any thread is put anywhere
