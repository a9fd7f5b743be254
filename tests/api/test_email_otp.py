"""Codes by mail: to sign in, verify an address, choose a new password and change the address."""

import io
import json
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from backend.storage.tables import one_time_codes, users
from tests.admins import make_admin, user_id_of
from tests.email_codes import ADA, Codes, other_than
from tests.in_process import Gatehouse, Visitor, cookie_lines
from tests.make import PASSWORD
from tests.scene import refusal
from tests.second_factor import enrol

NEW, NEW_PASSWORD = "ada.king@example.com", "another horse battery"
TAKEN = {"message": "Email already in use"}


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def codes(gatehouse, mailbox) -> Codes:
    return Codes(gatehouse, mailbox)


@pytest.fixture
def ada(gatehouse) -> Visitor:
    """Ada, signed in, who has proved her address."""
    ada = gatehouse.member()
    verify(gatehouse)
    return ada


def verify(gatehouse: Gatehouse, email: str = ADA) -> None:
    change = update(users).where(users.c.email == email).values(email_verified=True)
    gatehouse.execute(change, gatehouse.user_id(email))


def test_who_has_no_account_gets_one_and_who_has_signs_in(codes, gatehouse):
    visitor = gatehouse.visitor()
    body = {"email": ADA.upper(), "otp": codes.ask(), "name": "Ada", "image": "https://a.example/a"}
    response = visitor.post("sign-in/email-otp", body)
    user = response.json()["user"]
    assert (user["email"], user["name"], user["emailVerified"]) == (ADA, "Ada", True)
    assert response.json()["token"] == visitor.session()["session"]["token"]

    again = codes.sign_in(codes.ask())
    assert again.json()["user"] == user
    kinds = [event.kind for event in gatehouse.events()]
    assert kinds == ["sign_in"] * 2 + ["sign_in_code_requested"] * 2 + ["sign_up"]


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        ("sign-in", "for signing in"),
        ("email-verification", "confirm that this address is yours"),
        ("forget-password", "choosing a new password"),
    ],
)
def test_the_mail_says_what_the_code_does_for_how_long_and_not_to_pass_it_on(
    codes, ada, mailbox, purpose, words
):
    code = codes.ask(purpose)
    mail = mailbox.last("code")
    assert len(code) == 6
    for piece in (code, words, "for 5 minutes", "Give it to nobody"):
        assert piece in mail.text
    assert code not in mail.subject


def test_a_code_works_for_as_long_as_the_setting_says(codes, ada, clock):
    code = codes.ask()
    clock.advance(seconds=301)
    assert codes.sign_in(code).json() == refusal("OTP_EXPIRED")
    assert codes.sign_in(code).json() == refusal("INVALID_OTP")


def test_where_nobody_may_sign_up_strangers_get_no_code(start_mailing, mailbox):
    gatehouse = start_mailing(sign_up=False)
    codes = Codes(gatehouse, mailbox)
    assert codes.ask(email="stranger@example.com") == ""
    assert codes.sign_in("123456", "stranger@example.com").json() == refusal("INVALID_OTP")


def test_with_the_setting_off_there_are_no_codes(start_mailing):
    gatehouse = start_mailing(email_code=False)
    response = gatehouse.visitor().post("sign-in/email-otp", {"email": ADA, "otp": "1"})
    assert (response.status_code, response.content) == (404, b"")


def test_each_endpoint_takes_three_calls_a_minute_from_an_address(start_mailing):
    gatehouse = start_mailing(rate_limits=True)
    for path in ("sign-in/email-otp", "email-otp/verify-email", "forget-password/email-otp"):
        statuses = [gatehouse.visitor().post(path, {}).status_code for _ in range(4)]
        assert statuses == [400, 400, 400, 429], path


