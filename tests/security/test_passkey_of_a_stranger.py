"""Threat: somebody signs up with an address that is not theirs, and leaves a passkey behind."""

import pytest
from sqlalchemy import select

from backend.storage.tables import passkeys
from tests.admins import ADA
from tests.authenticator import Authenticator, add_passkey, sign_in_with
from tests.in_process import Gatehouse, Visitor
from tests.mailbox import open_link
from tests.make import PASSWORD

NEW = "another horse battery"


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def key() -> Authenticator:
    return Authenticator()


@pytest.fixture
def mallory(gatehouse: Gatehouse, key: Authenticator) -> Visitor:
    """Mallory has signed up with Ada's address, and registered a passkey."""
    mallory = gatehouse.member(ADA)
    add_passkey(mallory, key)
    return mallory


def reset(gatehouse: Gatehouse, mailbox, visitor: Visitor | None = None) -> None:
    visitor = visitor or gatehouse.visitor()
    visitor.post("request-password-reset", {"email": ADA, "redirectTo": "/new"})
    payload = {"newPassword": NEW, "token": mailbox.last("reset", ADA).token}
    assert visitor.post("reset-password", payload).status_code == 200


def opens(gatehouse: Gatehouse, key: Authenticator) -> bool:
    browser = gatehouse.visitor()
    sign_in_with(key, browser)
    return browser.session() is not None


def test_the_first_reset_takes_it_away(gatehouse, mailbox, mallory, key):
    assert opens(gatehouse, key)
    reset(gatehouse, mailbox)
    assert not opens(gatehouse, key)
    assert "Passkeys that were registered before" in " ".join(
        mail.text for mail in mailbox.all(ADA, "notice")
    )


def test_also_after_the_address_was_verified_elsewhere(gatehouse, mailbox, mallory, key):
    open_link(gatehouse.visitor(), mailbox.last("verify", ADA))
    reset(gatehouse, mailbox)
    assert not opens(gatehouse, key)


def test_the_link_after_several_sign_ups_takes_it_away(gatehouse, mailbox, mallory, key):
    gatehouse.visitor().sign_up(ADA, PASSWORD)
    open_link(gatehouse.visitor(), mailbox.last("verify", ADA))
    assert gatehouse.rows(select(passkeys.c.id)) == []
    assert not opens(gatehouse, key)


def test_who_opens_the_link_where_they_are_signed_in_keeps_theirs(gatehouse, mailbox, key):
    ada = gatehouse.member(ADA)
    add_passkey(ada, key)
    open_link(ada, mailbox.last("verify", ADA))
    reset(gatehouse, mailbox)
    assert opens(gatehouse, key)


def test_one_that_was_registered_later_survives_a_reset(gatehouse, mailbox, key):
    ada = gatehouse.member(ADA)
    open_link(ada, mailbox.last("verify", ADA))
    add_passkey(ada, key)
    reset(gatehouse, mailbox)
    assert opens(gatehouse, key)


def test_without_strict_it_stays_as_in_better_auth(start_mailing, mailbox, key):
    gatehouse = start_mailing(strict=False)
    add_passkey(gatehouse.member(ADA), key)
    reset(gatehouse, mailbox)
    assert opens(gatehouse, key)
