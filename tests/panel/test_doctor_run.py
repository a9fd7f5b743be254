"""Runs of the doctor: one at a time, watched by several pages, stopped on request."""

import asyncio
import threading

import pytest

from doctor import Admin, Deployment, Finding, Verdict
from doctor.checks import CHECKS
from doctor.client.secret_text import SecretText
from panel.client.doctor_run import DoctorRunner
from panel.pages.checks import findings, words
from tests.clocks import NOON, FixedClock
from tests.in_process import TIMEOUT

DEPLOYMENT = Deployment(
    "http://localhost:7860", admin=Admin(session=SecretText("a session of the owner's"))
)
THREE_CHECKS = CHECKS[:3]
STARTED_BY = "owner@example.com"


def make_finding(number, verdict=Verdict.PASS, evidence="seen", fix=""):
    return Finding(
        THREE_CHECKS[number].name, THREE_CHECKS[number].title, verdict, evidence, fix, 0.1
    )


CLEANUP_FINDING = Finding(
    "account.deleted", "The account is deleted", Verdict.PASS, "deleted", "", 0.1
)


class StubDoctor:
    """Stands in for the doctor: makes two checks, and waits between them for `may_continue`."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.may_continue, self.is_waiting = threading.Event(), threading.Event()
        self.calls = 0

    def examine(self, deployment, *, on_progress, checks, clock, on_early_cleanup):
        self.calls += 1
        completed = False
        try:
            on_progress(checks[0].title)
            yield make_finding(0)
            on_progress("waiting 9 s for the rate limit")
            self.is_waiting.set()
            assert self.may_continue.wait(TIMEOUT)
            self.clock.advance(seconds=9)
            clock.wait(0)
            yield make_finding(1, Verdict.FAIL, "<b>no</b>", "Mend it.")
            yield CLEANUP_FINDING
            completed = True
        finally:
            if not completed:
                clock.wait(0)  # cleaning up has its own waits, which are not cut short
                on_early_cleanup(CLEANUP_FINDING)


@pytest.fixture
def doctor(clock):
    return StubDoctor(clock)


@pytest.fixture
def doctor_runner(doctor, clock):
    return DoctorRunner(clock, doctor.examine)


async def wait_until_finished(doctor_runner):
    return [each.is_finished async for each in doctor_runner.watch()]


def test_before_the_first_there_is_nothing_to_see(loop, doctor_runner):
    async def watch():
        return [each async for each in doctor_runner.watch()]

    assert loop.run(watch()) == [None]
    assert words.NOTHING_YET in findings.render_verdict(None, NOON)
    assert findings.render_findings(None) == ""


def test_what_is_found_is_seen_as_it_comes(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, STARTED_BY)
        states = []
        async for run in doctor_runner.watch():
            states.append((findings.render_verdict(run, NOON), findings.render_findings(run)))
            if run.current_step.startswith("waiting"):
                doctor.may_continue.set()
        return states

    states = loop.run(scene())
    assert any("waiting 9 s for the rate limit" in verdict for verdict, _ in states[:-1])
    assert any(words.VERDICTS["running"] in listed for _, listed in states[:-1])
    verdict, listed = states[-1]
    assert "1 check failed." in verdict
    assert "9 seconds" in verdict
    assert STARTED_BY in verdict
    assert words.PROBLEMS in listed
    assert "&lt;b&gt;no&lt;/b&gt;" in listed
    assert "Mend it." in listed
    assert words.VERDICTS["running"] not in listed


def test_its_end_is_seen_even_if_it_comes_while_the_page_is_being_sent(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, STARTED_BY)
        other_watcher = asyncio.ensure_future(wait_until_finished(doctor_runner))
        finished = []
        async for run in doctor_runner.watch():
            finished.append(run.is_finished)
            doctor.may_continue.set()
            await other_watcher  # the slow page gets its next state only after the end
        return finished

    assert loop.run(scene()) == [False, True]


def test_one_at_a_time_and_everybody_sees_it(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, STARTED_BY)
        first = doctor_runner.latest
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, "another@example.com")
        assert doctor_runner.latest is first
        doctor.may_continue.set()
        await wait_until_finished(doctor_runner)
        return first, await wait_until_finished(doctor_runner)

    first, states_afterwards = loop.run(scene())
    assert first.started_by == STARTED_BY
    assert states_afterwards == [True]
    assert doctor.calls == 1


def test_the_owners_session_is_not_kept_afterwards(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, STARTED_BY)
        doctor.may_continue.set()
        await wait_until_finished(doctor_runner)

    loop.run(scene())
    assert doctor_runner.latest.deployment.admin is None
    for report in (findings.as_text(doctor_runner.latest), findings.as_json(doctor_runner.latest)):
        assert THREE_CHECKS[1].title in report
        assert "a session of the owner's" not in report


def test_stopped_it_cleans_up_and_makes_no_more_checks(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, STARTED_BY)
        async for run in doctor_runner.watch():
            if run.current_step.startswith("waiting") and not run.is_stopping:
                doctor_runner.stop()
                assert words.STOPPING in findings.render_verdict(run, NOON)
                doctor.may_continue.set()

    loop.run(scene())
    assert [each.check for each in doctor_runner.latest.findings] == [
        THREE_CHECKS[0].name,
        "account.deleted",
    ]
    assert words.STOPPED in findings.render_verdict(doctor_runner.latest, NOON)


def test_stopping_what_is_over_does_nothing(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.stop()
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, STARTED_BY)
        doctor.may_continue.set()
        await wait_until_finished(doctor_runner)
        doctor_runner.stop()

    loop.run(scene())
    assert not doctor_runner.latest.is_stopping


def test_a_doctor_that_fails_is_said_to_have_failed(loop, clock):
    def fail(*_, **__):
        raise RuntimeError("no thread left")

    doctor_runner = DoctorRunner(clock, fail)

    async def scene():
        doctor_runner.start(DEPLOYMENT, THREE_CHECKS, STARTED_BY)
        await wait_until_finished(doctor_runner)

    loop.run(scene())
    assert doctor_runner.latest.has_crashed
    assert words.BROKEN in findings.render_verdict(doctor_runner.latest, NOON).unescape()
