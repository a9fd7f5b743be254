"""Threat: an account made with somebody's address before its owner comes by mail.

Mallory signs up with Ada's address and prepares what she can (USENIX Security 2022). Ada opens a
link that signs her in; from then on nothing of Mallory's works.
"""

import pytest
from sqlalchemy import select

from backend.storage.tables import links, trusted_browsers, two_factors, users
from tests import magic
from tests.in_process import Gatehouse
from tests.magic import ADA
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.second_factor import enrol

MALLORYS = "mallory@evil.example"


@pytest.fixture(params=[True, False], ids=["strict", "like Better Auth"])
def settings(request) -> dict[str, bool]:
    return {"strict": request.param}


@pytest.fixture
def gatehouse(start_on, mailbox, settings) -> Gatehouse:
    return start_on(mailbox_file=mailbox.file, **settings)


def test_nothing_that_was_prepared_works(gatehouse, mailbox):
    mallory = gatehouse.member()
    enrol(gatehouse, mallory)
    mallory.post("change-email", {"newEmail": MALLORYS})
    trojan = mailbox.last("verify", MALLORYS)

    ada = magic.sign_in(gatehouse, mailbox)

    user = ada.session()["user"]
    assert (user["emailVerified"], user["twoFactorEnabled"]) == (True, False)
    assert mallory.session() is None
    assert gatehouse.visitor().sign_in(ADA).status_code == 401
    assert open_link(gatehouse.visitor(), trojan).headers["location"] == "/?error=INVALID_TOKEN"
    assert ada.session()["user"]["email"] == ADA
    for table in (two_factors, trusted_browsers):
        assert gatehouse.rows(select(table)) == []
    (row,) = gatehouse.rows(select(users.c.password_hash, users.c.email_contested))
    assert tuple(row) == (None, False)


def test_not_even_a_sign_in_at_the_same_moment(gatehouse, mailbox):
    gatehouse.member()
    ada = gatehouse.visitor()
    mail = magic.ask(ada, mailbox)
    mallories = [gatehouse.visitor(f"198.51.100.{at}") for at in range(6)]
    body = {"email": ADA, "password": PASSWORD}
    sign_ins = [each.send_async("POST", "sign-in/email", body) for each in mallories]
    click = ada.send_async("GET", mail.path, headers=magic.CLICK)
    gatehouse.gather(*sign_ins[:3], click, *sign_ins[3:])
    assert [each.session() for each in mallories] == [None] * 6
    assert ada.session()["user"]["emailVerified"] is True


def test_the_owner_is_told_that_the_password_is_void_and_can_choose_one(gatehouse, mailbox):
    gatehouse.member(password="mallory waits here")
    ada = magic.sign_in(gatehouse, mailbox)
    assert "password that your account had is void" in mailbox.last("notice").text
    ada.post("request-password-reset", {"email": ADA})
    body = {"token": mailbox.last("reset").token, "newPassword": PASSWORD}
    assert ada.post("reset-password", body).status_code == 200
    assert gatehouse.visitor().sign_in(ADA).status_code == 200


def test_who_had_nothing_is_told_nothing(gatehouse, mailbox):
    magic.sign_in(gatehouse, mailbox)
    magic.sign_in(gatehouse, mailbox)
    assert mailbox.kinds() == ["magic-link", "magic-link"]


def test_a_verified_user_loses_nothing(gatehouse, mailbox):
    ada = gatehouse.member()
    open_link(ada, mailbox.last("verify"))
    magic.sign_in(gatehouse, mailbox)
    assert ada.session() is not None
    assert gatehouse.visitor().sign_in(ADA).status_code == 200


def test_a_code_to_change_the_address_is_void_with_the_rest(gatehouse, mailbox):
    mallory = gatehouse.member()
    mallory.post("email-otp/request-email-change", {"newEmail": MALLORYS})
    code = mailbox.last("code", MALLORYS).code
    ada = magic.sign_in(gatehouse, mailbox)
    for visitor in (mallory, ada):  # with her cookies, and even with Ada's
        change = {"newEmail": MALLORYS, "otp": code}
        assert visitor.post("email-otp/change-email", change).status_code in {400, 401}
    assert ada.session()["user"]["email"] == ADA


def test_a_sign_up_that_waits_for_its_link_is_void(start_on, mailbox, settings):
    gatehouse = start_on(mailbox_file=mailbox.file, require_verified_email=True, **settings)
    mallory = gatehouse.visitor()
    mallory.sign_up(ADA, "mallory waits here", username="ada_l")
    pending = mailbox.last("verify")

    ada = magic.sign_in(gatehouse, mailbox)

    assert gatehouse.rows(select(links.c.id).where(links.c.kind == "sign-up")) == []
    open_link(mallory, pending)
    assert mallory.session() is None
    for name, body in {"email": ADA, "username": "ada_l"}.items():
        fields = {name: body, "password": "mallory waits here"}
        assert gatehouse.visitor().post(f"sign-in/{name}", fields).status_code == 401
    assert ada.session()["user"]["email"] == ADA