def test_who_signs_up_cannot_choose_a_role(codes, gatehouse):
    body = {"email": ADA, "otp": codes.ask(), "role": "admin"}
    response = gatehouse.visitor().post("sign-in/email-otp", body)
    assert response.json()["code"] == "FIELD_NOT_ALLOWED"
    assert codes.sign_in(body["otp"]).json()["user"]["role"] == "user"


def test_a_code_verifies_and_signs_in_if_the_setting_says_so(start_mailing, mailbox):
    gatehouse = start_mailing(sign_in_after_verification=True, require_verified_email=True)
    gatehouse.visitor().sign_up()
    codes = Codes(gatehouse, mailbox)
    visitor = gatehouse.visitor()
    body = {"email": ADA, "otp": codes.ask("email-verification")}
    response = visitor.post("email-otp/verify-email", body)
    assert response.json()["user"]["emailVerified"] is True
    assert response.json()["token"] == visitor.session()["session"]["token"]
    assert visitor.post("email-otp/verify-email", body).json() == refusal("INVALID_OTP")
    assert gatehouse.visitor().sign_in().status_code == 200


@pytest.mark.parametrize("strict", [True, False])
def test_who_is_verified_already_signs_in_with_a_code_for_that(start_mailing, mailbox, strict):
    gatehouse = start_mailing(sign_in_after_verification=True, strict=strict)
    gatehouse.member()
    verify(gatehouse)
    visitor = gatehouse.visitor()
    body = {"email": ADA, "otp": Codes(gatehouse, mailbox).ask("email-verification")}
    response = visitor.post("email-otp/verify-email", body)
    assert response.json()["status"] is True
    assert (response.json()["token"] is None) == (visitor.session() is None) == strict


def test_verifying_asks_for_the_second_factor_too(start_mailing, mailbox):
    gatehouse = start_mailing(sign_in_after_verification=True)
    ada = gatehouse.member()
    enrol(gatehouse, ada)
    codes = Codes(gatehouse, mailbox)
    body = {"email": ADA, "otp": codes.ask("email-verification")}
    response = ada.post("email-otp/verify-email", body)  # a browser that knows the account
    assert response.json() == {"twoFactorRedirect": True, "twoFactorMethods": ["totp"]}
    assert ada.session() is None
    body["otp"] = codes.ask("email-verification")
    again = gatehouse.visitor().post("email-otp/verify-email", body).json()
    assert (again["status"], again["token"], again["user"]["emailVerified"]) == (True, None, True)


def test_a_new_password_ends_what_the_old_one_opened(codes, gatehouse, ada):
    code = codes.ask("forget-password")
    body = {"email": ADA, "otp": code, "password": NEW_PASSWORD}
    weak = gatehouse.visitor().post("email-otp/reset-password", {**body, "password": "ada12345"})
    assert weak.json()["code"] == "PASSWORD_COMPROMISED"
    sign_in_code = codes.ask()
    assert gatehouse.visitor().post("email-otp/reset-password", body).json() == {"success": True}
    assert ada.session() is None
    assert gatehouse.visitor().sign_in().status_code == 401
    assert gatehouse.visitor().sign_in(password=NEW_PASSWORD).status_code == 200
    assert codes.sign_in(sign_in_code).json() == refusal("INVALID_OTP")
    assert "with a code from a mail" in codes.mailbox.last("notice").text


def test_a_wrong_code_with_a_password_is_counted(codes, gatehouse, ada):
    code = codes.ask("forget-password")
    body = {"email": ADA, "otp": other_than(code), "password": NEW_PASSWORD}
    answers = [
        gatehouse.visitor().post("email-otp/reset-password", body).json()["code"] for _ in range(5)
    ]
    assert answers == [*["INVALID_OTP"] * 3, "TOO_MANY_ATTEMPTS", "INVALID_OTP"]
    assert gatehouse.visitor().sign_in().status_code == 200


