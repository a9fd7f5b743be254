"""Threat: the right password alone opens something, although a second factor is asked for."""

import re

import pytest
from sqlalchemy import func, select

from backend.storage.tables import sessions
from tests.in_process import Gatehouse, Visitor
from tests.second_factor import App, enrol, first_step
from tests.security.test_second_factor_required import list_operations

PREFIX = "better-auth."
SESSION, CHALLENGE, TRUST = (
    f"{PREFIX}{name}" for name in ("session_token", "two_factor", "trust_device")
)
OTHERS = [
    SESSION,
    TRUST,
    f"{PREFIX}session_data",
    f"{PREFIX}admin_session",
    f"{PREFIX}dont_remember",
]
SECOND_STEP = re.compile(r"/api/auth/two-factor/(send-otp|verify-(totp|otp|backup-code))")


@pytest.fixture
def app(gatehouse) -> App:
    """Ada's authenticator app, enrolled."""
    return enrol(gatehouse, gatehouse.member())


def with_cookies(gatehouse: Gatehouse, **cookies: str) -> Visitor:
    browser = gatehouse.visitor()
    browser.cookies = {PREFIX + name: value for name, value in cookies.items()}
    return browser


def test_it_makes_no_session_and_sends_no_token(gatehouse, app):
    count = select(func.count()).select_from(sessions)
    before = gatehouse.rows(count)
    browser = gatehouse.visitor()
    response = browser.sign_in()
    assert gatehouse.rows(count) == before
    assert "set-auth-token" not in response.headers
    assert browser.cookies.keys() == {CHALLENGE, "better-auth.last_used_login_method"}


@pytest.mark.parametrize("shown", ["as it is", "as a bearer token", *OTHERS])
def test_what_it_leaves_opens_no_endpoint(gatehouse, app, shown):
    """The signature of a cookie does not cover its name."""
    cookie = first_step(gatehouse).cookies[CHALLENGE]
    checked = 0
    for method, path, body, required in list_operations(gatehouse.app.openapi()):
        if SECOND_STEP.fullmatch(path) or not required:
            continue
        browser = gatehouse.visitor()
        if shown == "as a bearer token":
            browser.headers["authorization"] = f"Bearer {cookie}"
        else:
            browser.cookies = {CHALLENGE if shown == "as it is" else shown: cookie}
        response = browser.send(method, path, body)
        assert response.status_code == 401, (method, path, response.text)
        assert browser.session() is None
        checked += 1
    assert checked > 30


def test_a_trusted_browser_and_a_sign_in_under_way_are_not_taken_for_each_other(gatehouse, app):
    browser = first_step(gatehouse)
    challenge = browser.cookies[CHALLENGE]
    browser.post("two-factor/verify-totp", {"code": app.code(), "trustDevice": True})
    trust = browser.cookies[TRUST]

    as_trusted = with_cookies(gatehouse, trust_device=challenge)
    assert "twoFactorRedirect" in as_trusted.sign_in().json()
    fresh = first_step(gatehouse).cookies[CHALLENGE]
    as_trusted = with_cookies(gatehouse, trust_device=fresh)
    assert "twoFactorRedirect" in as_trusted.sign_in().json()

    for name, value in (("two_factor", trust), ("session_token", trust), ("session_token", fresh)):
        impostor = with_cookies(gatehouse, **{name: value})
        assert impostor.session() is None
        response = impostor.post("two-factor/verify-backup-code", {"code": app.backup_codes[0]})
        assert response.json()["code"] == "INVALID_TWO_FACTOR_COOKIE"


def test_a_session_cookie_is_no_challenge_and_no_trust(gatehouse, app):
    browser = first_step(gatehouse)
    browser.post("two-factor/verify-totp", {"code": app.code()})
    token = browser.cookies[SESSION]
    assert "twoFactorRedirect" in with_cookies(gatehouse, trust_device=token).sign_in().json()
    impostor = with_cookies(gatehouse, two_factor=token)
    response = impostor.post("two-factor/verify-backup-code", {"code": app.backup_codes[0]})
    assert response.json()["code"] == "INVALID_TWO_FACTOR_COOKIE"
