"""Threat: the process dies in the middle of an enrolment, or of a second step.

What was acknowledged is kept: an app is asked for, and a used backup code stays used.
"""

import threading

import httpx
import pyotp
import pytest
from sqlalchemy import func, select

from backend.storage.tables import one_time_codes, sign_in_challenges, trusted_browsers
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.rig.space import Space
from tests.second_factor import enrol, first_step
from tests.security.test_restored_snapshot import SpaceWithBucket

ROUNDS = 3
CALLERS = 3


def new_browser(space: Space) -> httpx.Client:
    headers = {"origin": space.url}
    return httpx.Client(
        base_url=f"{space.url}/api/auth/", headers=headers, trust_env=False, timeout=30
    )


class Person:
    """Somebody who enrols and then signs in with one backup code after the other."""

    def __init__(self, email: str) -> None:
        self.email = email
        self.enrolled = False
        self.codes: list[str] = []
        self.used: list[str] = []

    def live(self, space: Space, stop_at: threading.Event) -> None:
        try:
            self._enrol(space)
            stop_at.set()
            for code in self.codes:
                if self._use(space, code).status_code == 200:
                    self.used.append(code)
        except httpx.TransportError:
            return

    def _enrol(self, space: Space) -> None:
        with new_browser(space) as browser:
            payload = {"name": "Ada", "email": self.email, "password": PASSWORD}
            browser.post("sign-up/email", json=payload)
            begun = browser.post("two-factor/enable", json={"password": PASSWORD}).json()
            code = pyotp.parse_uri(begun["totpURI"]).now()
            response = browser.post("two-factor/verify-totp", json={"code": code})
            self.codes, self.enrolled = begun["backupCodes"], response.status_code == 200

    def _use(self, space: Space, code: str) -> httpx.Response:
        with new_browser(space) as browser:
            credentials = {"email": self.email, "password": PASSWORD}
            assert "twoFactorRedirect" in browser.post("sign-in/email", json=credentials).json()
            return browser.post("two-factor/verify-backup-code", json={"code": code})

    def list_forgotten(self, space: Space) -> list[str]:
        """What was acknowledged to this person, and is no longer so."""
        return [code for code in self.used if self._use(space, code).status_code != 401]


def test_kill9_forgets_no_enrolment_and_revives_no_backup_code(tmp_path):
    space = Space(tmp_path, {"RATE_LIMITS": "off"})
    space.start()
    for number in range(ROUNDS):
        people = [Person(f"user{number}-{each}@example.com") for each in range(CALLERS)]
        enough = threading.Event()
        threads = [threading.Thread(target=each.live, args=(space, enough)) for each in people]
        for thread in threads:
            thread.start()
        assert enough.wait(60), space.log
        space.kill9()
        for thread in threads:
            thread.join()
        space.start()
        enrolled = [person for person in people if person.enrolled]
        assert enrolled
        assert [person.list_forgotten(space) for person in enrolled] == [[]] * len(enrolled)
        for person in enrolled:  # is asked for it, or this would fail
            assert person._use(space, "wrong").status_code == 401
    space.kill9()


@pytest.fixture
def space(start, tmp_path) -> SpaceWithBucket:
    return SpaceWithBucket(start, tmp_path)


def in_front_of(gatehouse: Gatehouse, browser: Visitor) -> Visitor:
    visitor = gatehouse.visitor()
    visitor.cookies = dict(browser.cookies)
    return visitor


def test_a_restored_snapshot_revives_no_trust_and_no_sign_in_that_was_begun(space, mailbox):
    first = space.run()
    ada = first.member()
    app = enrol(first, ada)
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    trusted, begun = first_step(first), first_step(first)
    trusted.post("two-factor/verify-totp", {"code": app.code(), "trustDevice": True})
    begun.post("two-factor/send-otp")
    space.take_last_snapshot(first)
    body = {"currentPassword": PASSWORD, "newPassword": PASSWORD + "2"}
    assert ada.post("change-password", body).is_success  # which ends both
    space.crash(first)

    second = space.run()
    tables = (trusted_browsers, sign_in_challenges, one_time_codes)
    assert [second.rows(select(func.count()).select_from(each)) for each in tables] == [[(0,)]] * 3
    assert "twoFactorRedirect" in in_front_of(second, trusted).sign_in().json()
    code = {"code": mailbox.last("code").code}
    response = in_front_of(second, begun).post("two-factor/verify-otp", code)
    assert response.json()["code"] == "INVALID_TWO_FACTOR_COOKIE"


def test_an_orderly_restart_keeps_all_of_it(space):
    first = space.run()
    app = enrol(first, first.member())
    trusted = first_step(first)
    trusted.post("two-factor/verify-totp", {"code": app.code(), "trustDevice": True})
    used = {"code": app.backup_codes[0]}
    assert first_step(first).post("two-factor/verify-backup-code", used).status_code == 200
    begun = first_step(first)
    first.close()

    second = space.run()
    assert "token" in in_front_of(second, trusted).sign_in().json()
    again = in_front_of(second, begun).post("two-factor/verify-backup-code", used)
    assert again.json()["code"] == "INVALID_BACKUP_CODE"
    other = {"code": app.backup_codes[1]}
    response = in_front_of(second, begun).post("two-factor/verify-backup-code", other)
    assert response.status_code == 200
