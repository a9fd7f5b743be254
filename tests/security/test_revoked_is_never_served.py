"""Threat: a session that has ended is served once more, by whatever order of events.

Hypothesis plays random days in the life of three browsers against a model of thirty lines; every
cookie ever handed out is tried again and again.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.clocks import FixedClock, SeededRandomness
from tests.in_process import Gatehouse, Loop, Visitor
from tests.make import make_settings
from tests.rig.processes import wait_until

DAY = timedelta(days=1)
BROWSERS, PEOPLE = st.integers(0, 2), st.sampled_from(["ada@example.com", "bob@example.com"])


@dataclass
class ExpectedSession:
    """A session as it should be."""

    user: str
    created: datetime
    ends: datetime
    remembered: bool


class SessionModel:
    """All sessions that are alive, by the cookie that opens them."""

    def __init__(self) -> None:
        self.alive: dict[str, ExpectedSession] = {}

    def add(self, cookie: str, user: str, now: datetime, remembered: bool) -> None:
        ends = now + (7 * DAY if remembered else DAY)
        self.alive[cookie] = ExpectedSession(user, now, ends, remembered)

    def use(self, cookie: str | None, now: datetime) -> ExpectedSession | None:
        expected = self.alive.get(cookie or "")
        if expected is None or expected.ends <= now:
            self.alive.pop(cookie or "", None)
            return None
        latest = expected.created + 30 * DAY
        if expected.remembered and expected.ends < latest and now >= expected.ends - 6 * DAY:
            expected.ends = min(now + 7 * DAY, latest)
        return expected

    def end_all(self, user: str, spared: str | None = None) -> None:
        gone = [
            key for key, expected in self.alive.items() if expected.user == user and key != spared
        ]
        for cookie in gone:
            del self.alive[cookie]


class ThreeBrowsers(RuleBasedStateMachine):
    @initialize()
    def set_up(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.loop, self.clock, self.model = Loop(), FixedClock(), SessionModel()
        options = make_settings(Path(self.folder.name), rate_limits=False, session_cache_size=3)
        self.gatehouse = Gatehouse(self.loop, options, self.clock, SeededRandomness())
        self.browsers = [self.gatehouse.visitor() for _ in range(3)]
        self.issued: list[str] = []
        for person in ("ada@example.com", "bob@example.com"):
            visitor = self.gatehouse.member(person)
            self._note(visitor, person, True)

    def _note(self, visitor: Visitor, user: str, remembered: bool) -> None:
        cookie = visitor.session_cookie
        assert cookie is not None
        self.issued.append(cookie)
        self.model.add(cookie, user, self.clock.now(), remembered)

    def _check(self, visitor: Visitor) -> ExpectedSession | None:
        expected = self.model.use(visitor.session_cookie, self.clock.now())
        session = visitor.session()
        assert (session and session["user"]["email"]) == (expected and expected.user)
        if expected is not None:
            ends = datetime.fromisoformat(session["session"]["expiresAt"])
            assert ends == expected.ends
        return expected

    @rule(browser=BROWSERS, person=PEOPLE, remember=st.booleans())
    def sign_in(self, browser: int, person: str, remember: bool) -> None:
        visitor = self.browsers[browser]
        old_cookie = visitor.session_cookie
        assert visitor.sign_in(person, rememberMe=remember).status_code == 200
        self.model.alive.pop(old_cookie or "", None)
        self._note(visitor, person, remember)

    @rule(browser=BROWSERS)
    def check_session(self, browser: int) -> None:
        self._check(self.browsers[browser])

    @rule(browser=BROWSERS)
    def sign_out(self, browser: int) -> None:
        self.model.alive.pop(self.browsers[browser].session_cookie or "", None)
        self.browsers[browser].post("sign-out")

    @rule(browser=BROWSERS, path=st.sampled_from(["revoke-sessions", "revoke-other-sessions"]))
    def revoke(self, browser: int, path: str) -> None:
        cookie = self.browsers[browser].session_cookie
        expected = self.model.use(cookie, self.clock.now())
        response = self.browsers[browser].post(path, {})
        assert response.status_code == (200 if expected else 401)
        if expected is not None:
            self.model.end_all(expected.user, cookie if "other" in path else None)

    @rule(browser=BROWSERS)
    def change_the_name(self, browser: int) -> None:
        expected = self.model.use(self.browsers[browser].session_cookie, self.clock.now())
        response = self.browsers[browser].post("update-user", {"name": "Somebody"})
        assert response.status_code == (200 if expected else 401)

    @precondition(lambda self: len(self.issued) > 2)
    @rule(data=st.data())
    def replay_a_stolen_cookie(self, data: Any) -> None:
        thief = self.gatehouse.visitor("192.0.2.66")
        thief.session_cookie = data.draw(st.sampled_from(self.issued))
        self._check(thief)

    @rule(hours=st.sampled_from([1, 23, 24, 25, 120, 167, 168]))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    @rule()
    def the_memory_is_trusted(self) -> None:
        wait_until(self.gatehouse.is_feed_live, "the change feed")

    @rule(person=PEOPLE)
    def ban_and_pardon(self, person: str) -> None:
        """A ban ends every session, and a pardon brings none of them back."""
        self.gatehouse.ban(person)
        self.model.end_all(person)
        assert self.gatehouse.visitor().sign_in(person).status_code == 403
        self.gatehouse.unban(person)

    def teardown(self) -> None:
        if hasattr(self, "gatehouse"):
            for cookie in self.issued:
                thief = self.gatehouse.visitor("192.0.2.66")
                thief.session_cookie = cookie
                self._check(thief)
            self.gatehouse.close()
            self.loop.close()
            self.folder.cleanup()


TestThreeBrowsers = ThreeBrowsers.TestCase
TestThreeBrowsers.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
