"""Threats: a stranger learns from codes who has an account, or waits in one for its owner."""

import pytest
from sqlalchemy import func, select, update

from backend.storage.tables import links, outbox, users
from tests.email_codes import ADA, Codes, other_than
from tests.in_process import Gatehouse
from tests.make import PASSWORD
from tests.scene import refusal
from tests.second_factor import enrol

NOBODY, SQUATTERS = "nobody@example.com", "squatter waits here"
SEND = "email-otp/send-verification-otp"
REQUESTS = [
    (SEND, {"type": "email-verification"}),
    (SEND, {"type": "forget-password"}),
    (SEND, {"type": "sign-in"}),
    ("email-otp/request-password-reset", {}),
    ("forget-password/email-otp", {}),
]
USES = [
    ("email-verification", "email-otp/verify-email", {}),
    ("forget-password", "email-otp/reset-password", {"password": "another horse battery"}),
    ("forget-password", "email-otp/check-verification-otp", {"type": "forget-password"}),
    ("sign-in", "sign-in/email-otp", {}),
]


def describe(response):
    """What a client can tell from a response."""
    ignored = {"x-request-id", "date"}
    headers = {name: value for name, value in response.headers.items() if name not in ignored}
    return response.status_code, response.text, headers


def compare(gatehouse: Gatehouse, path: str, body: dict[str, str]) -> None:
    """Both addresses are answered and worked for alike."""
    outcomes = []
    for email in (ADA, NOBODY):
        with gatehouse.statements() as statements:
            response = gatehouse.visitor().post(path, {"email": email, **body})
        outcomes.append((describe(response), statements))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(("path", "body"), REQUESTS, ids=str)
@pytest.mark.parametrize("sign_up", [True, False], ids=["anybody signs up", "nobody signs up"])
def test_asking_for_a_code_tells_nothing(start_mailing, mailbox, path, body, sign_up):
    before = start_mailing()
    before.member()
    before.close()
    gatehouse = start_mailing(sign_up=sign_up)
    compare(gatehouse, path, body)
    gets_mail = sign_up and body.get("type") == "sign-in"
    assert bool(mailbox.all(NOBODY)) == gets_mail
    codes = select(func.length(outbox.c.sealed)).where(outbox.c.kind == "code")
    short, long = sorted(length for (length,) in gatehouse.rows(codes))
    assert long - short == len(NOBODY) - len(ADA)


@pytest.mark.parametrize(("purpose", "path", "body"), USES, ids=str)
def test_a_wrong_code_tells_nothing_until_they_are_used_up(
    start_mailing, mailbox, purpose, path, body
):
    before = start_mailing()
    before.member()
    before.close()
    gatehouse = start_mailing(sign_up=False)
    compare(gatehouse, path, {**body, "otp": "123456"})  # before any was asked for
    codes = Codes(gatehouse, mailbox)
    codes.ask(purpose, NOBODY)
    wrong = other_than(codes.ask(purpose))
    for _ in range(5):
        compare(gatehouse, path, {**body, "otp": wrong})


def test_an_expired_code_tells_nothing(mailing_gatehouse, mailbox, clock):
    mailing_gatehouse.member()
    codes = Codes(mailing_gatehouse, mailbox)
    for email in (ADA, NOBODY):
        codes.ask("forget-password", email)
    clock.advance(seconds=301)
    compare(
        mailing_gatehouse,
        "email-otp/check-verification-otp",
        {"type": "forget-password", "otp": "123456"},
    )


def squat(gatehouse: Gatehouse):
    """Somebody signs up with Ada's address, and prepares what they can."""
    squatter = gatehouse.visitor()
    squatter.sign_up(ADA, SQUATTERS, name="Eve")
    enrol(gatehouse, squatter, SQUATTERS)
    squatter.post("change-email", {"newEmail": "eve@example.com"})
    squatter.post("email-otp/request-email-change", {"newEmail": "eve@example.com"})
    return squatter


