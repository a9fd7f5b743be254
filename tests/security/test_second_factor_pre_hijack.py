"""Threat: a second factor of a stranger keeps the mailbox's owner out, or a mail gets by one.

Mallory signs up with Ada's address and turns an authenticator app on (USENIX Security 2022). And
whoever reads Ada's mail resets her password, which must not be enough where she has a factor.
"""

import pytest
from sqlalchemy import select

from backend.storage.tables import two_factors
from tests.in_process import Gatehouse, Visitor
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import refusal
from tests.second_factor import App, enrol, first_step
from tests.security.test_pre_hijack import ADA, PREPARED, reset_password

NEW = "chosen with the link"
BOTH = {"twoFactorRedirect": True, "twoFactorMethods": ["totp", "otp"]}
APP_ALONE = {"twoFactorRedirect": True, "twoFactorMethods": ["totp"]}


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


def hijack(gatehouse: Gatehouse) -> Visitor:
    """Mallory's browser, after she has signed up with Ada's address and enrolled."""
    mallory = gatehouse.visitor()
    mallory.sign_up(ADA, PREPARED)
    enrol(gatehouse, mallory, PREPARED)
    return mallory


def is_in(gatehouse: Gatehouse, password: str = PASSWORD) -> bool:
    ada = gatehouse.visitor()
    return "token" in ada.sign_in(ADA, password).json() and ada.session() is not None


def test_a_reset_removes_what_a_stranger_set_up(gatehouse, mailbox):
    mallory = hijack(gatehouse)
    reset_password(gatehouse, mailbox)
    assert is_in(gatehouse)
    assert mallory.session() is None
    assert gatehouse.rows(select(two_factors.c.user_id)) == []
    notices = [mail.text for mail in mailbox.all(ADA, "notice")]
    assert any("turned off" in text for text in notices)


def test_so_it_does_after_the_link_was_clicked(gatehouse, mailbox):
    """Ada clicks on the link, wonders, and then resets the password of an account of hers."""
    hijack(gatehouse)
    open_link(gatehouse.visitor(), mailbox.last("verify"))
    reset_password(gatehouse, mailbox)
    assert is_in(gatehouse)


def test_signing_up_anew_and_the_link_remove_it_too(start_mailing, mailbox):
    gatehouse = start_mailing()
    hijack(gatehouse)
    gatehouse.visitor().sign_up(ADA, PASSWORD)
    open_link(gatehouse.visitor(), mailbox.last("verify"))
    reset_password(gatehouse, mailbox)
    assert is_in(gatehouse)


class TestWhoReadsTheMail:
    """A verified user, with an authenticator app and codes by mail."""

    @pytest.fixture
    def ada(self, gatehouse, mailbox) -> Visitor:
        ada = gatehouse.member(ADA)
        open_link(ada, mailbox.last("verify"))
        return ada

    @pytest.fixture
    def app(self, gatehouse, ada) -> App:
        app = enrol(gatehouse, ada)
        ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
        return app

    def test_a_reset_does_not_skip_it_and_a_mailed_code_does_not_answer(
        self, gatehouse, app, mailbox
    ):
        assert gatehouse.visitor().sign_in().json() == BOTH
        reset_password(gatehouse, mailbox, NEW)
        thief = gatehouse.visitor()
        assert thief.sign_in(ADA, NEW).json() == APP_ALONE
        assert thief.post("two-factor/send-otp").json() == refusal("OTP_NOT_ENABLED")
        response = thief.post("two-factor/verify-otp", {"code": "000000"})
        assert response.json() == refusal("OTP_HAS_EXPIRED")

    @pytest.mark.parametrize("factor", ["totp", "backup-code"])
    def test_it_is_offered_again_after_another_factor(self, gatehouse, app, mailbox, factor):
        reset_password(gatehouse, mailbox, NEW)
        code = app.code() if factor == "totp" else app.backup_codes[0]
        browser = first_step(gatehouse, password=NEW)
        assert browser.post(f"two-factor/verify-{factor}", {"code": code}).status_code == 200
        assert gatehouse.visitor().sign_in(ADA, NEW).json() == BOTH

    def test_or_after_a_change_of_the_password(self, gatehouse, app, mailbox, clock):
        reset_password(gatehouse, mailbox, NEW)
        browser = first_step(gatehouse, password=NEW)
        browser.post("two-factor/verify-totp", {"code": app.code()})
        reset_password(gatehouse, mailbox, NEW + "2")
        assert gatehouse.visitor().sign_in(ADA, NEW + "2").json() == APP_ALONE
        browser = first_step(gatehouse, password=NEW + "2")
        clock.advance(seconds=30)
        browser.post("two-factor/verify-totp", {"code": app.code()})
        change = {"currentPassword": NEW + "2", "newPassword": PASSWORD}
        assert browser.post("change-password", change).status_code == 200
        assert gatehouse.visitor().sign_in().json() == BOTH

    def test_what_was_set_up_before_the_click_in_the_same_browser_stays(self, gatehouse, mailbox):
        ada = gatehouse.member(ADA)
        enrol(gatehouse, ada)
        open_link(ada, mailbox.last("verify"))
        reset_password(gatehouse, mailbox, NEW)
        assert gatehouse.visitor().sign_in(ADA, NEW).json() == APP_ALONE


def test_without_strict_it_is_as_with_better_auth(start_mailing, mailbox):
    gatehouse = start_mailing(strict=False)
    ada = gatehouse.member(ADA)
    enrol(gatehouse, ada)
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    reset_password(gatehouse, mailbox, NEW)
    assert gatehouse.visitor().sign_in(ADA, NEW).json() == BOTH
