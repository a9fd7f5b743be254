"""The accounts at providers of a user, as an admin sees and removes them."""

import json

import pytest
from sqlalchemy import select, update

from backend.kernel.timestamps import format_timestamp
from backend.storage.tables import accounts, users
from tests import at_provider
from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.scene import refusal

READ, UNLINK = "/api/admin/accounts", "/api/admin/unlink-account"


@pytest.fixture
def gatehouse(start_on, mailbox) -> Gatehouse:
    with at_provider.open_provider() as provider:
        gatehouse = start_on(**at_provider.app_settings(provider), mailbox_file=mailbox.file)
        at_provider.keep_time(gatehouse, provider)
        yield gatehouse


@pytest.fixture
def root(gatehouse: Gatehouse) -> Visitor:
    return make_admin(gatehouse)


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    """Ada, who has a password and an account at the provider."""
    ada = gatehouse.member(ADA, address="198.51.100.1")
    at_provider.give_account(gatehouse, ADA)
    return ada


def read(gatehouse: Gatehouse, root: Visitor):
    response = root.get(f"{READ}?userId={user_id_of(gatehouse, ADA)}")
    assert response.status_code == 200, response.text
    return response.json()["accounts"]


def unlink(gatehouse: Gatehouse, root: Visitor, account_id: str):
    payload = {"userId": user_id_of(gatehouse, ADA), "accountId": account_id}
    return root.post(UNLINK, payload)


def test_an_admin_sees_the_ways_in_and_no_token(gatehouse, root, ada):
    assert at_provider.sign_in_at(gatehouse.visitor()).headers["location"] == "/in"
    password, account = read(gatehouse, root)
    now = format_timestamp(gatehouse.clock.now())
    assert (password["providerId"], password["providerName"]) == ("credential", "Password")
    assert account == {
        "id": account["id"],
        "providerId": "huggingface",
        "providerName": "Hugging Face",
        "accountId": "5f1d",
        "scopes": ["openid", "profile", "email"],
        "createdAt": now,
        "updatedAt": now,
    }
    ((tokens,),) = gatehouse.rows(select(accounts.c.access_token))
    assert tokens is not None, "there is a token that could be shown"
    (listed,) = root.get(f"/api/admin/users?search={ADA}").json()["users"]
    assert listed["accounts"] == ["credential", "huggingface"]


def test_an_account_at_a_provider_that_is_gone_has_no_name(gatehouse, root, ada):
    gatehouse.execute(update(accounts).values(provider_id="gone"))
    assert read(gatehouse, root)[1]["providerName"] is None


def test_an_account_is_unlinked(gatehouse, mailbox, root, ada):
    before = gatehouse.events()
    _, account = read(gatehouse, root)
    assert unlink(gatehouse, root, account["id"]).json() == {"status": True}
    assert [each["providerId"] for each in read(gatehouse, root)] == ["credential"]
    (event,) = [each for each in gatehouse.events() if each not in before]
    assert (event.kind, event.actor) == ("account_unlinked", gatehouse.user_id(ROOT))
    assert (event.subject, event.detail) == (
        gatehouse.user_id(ADA),
        {"provider": "huggingface"},
    )
    notice = mailbox.last("notice", ADA).text
    assert "administrator decided" in notice
    assert "Hugging Face" in notice
    assert ada.session() is not None
    response = unlink(gatehouse, root, account["id"])
    assert (response.status_code, response.json()["code"]) == (
        400,
        "FAILED_TO_UNLINK_LAST_ACCOUNT",
    )


def test_the_last_way_in_stays(gatehouse, root, ada):
    gatehouse.execute(update(users).where(users.c.email == ADA).values(password_hash=None))
    (account,) = read(gatehouse, root)
    response = unlink(gatehouse, root, account["id"])
    assert (response.status_code, response.json()) == (
        400,
        refusal("FAILED_TO_UNLINK_LAST_ACCOUNT"),
    )
    assert len(read(gatehouse, root)) == 1


@pytest.mark.parametrize("account_id", ["credential", "5f1d", "", "the password"])
def test_nothing_else_is_unlinked(gatehouse, root, ada, account_id):
    if account_id == "the password":
        account_id = read(gatehouse, root)[0]["id"]
    response = unlink(gatehouse, root, account_id)
    assert (response.status_code, response.json()) == (400, refusal("ACCOUNT_NOT_FOUND"))
    assert len(read(gatehouse, root)) == 2


def test_somebody_elses_account_is_not_this_users(gatehouse, root, ada):
    account = read(gatehouse, root)[1]
    gatehouse.member("bob@example.com")
    gatehouse.execute(update(accounts).values(user_id=gatehouse.user_id("bob@example.com")))
    at_provider_again = {"userId": user_id_of(gatehouse, ROOT), "accountId": account["id"]}
    assert root.post(UNLINK, at_provider_again).json()["code"] == "FAILED_TO_UNLINK_LAST_ACCOUNT"
    assert len(gatehouse.rows(select(accounts.c.id))) == 1


def test_only_an_admin_may(gatehouse, root, ada):
    account = read(gatehouse, root)[1]
    assert ada.get(f"{READ}?userId={user_id_of(gatehouse, ADA)}").status_code == 403
    assert unlink(gatehouse, ada, account["id"]).status_code == 403
    assert json.dumps(read(gatehouse, root)[1]) == json.dumps(account)