def assert_gone(gatehouse: Gatehouse, squatter, codes: Codes) -> None:
    """Nothing of what the squatter set up opens the account."""
    assert squatter.session() is None
    assert gatehouse.visitor().sign_in(ADA, SQUATTERS).status_code == 401
    moved = {"newEmail": "eve@example.com", "otp": codes.newest("eve@example.com")}
    assert squatter.post("email-otp/change-email", moved).status_code == 401
    kinds = gatehouse.rows(select(links.c.kind))
    assert not any(kind.startswith("change-email") for (kind,) in kinds)


@pytest.mark.parametrize("strict", [True, False])
def test_who_signs_in_with_a_code_has_the_account_alone(start_on, mailbox, strict):
    gatehouse = start_on(mailbox_file=mailbox.file, strict=strict)
    squatter = squat(gatehouse)
    codes, owner = Codes(gatehouse, mailbox), gatehouse.visitor()
    response = codes.sign_in(codes.ask(), by=owner)
    assert response.json()["user"]["twoFactorEnabled"] is False
    assert owner.session()["user"]["emailVerified"] is True
    assert_gone(gatehouse, squatter, codes)


def test_who_resets_the_password_with_a_code_has_the_account_alone(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    squatter = squat(gatehouse)
    codes = Codes(gatehouse, mailbox)
    body = {"email": ADA, "otp": codes.ask("forget-password"), "password": PASSWORD}
    assert gatehouse.visitor().post("email-otp/reset-password", body).is_success
    owner = gatehouse.visitor()
    assert owner.sign_in().json()["user"]["emailVerified"] is True
    assert_gone(gatehouse, squatter, codes)


def test_verifying_a_contested_address_removes_the_password_and_the_sessions(start_on, mailbox):
    gatehouse = start_on(mailbox_file=mailbox.file, sign_in_after_verification=True)
    squatter = squat(gatehouse)
    assert gatehouse.visitor().sign_up(ADA).status_code == 422  # the owner finds it taken
    codes, owner = Codes(gatehouse, mailbox), gatehouse.visitor()
    body = {"email": ADA, "otp": codes.ask("email-verification")}
    response = owner.post("email-otp/verify-email", body)
    assert (response.json()["token"], owner.session()) == (None, None)
    assert_gone(gatehouse, squatter, codes)
    assert "has no password" in mailbox.last("notice").text


def test_verifying_in_a_strange_browser_does_not_sign_in_to_what_a_stranger_set_up(
    start_on, mailbox
):
    gatehouse = start_on(mailbox_file=mailbox.file, sign_in_after_verification=True)
    codes = Codes(gatehouse, mailbox)
    first = gatehouse.member()
    body = {"email": ADA, "otp": codes.ask("email-verification")}
    response = gatehouse.visitor().post("email-otp/verify-email", body)
    assert (response.status_code, response.json()["token"]) == (200, None)
    gatehouse.execute(update(users).values(email_verified=False), gatehouse.user_id(ADA))
    body["otp"] = codes.ask("email-verification")
    assert first.post("email-otp/verify-email", body).json()["token"]


def test_a_code_is_no_way_around_the_second_factor(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    app = enrol(gatehouse, gatehouse.member())
    gatehouse.execute(update(users).values(email_verified=True), gatehouse.user_id(ADA))
    codes, thief = Codes(gatehouse, mailbox), gatehouse.visitor()
    response = codes.sign_in(codes.ask(), by=thief)
    assert response.json() == {"twoFactorRedirect": True, "twoFactorMethods": ["totp"]}
    assert thief.session() is None
    assert thief.post("two-factor/send-otp").json() == refusal("OTP_NOT_ENABLED")
    gatehouse.clock.advance(seconds=30)
    assert thief.post("two-factor/verify-totp", {"code": app.code()}).is_success


def test_a_banned_user_gets_no_session_with_a_code(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    gatehouse.member()
    gatehouse.ban(ADA)
    codes = Codes(gatehouse, mailbox)
    response = codes.sign_in(codes.ask())
    assert (response.status_code, response.json()["code"]) == (403, "BANNED_USER")
