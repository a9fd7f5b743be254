"""Codes by mail as a second factor."""

import pytest

from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import refusal
from tests.second_factor import App, enrol, first_step


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


def test_codes_by_mail_are_on_at_once_and_asked_for(gatehouse, ada, mailbox):
    response = ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    assert response.json() == {"method": "otp"}
    assert ada.session()["user"]["twoFactorEnabled"] is True

    visitor = gatehouse.visitor()
    assert visitor.sign_in().json() == {
        "twoFactorRedirect": True,
        "twoFactorMethods": ["otp"],
    }
    assert visitor.post("two-factor/send-otp", {}).json() == {"status": True}
    mail = mailbox.last("code")
    assert len(mail.code) == 6
    assert mail.code in mail.text
    assert visitor.post("two-factor/verify-otp", {"code": mail.code}).status_code == 200
    assert visitor.session() is not None


def test_a_first_mailed_code_turns_them_on(ada, mailbox):
    ada.post("two-factor/send-otp")
    response = ada.post("two-factor/verify-otp", {"code": mailbox.last("code").code})
    assert response.json()["user"]["twoFactorEnabled"] is True


def test_only_the_newest_code_counts_and_for_three_minutes(gatehouse, ada, mailbox, clock):
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    visitor = first_step(gatehouse)
    visitor.post("two-factor/send-otp")
    former = mailbox.last("code").code
    visitor.post("two-factor/send-otp")
    newest = mailbox.last("code").code
    refused = visitor.post("two-factor/verify-otp", {"code": former})
    assert former == newest or refused.json() == refusal("INVALID_CODE")
    clock.advance(minutes=3)
    expired = visitor.post("two-factor/verify-otp", {"code": newest})
    assert (expired.status_code, expired.json()) == (400, refusal("OTP_HAS_EXPIRED"))


def test_a_mailed_code_is_for_one_sign_in(gatehouse, ada, mailbox):
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    asking, other = first_step(gatehouse), first_step(gatehouse)
    asking.post("two-factor/send-otp")
    response = other.post("two-factor/verify-otp", {"code": mailbox.last("code").code})
    assert response.json() == refusal("OTP_HAS_EXPIRED")


def test_five_wrong_mailed_codes_make_it_void(gatehouse, ada, mailbox):
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    visitor = first_step(gatehouse)
    visitor.post("two-factor/send-otp")
    code = mailbox.last("code").code
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        visitor.post("two-factor/verify-otp", {"code": wrong})
    response = visitor.post("two-factor/verify-otp", {"code": code})
    assert response.json() == refusal("TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")


def test_with_an_app_alone_no_code_is_mailed(gatehouse, app, mailbox):
    response = first_step(gatehouse).post("two-factor/send-otp")
    assert (response.status_code, response.json()) == (400, refusal("OTP_NOT_ENABLED"))
    assert "code" not in mailbox.kinds()


def test_with_both_either_one_will_do(gatehouse, ada, app):
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    visitor = gatehouse.visitor()
    assert visitor.sign_in().json()["twoFactorMethods"] == ["totp", "otp"]


def test_where_no_mail_is_sent_there_are_no_codes_by_mail(start):
    gatehouse = start(environment="production", bcrypt_rounds=10)
    ada = gatehouse.member()
    response = ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    assert (response.status_code, response.json()) == (400, refusal("OTP_NOT_CONFIGURED"))