def test_a_verified_user_confirms_the_change_in_the_mailbox_they_have(codes, ada, mailbox):
    path = "email-otp/request-email-change"
    asked = ada.post(path, {"newEmail": NEW})
    assert asked.json() == {"message": "OTP is required to verify current email"}
    code = codes.ask("email-verification", by=ada)
    wrong = ada.post(path, {"newEmail": NEW, "otp": other_than(code)})
    assert wrong.json() == refusal("INVALID_OTP")
    assert mailbox.kinds(NEW) == []
    assert ada.post(path, {"newEmail": NEW, "otp": code}).json() == {"success": True}
    assert "moves to this address" in mailbox.last("code", NEW).text

    body = {"newEmail": NEW, "otp": codes.newest(NEW)}
    response = ada.post("email-otp/change-email", body)
    assert response.json() == {"success": True}
    assert "session_token" in cookie_lines(response)
    user = ada.session()["user"]
    assert (user["email"], user["emailVerified"]) == (NEW, True)
    assert "another address" in mailbox.last("notice").text


def test_an_unverified_user_and_a_server_like_better_auth_ask_for_less(start_mailing, mailbox):
    for strict, verified in ((True, False), (False, True)):
        email = f"{strict}@example.com".lower()
        gatehouse = start_mailing(strict=strict)
        ada = gatehouse.member(email)
        if verified:
            verify(gatehouse, email)
        new = f"new.{email}"
        assert ada.post("email-otp/request-email-change", {"newEmail": new}).is_success
        body = {"newEmail": new, "otp": Codes(gatehouse, mailbox).newest(new)}
        assert ada.post("email-otp/change-email", body).json() == {"success": True}
        assert ada.session()["user"]["emailVerified"] is True
        gatehouse.close()


def test_a_change_that_began_before_the_address_was_verified_is_void(codes, gatehouse):
    intruder = gatehouse.member()
    assert intruder.post("email-otp/request-email-change", {"newEmail": NEW}).is_success
    code = codes.newest(NEW)
    verify(gatehouse)
    late = intruder.post("email-otp/change-email", {"newEmail": NEW, "otp": code})
    assert late.json() == refusal("INVALID_OTP")


def test_a_taken_address_gets_no_code_and_one_taken_meanwhile_is_refused(codes, gatehouse):
    ada = gatehouse.member()
    gatehouse.member("bob@example.com")
    assert ada.post("email-otp/request-email-change", {"newEmail": "bob@example.com"}).is_success
    assert codes.newest("bob@example.com") == ""
    ada.post("email-otp/request-email-change", {"newEmail": NEW})
    body = {"newEmail": NEW, "otp": codes.newest(NEW)}
    gatehouse.member(NEW)
    assert ada.post("email-otp/change-email", body).json() == TAKEN
    assert ada.post("email-otp/change-email", body).json() == refusal("INVALID_OTP")


def test_nobody_changes_an_address_where_that_is_off_or_while_impersonating(start_mailing):
    gatehouse = start_mailing(change_email=False)
    off = gatehouse.member().post("email-otp/request-email-change", {"newEmail": NEW})
    assert off.json() == {"message": "Change email with OTP is disabled"}
    gatehouse.close()

    gatehouse = start_mailing()
    root = make_admin(gatehouse)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    for path in ("request-email-change", "change-email"):
        response = root.post(f"email-otp/{path}", {"newEmail": NEW, "otp": "123456"})
        assert response.status_code == 403, response.text


def test_what_is_stored_can_be_exported_and_is_purged_with_the_user(codes, gatehouse, ada):
    codes.ask()
    with ZipFile(io.BytesIO(ada.get("/api/account/export").content)) as archive:
        (exported,) = json.loads(archive.read("mailed-codes.json"))
    assert exported == {"for": "sign-in", "expiresAt": exported["expiresAt"], "attempts": 0}
    ada.post("delete-user", {"password": PASSWORD})
    assert gatehouse.rows(select(one_time_codes.c.kind)) == []
