"""Examinations: one at a time, watched by whoever likes, stopped when somebody asks."""

import asyncio
import threading

import pytest

from doctor import Admin, Deployment, Finding, Verdict
from doctor.checks import CHECKS
from doctor.client.secret_text import SecretText
from panel.client.doctor_run import DoctorRunner
from panel.pages.checks import findings, words
from tests.clocks import NOON, FixedClock
from tests.in_process import PATIENCE

WHERE = Deployment(
    "http://localhost:7860", admin=Admin(session=SecretText("a session of the owner's"))
)
THREE = CHECKS[:3]
BY = "owner@example.com"


def make_finding(number, verdict=Verdict.PASS, evidence="seen", fix=""):
    return Finding(THREE[number].name, THREE[number].title, verdict, evidence, fix, 0.1)


CLEANED = Finding("account.deleted", "The account is deleted", Verdict.PASS, "deleted", "", 0.1)


class Doctor:
    """Stands in for the doctor: makes two checks, and goes on when it is let."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.let_go, self.waits = threading.Event(), threading.Event()
        self.calls = 0

    def examine(self, deployment, *, on_progress, checks, clock, on_early_cleanup):
        self.calls += 1
        left = False
        try:
            on_progress(checks[0].title)
            yield make_finding(0)
            on_progress("waiting 9 s for the rate limit")
            self.waits.set()
            assert self.let_go.wait(PATIENCE)
            self.clock.advance(seconds=9)
            clock.wait(0)
            yield make_finding(1, Verdict.FAIL, "<b>no</b>", "Mend it.")
            yield CLEANED
            left = True
        finally:
            if not left:
                clock.wait(0)  # cleaning up has its own waits, which nobody cuts short
                on_early_cleanup(CLEANED)


@pytest.fixture
def doctor(clock):
    return Doctor(clock)


@pytest.fixture
def doctor_runner(doctor, clock):
    return DoctorRunner(clock, doctor.examine)


async def until_over(doctor_runner):
    return [each.is_finished async for each in doctor_runner.watch()]


def test_before_the_first_there_is_nothing_to_see(loop, doctor_runner):
    async def render():
        return [each async for each in doctor_runner.watch()]

    assert loop.run(render()) == [None]
    assert words.NOTHING_YET in findings.render_verdict(None, NOON)
    assert findings.render_findings(None) == ""


def test_what_is_found_is_seen_as_it_comes(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(WHERE, THREE, BY)
        seen = []
        async for it in doctor_runner.watch():
            seen.append((findings.render_verdict(it, NOON), findings.render_findings(it)))
            if it.current_step.startswith("waiting"):
                doctor.let_go.set()
        return seen

    seen = loop.run(scene())
    assert any("waiting 9 s for the rate limit" in verdict for verdict, _ in seen[:-1])
    assert any(words.VERDICTS["running"] in listed for _, listed in seen[:-1])
    verdict, listed = seen[-1]
    assert "1 check failed." in verdict
    assert "9 seconds" in verdict
    assert BY in verdict
    assert words.PROBLEMS in listed
    assert "&lt;b&gt;no&lt;/b&gt;" in listed
    assert "Mend it." in listed
    assert words.VERDICTS["running"] not in listed


def test_its_end_is_seen_even_if_it_comes_while_the_page_is_being_sent(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(WHERE, THREE, BY)
        until_over_elsewhere = asyncio.ensure_future(until_over(doctor_runner))
        finished = []
        async for it in doctor_runner.watch():
            finished.append(it.is_finished)
            doctor.let_go.set()
            await until_over_elsewhere  # the slow page gets its next state only after the end
        return finished

    assert loop.run(scene()) == [False, True]


def test_one_at_a_time_and_everybody_sees_it(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(WHERE, THREE, BY)
        first = doctor_runner.latest
        doctor_runner.start(WHERE, THREE, "another@example.com")
        assert doctor_runner.latest is first
        doctor.let_go.set()
        await until_over(doctor_runner)
        return first, await until_over(doctor_runner)

    first, seen_later = loop.run(scene())
    assert first.started_by == BY
    assert seen_later == [True]
    assert doctor.calls == 1


def test_the_owners_session_is_not_kept_afterwards(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(WHERE, THREE, BY)
        doctor.let_go.set()
        await until_over(doctor_runner)

    loop.run(scene())
    assert doctor_runner.latest.deployment.admin is None
    for report in (findings.as_text(doctor_runner.latest), findings.as_json(doctor_runner.latest)):
        assert THREE[1].title in report
        assert "a session of the owner's" not in report


def test_stopped_it_cleans_up_and_makes_no_more_checks(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.start(WHERE, THREE, BY)
        async for it in doctor_runner.watch():
            if it.current_step.startswith("waiting") and not it.is_stopping:
                doctor_runner.stop()
                assert words.STOPPING in findings.render_verdict(it, NOON)
                doctor.let_go.set()

    loop.run(scene())
    assert [each.check for each in doctor_runner.latest.findings] == [
        THREE[0].name,
        "account.deleted",
    ]
    assert words.STOPPED in findings.render_verdict(doctor_runner.latest, NOON)


def test_stopping_what_is_over_does_nothing(loop, doctor_runner, doctor):
    async def scene():
        doctor_runner.stop()
        doctor_runner.start(WHERE, THREE, BY)
        doctor.let_go.set()
        await until_over(doctor_runner)
        doctor_runner.stop()

    loop.run(scene())
    assert not doctor_runner.latest.is_stopping


def test_a_doctor_that_fails_is_said_to_have_failed(loop, clock):
    def breaks(*_, **__):
        raise RuntimeError("no thread left")

    doctor_runner = DoctorRunner(clock, breaks)

    async def scene():
        doctor_runner.start(WHERE, THREE, BY)
        await until_over(doctor_runner)

    loop.run(scene())
    assert doctor_runner.latest.has_crashed
    assert words.BROKEN in findings.render_verdict(doctor_runner.latest, NOON).unescape()
