"""The panel's form where a captcha guards signing in: it has none, and helps nobody to guess."""

import pytest

from tests.make import PASSWORD
from tests.panel.conftest import LOGIN, OWNER_EMAIL
from tests.rig.stand_in import StandIn, say

ADA = "ada@example.com"
NEEDS_NONE = {"captcha_provider": "turnstile", "captcha_site_key": "k", "captcha_secret": "s"}


@pytest.fixture
def guarded_panel(open_panel):
    with StandIn(say(b'{"success":true}')) as provider:
        yield open_panel(captcha_verify_url=provider.url, **NEEDS_NONE)


def test_an_admin_signs_in_without_a_token(guarded_panel):
    assert guarded_panel.visitor().sign_in_to_panel().headers["location"] == "/admin/?tried=1"


def test_whether_a_users_password_is_right_the_form_does_not_tell(guarded_panel):
    gatehouse = guarded_panel.gatehouse
    token = {"x-captcha-response": "token"}
    sign_up = {"name": "Ada", "email": ADA, "password": PASSWORD}
    assert gatehouse.visitor().post("sign-up/email", sign_up, headers=token).status_code == 200
    right = guarded_panel.visitor().sign_in_to_panel(ADA)
    wrong = guarded_panel.visitor().sign_in_to_panel(ADA, "a wrong password")
    for response in (right, wrong):
        assert response.headers["location"] == f"{LOGIN}?why=refused"
        assert "set-cookie" not in response.headers
    failures = [each for each in gatehouse.events() if each.kind == "sign_in_failed"]
    assert len(failures) == 2
    assert not [each for each in gatehouse.events() if each.kind == "sign_in"]


@pytest.mark.parametrize("header", ["gatehouse.from_panel", "x-gatehouse-from-panel", "from-panel"])
def test_nobody_outside_passes_for_the_panel(guarded_panel, header):
    body = {"email": OWNER_EMAIL, "password": PASSWORD}
    outside = guarded_panel.visitor(**{header: "true", "x-forwarded-for": "127.0.0.1"})
    response = outside.post("sign-in/email?gatehouse.from_panel=true", body)
    assert response.json()["code"] == "MISSING_RESPONSE"
