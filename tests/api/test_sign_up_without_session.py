"""Signing up where it does not sign in: SIGN_IN_AFTER_SIGN_UP=off."""

import pytest
from sqlalchemy import select

from backend.storage.tables import users
from tests.mailbox import open_link
from tests.scene import refusal

ADA = "ada@example.com"


@pytest.fixture(params=[True, False], ids=["strict", "not strict"])
def without_session(start_mailing, request):
    return start_mailing(sign_in_after_sign_up=False, strict=request.param)


def test_a_sign_up_gives_no_session_and_the_password_works_at_once(without_session, mailbox):
    ada = without_session.visitor()
    response = ada.sign_up()
    assert response.status_code == 200
    assert (response.json()["token"], response.json()["user"]["email"]) == (None, ADA)
    assert ada.cookies == {}
    assert mailbox.kinds() == ["verify"]
    assert ada.sign_in().status_code == 200


def test_a_taken_address_looks_like_a_free_one_and_keeps_its_password(without_session):
    free = without_session.visitor().sign_up()
    taken = without_session.visitor().sign_up(password="another password 77")
    assert (free.status_code, taken.status_code) == (200, 200)
    assert free.headers.keys() == taken.headers.keys()
    one, other = free.json()["user"], taken.json()["user"]
    assert {name for name in one if one[name] != other[name]} == {"id"}
    assert without_session.visitor().sign_in(password="another password 77").status_code == 401
    assert without_session.visitor().sign_in().status_code == 200
    assert len(without_session.rows(select(users.c.id))) == 1


def test_a_verified_owner_is_told_with_strict(start_mailing, mailbox):
    gatehouse = start_mailing(sign_in_after_sign_up=False)
    gatehouse.visitor().sign_up()
    open_link(gatehouse.visitor(), mailbox.last("verify"))
    gatehouse.visitor().sign_up()
    assert mailbox.kinds() == ["verify", "notice"]
    assert mailbox.last("notice").to == ADA


def test_a_contested_address_loses_the_password_of_who_came_first(start_mailing, mailbox):
    """As where signing up signs in: nobody can tell which of the two owns the mailbox."""
    gatehouse = start_mailing(sign_in_after_sign_up=False)
    gatehouse.visitor().sign_up(password="a squatter's 55 words")
    gatehouse.visitor().sign_up()
    open_link(gatehouse.visitor(), mailbox.last("verify"))
    refused = gatehouse.visitor().sign_in(password="a squatter's 55 words")
    assert refused.json() == refusal("INVALID_EMAIL_OR_PASSWORD")
