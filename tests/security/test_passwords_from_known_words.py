"""Threat: guessing a password from known words: the address, the name, the application."""

import pytest

from backend.kernel.secrets.secret import Password
from backend.kernel.settings import SettingsError
from tests.admins import make_admin
from tests.make import PASSWORD

ADDRESS, NAME = "augusta.king@example.com", "Augusta King"
GUESSES = [ADDRESS, "augusta.king", "AugustaKing1", "King-Augusta!", "gatehouse2026", "Gatehouse!"]
REFUSED = "PASSWORD_COMPROMISED"


@pytest.fixture(params=GUESSES)
def guess(request):
    return request.param


@pytest.fixture
def augusta(mailing_gatehouse):
    """Her browser; she has a good password."""
    visitor = mailing_gatehouse.visitor()
    assert visitor.sign_up(ADDRESS, name=NAME).status_code == 200
    return visitor


def test_at_sign_up(gatehouse, guess):
    response = gatehouse.visitor().sign_up(ADDRESS, guess, name=NAME)
    assert (response.status_code, response.json()["code"]) == (400, REFUSED)
    assert "made from the address" in response.json()["message"]


def test_at_a_change_of_the_password(augusta, guess):
    payload = {"currentPassword": PASSWORD, "newPassword": guess}
    assert augusta.post("change-password", payload).json()["code"] == REFUSED


def test_at_a_reset_which_does_not_burn_the_link(mailing_gatehouse, mailbox, augusta, guess):
    mailing_gatehouse.visitor().post("request-password-reset", {"email": ADDRESS})
    token = mailbox.last("reset", ADDRESS).token
    reset = {"token": token, "newPassword": guess}
    assert mailing_gatehouse.visitor().post("reset-password", reset).json()["code"] == REFUSED
    reset["newPassword"] = "correct horse again"
    assert mailing_gatehouse.visitor().post("reset-password", reset).status_code == 200


def test_where_an_admin_sets_it(mailing_gatehouse, augusta, guess):
    admin = make_admin(mailing_gatehouse)
    payload = {"userId": augusta.session()["user"]["id"], "newPassword": guess}
    assert admin.post("admin/set-user-password", payload).json()["code"] == REFUSED


def test_where_an_admin_makes_the_user(gatehouse, guess):
    payload = {"email": ADDRESS, "name": NAME, "password": guess, "role": "user"}
    assert make_admin(gatehouse).post("admin/create-user", payload).json()["code"] == REFUSED


@pytest.mark.parametrize("password", ["owner@example.org", "Owner-2026-"])
def test_for_the_first_admin(start, password):
    with pytest.raises(SettingsError, match="ADMIN_PASSWORD: The password is made from"):
        start(admin_email="owner@example.org", admin_password=Password(password))


def test_without_strict_it_is_as_with_better_auth(start, guess):
    gatehouse = start(strict=False)
    assert gatehouse.visitor().sign_up(ADDRESS, guess, name=NAME).status_code == 200
