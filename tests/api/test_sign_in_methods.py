"""Which ways to sign in a page is told of."""

import json
import re

import pytest

from tests.architecture.source import ROOT

EXAMPLE = json.loads(re.findall(r"```json\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.S)[0])


def changed(**changes):
    """The guide's example, with fields of these ways changed."""
    return {
        way: {**fields, **changes.get(way, {})} if isinstance(fields, dict) else fields
        for way, fields in EXAMPLE.items()
    }


@pytest.mark.parametrize(
    ("settings", "methods"),
    [
        ({}, EXAMPLE),
        (
            {"sign_up": False},
            changed(
                emailAndPassword={"disableSignUp": True},
                magicLink={"disableSignUp": True},
                emailOtp={"disableSignUp": True},
            ),
        ),
        ({"magic_link": False}, changed(magicLink={"enabled": False})),
        ({"magic_link_sign_up": False}, changed(magicLink={"disableSignUp": True})),
        ({"sign_in_after_sign_up": False}, changed(emailAndPassword={"autoSignIn": False})),
        (
            {"require_verified_email": True},
            changed(emailAndPassword={"autoSignIn": False, "requireEmailVerification": True}),
        ),
        (
            {"password_min": 12, "password_max": 64},
            changed(emailAndPassword={"minPasswordLength": 12, "maxPasswordLength": 64}),
        ),
        ({"username": False}, changed(username={"enabled": False})),
        ({"email_code": False}, changed(emailOtp={"enabled": False})),
        ({"email_code_lifetime": 60}, changed(emailOtp={"expiresIn": 60})),
        (
            {"passkeys": False},
            changed(passkey={"enabled": False, "rpId": None, "relyingParties": []}),
        ),
        ({"two_factor": False}, changed(twoFactor={"enabled": False})),
        ({"require_two_factor_for": "admins"}, changed(twoFactor={"requiredFor": "admins"})),
    ],
    ids=lambda value: ",".join(value),
)
def test_a_page_learns_what_the_settings_say(start, settings, methods):
    assert start(**settings).visitor().get("/api/sign-in-methods").json() == methods


def test_in_production_without_mail_nothing_is_offered_that_needs_it(start):
    gatehouse = start(environment="production", bcrypt_rounds=10)
    methods = gatehouse.visitor().get("/api/sign-in-methods").json()
    assert methods == changed(
        emailAndPassword={"passwordReset": False},
        magicLink={"enabled": False},
        emailOtp={"enabled": False},
        passkey={"relyingParties": [{"rpId": "localhost", "origins": ["http://localhost:7860"]}]},
        twoFactor={"methods": ["totp"]},
    )


def test_it_is_the_same_for_everybody_and_kept_for_a_minute(gatehouse):
    ada = gatehouse.member()
    with gatehouse.statements() as statements:
        responses = [visitor.get("/api/sign-in-methods") for visitor in (gatehouse.visitor(), ada)]
    assert responses[0].content == responses[1].content
    for response in responses:
        assert response.headers["cache-control"] == "public, max-age=60"
        assert "set-cookie" not in response.headers
    assert statements == []


def test_a_page_of_the_frontend_may_read_it_and_no_other(gatehouse):
    def allowed(origin):
        response = gatehouse.visitor().get("/api/sign-in-methods", headers={"origin": origin})
        assert "origin" in response.headers["vary"].lower()
        return response.headers.get("access-control-allow-origin")

    assert allowed("http://localhost:3000") == "http://localhost:3000"
    assert allowed("https://evil.example") is None
