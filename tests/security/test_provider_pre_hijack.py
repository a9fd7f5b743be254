"""Threat: an account at a provider that was linked before the address's owner came (pre-hijacking).

Mallory signs in at a provider that verifies no addresses, and says there that hers is Ada's
(USENIX Security 2022, the non-verifying identity provider). Ada proves that she reads the mail.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from backend.storage.tables import accounts, users
from tests import magic
from tests.admins import make_admin
from tests.in_process import Gatehouse, Visitor
from tests.lax_provider import (
    ADA,
    LAX,
    OTHER,
    lax,
    link,
    other,
    person,
    providers_of,
    sign_in,
    start_lax,
)
from tests.mailbox import Mailbox, open_link
from tests.make import PASSWORD

__all__ = ["lax", "other", "start_lax"]

MALLORYS = person("mallory", verified=False)
ADAS = person("ada")
NOT_LINKED = "/oops?error=account_not_linked"
NEW = "chosen with the mail"
Proof = Callable[[Visitor, Mailbox], object]


@pytest.fixture
def gatehouse(start_lax) -> Gatehouse:
    return start_lax()


@pytest.fixture
def mallory(gatehouse, lax) -> Visitor:
    """Mallory's browser, in which she has made a user with Ada's address."""
    mallory = gatehouse.visitor()
    assert sign_in(mallory, lax, MALLORYS) == "/in"
    assert mallory.session()["user"]["emailVerified"] is False
    return mallory


def by_reset(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.post("request-password-reset", {"email": ADA})
    body = {"token": mailbox.last("reset").token, "newPassword": NEW}
    assert visitor.post("reset-password", body).status_code == 200


def by_reset_code(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.post("email-otp/request-password-reset", {"email": ADA})
    body = {"email": ADA, "otp": mailbox.last("code").code, "password": NEW}
    assert visitor.post("email-otp/reset-password", body).status_code == 200


def by_magic_link(visitor: Visitor, mailbox: Mailbox) -> None:
    assert magic.click(visitor, magic.ask(visitor, mailbox)).status_code == 302


def by_code(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.post("email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"})
    body = {"email": ADA, "otp": mailbox.last("code").code}
    assert visitor.post("sign-in/email-otp", body).status_code == 200


def by_link_after_another_sign_up(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up(ADA)
    open_link(visitor, mailbox.last("verify"))


def by_link(visitor: Visitor, mailbox: Mailbox) -> None:
    open_link(visitor, mailbox.last("verify"))


def by_verification_code(visitor: Visitor, mailbox: Mailbox) -> None:
    kind = {"email": ADA, "type": "email-verification"}
    visitor.post("email-otp/send-verification-otp", kind)
    body = {"email": ADA, "otp": mailbox.last("code").code}
    assert visitor.post("email-otp/verify-email", body).status_code == 200


DECIDING: list[Proof] = [
    *(by_reset, by_reset_code, by_magic_link, by_code),
    by_link_after_another_sign_up,
]


def named(proof: Proof) -> str:
    return proof.__name__


@pytest.mark.parametrize("proof", DECIDING, ids=named)
def test_what_a_stranger_linked_is_gone_when_the_owner_comes(
    proof, gatehouse, mallory, lax, mailbox
):
    proof(gatehouse.visitor(), mailbox)
    assert mallory.session() is None
    assert gatehouse.rows(select(accounts.c.id)) == []
    assert sign_in(gatehouse.visitor(), lax, MALLORYS) == NOT_LINKED
    unlinked = [event for event in gatehouse.events() if event.kind == "account_unlinked"]
    assert [event.detail for event in unlinked] == [{"provider": LAX}]


@pytest.mark.parametrize("proof", [*DECIDING, by_link, by_verification_code], ids=named)
def test_what_the_owner_linked_stays_in_their_browser(proof, gatehouse, lax, mailbox):
    """Ada is signed in: a provider that verifies no address could never be linked again."""
    ada = gatehouse.visitor()
    sign_in(ada, lax, MALLORYS)
    proof(ada, mailbox)
    by_reset(gatehouse.visitor(), mailbox)
    again = gatehouse.visitor()
    assert sign_in(again, lax, MALLORYS) == "/in"
    assert again.session()["user"]["emailVerified"] is (proof is not by_reset)


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_new_address_that_a_code_has_verified_makes_it_the_owners(
    signed_in, gatehouse, mallory, lax, mailbox
):
    """Who changes the address to one whose mail they read has linked the account themselves."""
    grace = "grace@example.com"
    mallory.post("email-otp/request-email-change", {"newEmail": grace})
    change = {"newEmail": grace, "otp": mailbox.last("code", grace).code}
    assert mallory.post("email-otp/change-email", change).status_code == 200
    visitor = mallory if signed_in else gatehouse.visitor()
    visitor.post("request-password-reset", {"email": grace})
    body = {"token": mailbox.last("reset", grace).token, "newPassword": NEW}
    assert visitor.post("reset-password", body).status_code == 200
    assert sign_in(gatehouse.visitor(), lax, MALLORYS) == "/in"


def test_the_owner_is_told(gatehouse, mallory, mailbox):
    by_reset(gatehouse.visitor(), mailbox)
    assert any("lax can no longer open" in mail.text for mail in mailbox.all(ADA, "notice"))


@pytest.mark.parametrize("proof", [by_link, by_verification_code], ids=named)
def test_a_reset_after_an_unexpected_link_removes_it_too(proof, gatehouse, mallory, lax, mailbox):
    """Ada confirms her address, wonders, and then resets the password of an account of hers."""
    proof(gatehouse.visitor(), mailbox)
    assert gatehouse.rows(select(users.c.email_verified)) == [(True,)]
    by_reset(gatehouse.visitor(), mailbox)
    assert mallory.session() is None
    assert sign_in(gatehouse.visitor(), lax, MALLORYS) == NOT_LINKED


def test_the_owners_provider_is_refused_and_the_next_link_gives_her_the_account(
    gatehouse, mallory, lax, other, mailbox
):
    """An unverified user is never taken over; but now it is known that two want the address."""
    ada = gatehouse.visitor()
    assert sign_in(ada, other, ADAS) == NOT_LINKED
    assert mallory.session() is not None
    by_link(ada, mailbox)
    assert mallory.session() is None
    assert sign_in(gatehouse.visitor(), lax, MALLORYS) == NOT_LINKED
    assert sign_in(ada, other, ADAS) == "/in"
    assert providers_of(ada) == [OTHER]


def test_a_password_of_a_stranger_ends_with_the_next_link_too(gatehouse, other, mailbox):
    mallory = gatehouse.member(ADA)
    ada = gatehouse.visitor()
    assert sign_in(ada, other, ADAS) == NOT_LINKED
    by_link(ada, mailbox)
    assert mallory.session() is None
    assert gatehouse.visitor().sign_in(ADA).status_code == 401
    assert sign_in(ada, other, ADAS) == "/in"


@pytest.mark.parametrize("strict", [True, False])
def test_an_unverified_user_is_neither_taken_over_nor_takes_over(start_lax, lax, other, strict):
    gatehouse = start_lax(strict=strict)
    mallory = gatehouse.member(ADA)
    for provider in (lax, other):
        for who in (person("ada"), person("ada", verified=False)):
            assert sign_in(gatehouse.visitor(), provider, who) == NOT_LINKED
    assert gatehouse.rows(select(accounts.c.id)) == []
    assert providers_of(mallory) == ["credential"]
    assert gatehouse.visitor().sign_in(ADA).status_code == 200


def test_a_verified_user_is_not_taken_over_by_who_claims_the_address(gatehouse, lax, mailbox):
    ada = gatehouse.member(ADA)
    open_link(ada, mailbox.last("verify"))
    mallory = gatehouse.visitor()
    assert sign_in(mallory, lax, MALLORYS) == NOT_LINKED
    assert mallory.session() is None
    assert link(ada, lax, MALLORYS) == "/oops?error=unable_to_link_account"
    assert providers_of(ada) == ["credential"]


def test_what_the_provider_verifies_in_the_end_is_its_owners(gatehouse, mallory, lax, mailbox):
    """Whoever has the account reads the mail, says the provider: it was Ada all the time."""
    ada = gatehouse.visitor()
    assert sign_in(ada, lax, person("mallory")) == "/in"
    assert ada.session()["user"]["emailVerified"] is True
    by_reset(gatehouse.visitor(), mailbox)
    assert sign_in(gatehouse.visitor(), lax, MALLORYS) == "/in"


def test_an_admin_who_acts_as_the_stranger_is_not_the_owner(gatehouse, lax, mailbox):
    admin = make_admin(gatehouse)
    sign_in(gatehouse.visitor(), lax, MALLORYS)
    stranger = {"userId": str(gatehouse.user_id(ADA))}
    assert admin.post("admin/impersonate-user", stranger).status_code == 200
    by_reset(admin, mailbox)
    assert gatehouse.rows(select(accounts.c.id)) == []


class TestWhereAnAddressMustBeProved:
    """REQUIRE_VERIFIED_EMAIL: nobody is in before the mail was read."""

    @pytest.fixture
    def gatehouse(self, start_lax) -> Gatehouse:
        return start_lax(require_verified_email=True)

    def test_the_user_is_kept_and_refused_and_gets_a_mail(self, gatehouse, lax, mailbox):
        ada = gatehouse.visitor()
        for _ in range(2):
            assert sign_in(ada, lax, MALLORYS) == "/oops?error=email_not_verified"
            assert ada.session() is None
        assert len(gatehouse.rows(select(users.c.id))) == 1
        open_link(ada, mailbox.last("verify"))
        assert sign_in(ada, lax, MALLORYS) == "/in"

    @pytest.mark.parametrize("contested", [False, True], ids=["alone", "beside another sign-up"])
    def test_the_link_in_the_browser_that_came_from_the_provider_makes_it_the_owners(
        self, gatehouse, lax, mailbox, contested
    ):
        """A later reset would remove it otherwise, and it could never be linked again."""
        ada = gatehouse.visitor()
        assert sign_in(ada, lax, MALLORYS) == "/oops?error=email_not_verified"
        if contested:
            gatehouse.visitor().sign_up(ADA, PASSWORD)
        by_link(ada, mailbox)
        assert gatehouse.visitor().sign_in(ADA, PASSWORD).status_code == 401
        by_reset(gatehouse.visitor(), mailbox)
        assert sign_in(gatehouse.visitor(), lax, MALLORYS) == "/in"

    def test_what_one_browser_keeps_says_nothing_in_another_persons_account(
        self, gatehouse, lax, mailbox
    ):
        sign_in(gatehouse.visitor(), lax, MALLORYS)
        eve = gatehouse.visitor()
        sign_in(eve, lax, person("eve", "eve@example.com", verified=False))
        gatehouse.visitor().sign_up(ADA, PASSWORD)
        by_link(eve, mailbox)
        assert sign_in(gatehouse.visitor(), lax, MALLORYS) == NOT_LINKED

    @pytest.mark.parametrize("proof", DECIDING, ids=named)
    def test_what_a_stranger_linked_is_gone(self, proof, gatehouse, lax, mailbox):
        sign_in(gatehouse.visitor(), lax, MALLORYS)
        proof(gatehouse.visitor(), mailbox)
        assert gatehouse.rows(select(accounts.c.id)) == []
        assert sign_in(gatehouse.visitor(), lax, MALLORYS) == NOT_LINKED

    def test_a_sign_up_beside_it_decides_nothing_without_the_mail(self, gatehouse, lax, mailbox):
        sign_in(gatehouse.visitor(), lax, MALLORYS)
        ada = gatehouse.visitor()
        ada.sign_up(ADA, PASSWORD)
        assert gatehouse.visitor().sign_in(ADA, PASSWORD).status_code in {401, 403}
        by_link(ada, mailbox)
        assert gatehouse.visitor().sign_in(ADA, PASSWORD).status_code == 200
        assert sign_in(gatehouse.visitor(), lax, MALLORYS) == NOT_LINKED


@pytest.mark.parametrize("proof", [by_magic_link, by_code], ids=named)
def test_without_strict_a_mailbox_takes_over_as_with_better_auth(proof, start_lax, lax, mailbox):
    """Better Auth deletes all accounts of an unverified user (revokeUnprovenAccountAccess)."""
    gatehouse = start_lax(strict=False)
    ada = gatehouse.visitor()
    sign_in(ada, lax, MALLORYS)
    proof(ada, mailbox)
    assert gatehouse.rows(select(accounts.c.id)) == []
    assert sign_in(gatehouse.visitor(), lax, MALLORYS) == NOT_LINKED
