"""Runs the doctor against this server: one run at a time, in its own thread.

The thread passes findings to the event loop, the only place where state is read and changed.
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
from doctor.clock import SystemBlockingClock
from panel.ports import Clock

Examine = Callable[..., Iterator[Finding]]
"""As `doctor.examine`."""
_UPDATE_INTERVAL = 0.2  # seconds; findings come in bursts, and every update redraws the page

log = structlog.get_logger()


@dataclass
class DoctorRun:
    """A run, under way or finished."""

    deployment: Deployment
    checks: tuple[Check, ...]
    """The checks, in order; the throw-away account is deleted after them."""
    started_by: str
    started_at: datetime
    findings: list[Finding] = field(default_factory=list)
    current_step: str = ""
    """What the doctor is doing or waiting for."""
    seconds: float = 0.0
    """How long it has taken so far."""
    is_stopping: bool = False
    has_crashed: bool = False
    """Whether the doctor itself failed; the log says why."""
    is_finished: bool = False


class _Stopped(Exception):
    """Stops a run from within; the doctor then cleans up as always."""


class _StoppableClock(SystemBlockingClock):
    """The doctor's clock. Once stopped, it waits only for the clean-up."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._raised = False

    def wait(self, seconds: float) -> None:
        if self._raised:
            super().wait(seconds)
            return
        self._stop.wait(seconds)
        self.raise_if_stopped()

    def raise_if_stopped(self) -> None:
        """Raise _Stopped, once, if the run is to stop."""
        if self._stop.is_set() and not self._raised:
            self._raised = True
            raise _Stopped


class DoctorRunner:
    """Starts, stops and watches runs; keeps the latest."""

    def __init__(self, clock: Clock, examine: Examine = examine) -> None:
        self._clock = clock
        self._examine = examine
        self._stop = threading.Event()
        self._changed = asyncio.Event()
        self._started = 0.0
        self.latest: DoctorRun | None = None

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self.latest is not None and not self.latest.is_finished

    def start(self, deployment: Deployment, checks: tuple[Check, ...], started_by: str) -> None:
        """Start a run, unless one is under way."""
        if self.is_running:
            return
        self._stop = threading.Event()
        self._started = self._clock.monotonic()
        self.latest = DoctorRun(deployment, checks, started_by, self._clock.now())
        self._notify()
        thread = threading.Thread(
            target=self._run,
            args=(self.latest, self._stop, asyncio.get_running_loop()),
            name="checkup",
            daemon=True,
        )
        thread.start()

    def stop(self) -> None:
        """Stop the run early. It still deletes its account, which may take seconds."""
        latest = self.latest
        # After the last check the clean-up has begun, and must not run twice.
        if latest and self.is_running and len(latest.findings) < len(latest.checks):
            latest.is_stopping = True
            self._stop.set()
            self._notify()

    async def watch(self) -> AsyncIterator[DoctorRun | None]:
        """Yield the latest run now and after every change, until it is finished."""
        while True:
            # Both are read before the yield: the run may finish while the page is being sent, and
            # its last state must then still be shown.
            changed, is_last = self._changed, not self.is_running
            yield self._refresh_latest()
            if is_last:
                return
            await changed.wait()
            if self.is_running:
                await asyncio.sleep(_UPDATE_INTERVAL)

    def _refresh_latest(self) -> DoctorRun | None:
        if self.latest is not None and not self.latest.is_finished:
            self.latest.seconds = self._clock.monotonic() - self._started
        return self.latest

    def _run(self, run: DoctorRun, stop: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        """Run the checks, in the thread."""
        clock = _StoppableClock(stop)

        def call_in_loop(callback: Callable[..., None], *args: Any) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback, run, *args)

        def on_progress(text: str) -> None:
            clock.raise_if_stopped()
            call_in_loop(self._set_step, text)

        def report_finding(finding: Finding) -> None:
            call_in_loop(self._add_finding, finding)

        has_crashed = False
        try:
            for finding in self._examine(
                run.deployment,
                on_progress=on_progress,
                checks=run.checks,
                clock=clock,
                on_early_cleanup=report_finding,
            ):
                report_finding(finding)
        except _Stopped:
            pass  # the doctor has cleaned up and reported it through `report_finding`
        except Exception:
            log.exception("checkup_failed")
            has_crashed = True
        call_in_loop(self._finish, has_crashed)

    def _set_step(self, run: DoctorRun, text: str) -> None:
        run.current_step = text
        self._notify()

    def _add_finding(self, run: DoctorRun, finding: Finding) -> None:
        run.findings.append(finding)
        self._notify()

    def _finish(self, run: DoctorRun, has_crashed: bool) -> None:
        run.seconds = self._clock.monotonic() - self._started
        run.deployment = replace(run.deployment, admin=None)  # the session is not kept
        run.has_crashed, run.is_finished = has_crashed, True
        self._notify()

    def _notify(self) -> None:
        """Wake all watchers."""
        self._changed.set()
        self._changed = asyncio.Event()
