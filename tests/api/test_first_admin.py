"""The admin from ADMIN_EMAIL and ADMIN_PASSWORD."""

import pytest
from sqlalchemy import select

from backend.kernel.settings import SettingsError
from backend.storage.tables import users

OWNER = {"admin_email": "Owner@Example.com", "admin_password": "the owner's password"}


def test_the_first_start_makes_the_admin(start_on):
    gatehouse = start_on(**OWNER)
    visitor = gatehouse.visitor()
    assert visitor.sign_in("owner@example.com", "the owner's password").status_code == 200
    user = visitor.session()["user"]
    assert (user["role"], user["email"], user["emailVerified"]) == (
        "admin",
        "owner@example.com",
        True,
    )


def test_it_is_recorded(start):
    gatehouse = start(**OWNER)
    (event,) = gatehouse.events()
    assert (event.kind, event.actor) == ("admin_created", None)
    assert event.subject == gatehouse.user_id("owner@example.com")
    assert event.detail == {"by": "settings"}


def test_the_next_start_changes_nothing(start_on):
    first = start_on(**OWNER)
    first.close()
    second = start_on(**{**OWNER, "admin_password": "another password"})
    visitor = second.visitor()
    assert visitor.sign_in("owner@example.com", "another password").status_code == 401
    assert visitor.sign_in("owner@example.com", "the owner's password").status_code == 200
    assert len(second.events()) == 3  # made once, refused once, let in once


def test_an_account_that_is_there_does_not_become_admin(start):
    first = start()
    first.member("owner@example.com")
    first.close()
    second = start(**OWNER)
    assert second.rows(select(users.c.role)) == [("user",)]


def test_with_neither_said_there_is_none(gatehouse):
    assert gatehouse.rows(select(users.c.id)) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"admin_email": "owner"}, "ADMIN_EMAIL: 'owner' is not an e-mail address"),
        ({"admin_password": "brief"}, "ADMIN_PASSWORD: Password too short"),
        ({"admin_password": "password123"}, "ADMIN_PASSWORD: The password you entered has been"),
        ({"admin_password": "x" * 129}, "ADMIN_PASSWORD: Password too long"),
    ],
    ids=["address", "short", "common", "long"],
)
def test_what_cannot_be_an_admin_stops_the_start_in_one_plain_line(start, options, message):
    with pytest.raises(SettingsError) as raised:
        start(**{**OWNER, **options})
    assert str(raised.value).startswith(message)
    assert str(options.get("admin_password", "canary")) not in str(raised.value)
