"""Trusted browsers: where a user gave a second factor before, the next sign-in needs none."""

import pytest

from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import cookies_of
from tests.second_factor import App, enrol, first_step

CHALLENGED = {"twoFactorRedirect": True, "twoFactorMethods": ["totp"]}


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.member()


@pytest.fixture
def app(gatehouse, ada) -> App:
    """Ada's authenticator app, enrolled."""
    return enrol(gatehouse, ada)


def test_a_trusted_browser_needs_no_code_for_30_days(gatehouse, app, clock):
    visitor = first_step(gatehouse)
    body = {"code": app.code(), "trustDevice": True}
    response = visitor.post("two-factor/verify-totp", body)
    assert "trust_device 2592000" in cookies_of(response)
    first = visitor.cookies["better-auth.trust_device"]

    assert "token" in visitor.sign_in().json()
    assert visitor.cookies["better-auth.trust_device"] != first
    assert gatehouse.visitor().sign_in().json() == CHALLENGED

    clock.advance(days=30)
    response = visitor.sign_in()
    assert response.json() == CHALLENGED
    assert "better-auth.trust_device" not in visitor.cookies


def test_a_browser_is_trusted_for_one_user(gatehouse, ada, app):
    grace = gatehouse.member("grace@example.com")
    enrol(gatehouse, grace)
    visitor = first_step(gatehouse)
    visitor.post("two-factor/verify-totp", {"code": app.code(), "trustDevice": True})
    assert visitor.sign_in("grace@example.com").json() == CHALLENGED


def test_a_used_trust_cookie_is_void(gatehouse, app):
    visitor = first_step(gatehouse)
    visitor.post("two-factor/verify-totp", {"code": app.code(), "trustDevice": True})
    thief = gatehouse.visitor()
    thief.cookies = {"better-auth.trust_device": visitor.cookies["better-auth.trust_device"]}
    visitor.sign_in()
    assert thief.sign_in().json() == CHALLENGED


def test_a_changed_password_ends_trust(gatehouse, ada, app):
    visitor = first_step(gatehouse)
    visitor.post("two-factor/verify-totp", {"code": app.code(), "trustDevice": True})
    ada.post("change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD + "2"})
    assert visitor.sign_in(password=PASSWORD + "2").json() == CHALLENGED
