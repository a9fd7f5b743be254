"""Examinations: one at a time, watched by whoever likes, stopped when somebody asks."""

import threading

import pytest

from doctor import Admin, Deployment, Finding, Verdict
from doctor.checks import CHECKS
from doctor.secret import Secret
from panel.client.doctor_run import Checkup
from panel.pages.checks import findings, words
from tests.clocks import NOON, FixedClock
from tests.inside import PATIENCE

WHERE = Deployment("http://localhost:7860", admin=Admin(session=Secret("a session of the owner's")))
THREE = CHECKS[:3]
BY = "owner@example.com"


def found(number, verdict=Verdict.PASS, evidence="seen", fix=""):
    return Finding(THREE[number].name, THREE[number].title, verdict, evidence, fix, 0.1)


CLEANED = Finding("account.deleted", "The account is deleted", Verdict.PASS, "deleted", "", 0.1)


class Doctor:
    """Stands in for the doctor: makes two checks, and goes on when it is let."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.let_go, self.waits = threading.Event(), threading.Event()
        self.calls = 0

    def examine(self, deployment, *, say, checks, clock, left_early):
        self.calls += 1
        left = False
        try:
            say(checks[0].title)
            yield found(0)
            say("waiting 9 s for the rate limit")
            self.waits.set()
            assert self.let_go.wait(PATIENCE)
            self.clock.advance(seconds=9)
            clock.wait(0)
            yield found(1, Verdict.FAIL, "<b>no</b>", "Mend it.")
            yield CLEANED
            left = True
        finally:
            if not left:
                clock.wait(0)  # cleaning up has its own waits, which nobody cuts short
                left_early(CLEANED)


@pytest.fixture
def doctor(clock):
    return Doctor(clock)


@pytest.fixture
def checkup(doctor, clock):
    return Checkup(clock, doctor.examine)


async def until_over(checkup):
    return [each.over async for each in checkup.watch()]


def test_before_the_first_there_is_nothing_to_see(loop, checkup):
    async def look():
        return [each async for each in checkup.watch()]

    assert loop.run(look()) == [None]
    assert words.NOTHING_YET in findings.verdict(None, NOON)
    assert findings.listed(None) == ""


def test_what_is_found_is_seen_as_it_comes(loop, checkup, doctor):
    async def scene():
        checkup.start(WHERE, THREE, BY)
        seen = []
        async for it in checkup.watch():
            seen.append((findings.verdict(it, NOON), findings.listed(it)))
            if it.doing.startswith("waiting"):
                doctor.let_go.set()
        return seen

    seen = loop.run(scene())
    assert any("waiting 9 s for the rate limit" in verdict for verdict, _ in seen[:-1])
    assert any(words.VERDICTS["running"] in listed for _, listed in seen[:-1])
    verdict, listed = seen[-1]
    assert "1 thing is broken." in verdict
    assert "9 seconds" in verdict
    assert BY in verdict
    assert words.TO_MEND in listed
    assert "&lt;b&gt;no&lt;/b&gt;" in listed
    assert "Mend it." in listed
    assert words.VERDICTS["running"] not in listed


def test_one_at_a_time_and_everybody_sees_it(loop, checkup, doctor):
    async def scene():
        checkup.start(WHERE, THREE, BY)
        first = checkup.latest
        checkup.start(WHERE, THREE, "another@example.com")
        assert checkup.latest is first
        doctor.let_go.set()
        await until_over(checkup)
        return first, await until_over(checkup)

    first, seen_later = loop.run(scene())
    assert first.started_by == BY
    assert seen_later == [True]
    assert doctor.calls == 1


def test_the_owners_session_is_not_kept_afterwards(loop, checkup, doctor):
    async def scene():
        checkup.start(WHERE, THREE, BY)
        doctor.let_go.set()
        await until_over(checkup)

    loop.run(scene())
    assert checkup.latest.deployment.admin is None
    for report in (findings.as_text(checkup.latest), findings.as_json(checkup.latest)):
        assert THREE[1].title in report
        assert "a session of the owner's" not in report


def test_stopped_it_cleans_up_and_makes_no_more_checks(loop, checkup, doctor):
    async def scene():
        checkup.start(WHERE, THREE, BY)
        async for it in checkup.watch():
            if it.doing.startswith("waiting") and not it.stopping:
                checkup.stop()
                assert words.STOPPING in findings.verdict(it, NOON)
                doctor.let_go.set()

    loop.run(scene())
    assert [each.check for each in checkup.latest.findings] == [THREE[0].name, "account.deleted"]
    assert words.STOPPED in findings.verdict(checkup.latest, NOON)


def test_stopping_what_is_over_does_nothing(loop, checkup, doctor):
    async def scene():
        checkup.stop()
        checkup.start(WHERE, THREE, BY)
        doctor.let_go.set()
        await until_over(checkup)
        checkup.stop()

    loop.run(scene())
    assert not checkup.latest.stopping


def test_a_doctor_that_fails_is_said_to_have_failed(loop, clock):
    def breaks(*_, **__):
        raise RuntimeError("no thread left")

    checkup = Checkup(clock, breaks)

    async def scene():
        checkup.start(WHERE, THREE, BY)
        await until_over(checkup)

    loop.run(scene())
    assert checkup.latest.broken
    assert words.BROKEN in findings.verdict(checkup.latest, NOON).unescape()
