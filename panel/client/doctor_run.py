"""The doctor, let loose on this very server: one examination at a time, in a thread of its own.

What is found is handed to the event loop, so that everything here is read and changed there only.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from doctor import Deployment, Finding, examine
from doctor.check import Check
from doctor.clock import SystemClock
from panel.ports import Clock

Examine = Callable[..., Iterator[Finding]]
"""As `doctor.examine`."""
_BETWEEN_LOOKS = 0.2  # seconds; findings come in bursts, and a page is drawn anew for each look

log = structlog.get_logger()


@dataclass
class Examination:
    """An examination that is under way or over."""

    deployment: Deployment
    checks: tuple[Check, ...]
    """What it makes, in order; the throw-away account is deleted after them."""
    started_by: str
    started_at: datetime
    findings: list[Finding] = field(default_factory=list)
    doing: str = ""
    """What is being done or waited for."""
    seconds: float = 0.0
    """How long it took, or has taken so far."""
    stopping: bool = False
    broken: bool = False
    """Whether the doctor itself failed; the log says why."""
    over: bool = False


class _Stopped(Exception):
    """Ends an examination from inside; the doctor then cleans up as always."""


class _Patience(SystemClock):
    """The doctor's clock. Asked to stop, it waits for nothing but the cleaning up."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._leaving = False

    def wait(self, seconds: float) -> None:
        if self._leaving:
            super().wait(seconds)
            return
        self._stop.wait(seconds)
        self.leave_if_asked()

    def leave_if_asked(self) -> None:
        """Raise, once, if the examination is to stop."""
        if self._stop.is_set() and not self._leaving:
            self._leaving = True
            raise _Stopped


class Checkup:
    """Starts, stops and watches examinations; the latest stays until the next."""

    def __init__(self, clock: Clock, examine: Examine = examine) -> None:
        self._clock = clock
        self._examine = examine
        self._stop = threading.Event()
        self._changed = asyncio.Event()
        self._began = 0.0
        self.latest: Examination | None = None

    @property
    def under_way(self) -> bool:
        """Whether an examination is under way."""
        return self.latest is not None and not self.latest.over

    def start(self, deployment: Deployment, checks: tuple[Check, ...], started_by: str) -> None:
        """Begin an examination, unless one is under way: that one then goes on."""
        if self.under_way:
            return
        self._stop = threading.Event()
        self._began = self._clock.monotonic()
        self.latest = Examination(deployment, checks, started_by, self._clock.now())
        self._tell()
        work = threading.Thread(
            target=self._work,
            args=(self.latest, self._stop, asyncio.get_running_loop()),
            name="checkup",
            daemon=True,
        )
        work.start()

    def stop(self) -> None:
        """Let the examination end early. It still deletes its account, which may take seconds."""
        latest = self.latest
        # With all checks made the cleaning up has begun, and must not be done twice.
        if latest is not None and not latest.over and len(latest.findings) < len(latest.checks):
            latest.stopping = True
            self._stop.set()
            self._tell()

    async def watch(self) -> AsyncIterator[Examination | None]:
        """Yield the latest examination as it is, and again as it goes on, until it is over."""
        while True:
            changed = self._changed
            yield self._as_it_is()
            if not self.under_way:
                return
            await changed.wait()
            if self.under_way:
                await asyncio.sleep(_BETWEEN_LOOKS)

    def _as_it_is(self) -> Examination | None:
        if self.latest is not None and not self.latest.over:
            self.latest.seconds = self._clock.monotonic() - self._began
        return self.latest

    def _work(
        self, it: Examination, stop: threading.Event, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Make the checks, in a thread."""
        clock = _Patience(stop)

        def in_the_loop(deed: Callable[..., None], *given: Any) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(deed, it, *given)

        def say(text: str) -> None:
            clock.leave_if_asked()
            in_the_loop(self._note_doing, text)

        def found(finding: Finding) -> None:
            in_the_loop(self._note_finding, finding)

        broken = False
        try:
            checks = it.checks
            for finding in self._examine(
                it.deployment, say=say, checks=checks, clock=clock, left_early=found
            ):
                found(finding)
        except _Stopped:
            pass  # the doctor has cleaned up, and `found` heard how that went
        except Exception:
            log.exception("checkup_failed")
            broken = True
        in_the_loop(self._note_end, broken)

    def _note_doing(self, it: Examination, text: str) -> None:
        it.doing = text
        self._tell()

    def _note_finding(self, it: Examination, finding: Finding) -> None:
        it.findings.append(finding)
        self._tell()

    def _note_end(self, it: Examination, broken: bool) -> None:
        it.seconds = self._clock.monotonic() - self._began
        it.deployment = replace(it.deployment, admin=None)  # the session is not kept
        it.broken, it.over = broken, True
        self._tell()

    def _tell(self) -> None:
        """Wake everybody who watches."""
        self._changed.set()
        self._changed = asyncio.Event()
