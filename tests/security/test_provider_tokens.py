"""Threat: the tokens of providers, which open other people's services, are read or lost."""

import json

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from backend.features.housekeeping.service import Housekeeper
from backend.storage.queries.accounts import TOKEN_COLUMNS
from backend.storage.snapshots.after_restore import invalidate_restored_data
from backend.storage.tables import accounts, oauth_states
from tests.admins import make_admin, user_id_of
from tests.api.test_export import EXPORT, unpack
from tests.api.test_user_transfer import export_text
from tests.in_process import Gatehouse, Visitor
from tests.lax_provider import LAX, begin, come_back, lax, other, person, sign_in, start_lax
from tests.make import KEY, PASSWORD
from tests.security.test_token_at_rest import list_values

__all__ = ["lax", "other", "start_lax"]

NEW_KEY = "another key for the signatures of today 47"
CANARY = "lax-secret-"
"""With which every token of the provider begins."""


@pytest.fixture
def gatehouse(start_lax) -> Gatehouse:
    return start_lax()


@pytest.fixture
def ada(gatehouse, lax) -> Visitor:
    lax.lifetime = 3600
    ada = gatehouse.visitor()
    assert sign_in(ada, lax, person()) == "/in"
    return ada


def account_id(visitor: Visitor) -> str:
    (account,) = visitor.get("list-accounts").json()
    return str(account["id"])


def ask(visitor: Visitor, path: str = "get-access-token") -> object:
    return visitor.post(path, {"accountId": account_id(visitor)}).json()


def test_a_dump_has_none_and_no_state(gatehouse, ada, lax):
    state = begin(gatehouse.visitor(), lax).partition("state=")[2].partition("&")[0]
    values = list_values(gatehouse)
    assert any("lax" in value for value in values)
    assert not any(CANARY in value or state in value for value in values)
    assert not any("/oops" in value for value in values), "where the browser goes afterwards"


def test_only_their_owner_gets_one_from_the_endpoints_for_it(gatehouse, ada, lax):
    assert str(ask(ada)).count(CANARY) == 1
    assert str(ask(ada, "refresh-token")).count(CANARY) == 2
    theirs = {"accountId": account_id(ada)}
    mallory = gatehouse.member("mallory@example.com")
    for path in ("get-access-token", "refresh-token"):
        assert mallory.post(path, theirs).json()["code"] == "ACCOUNT_NOT_FOUND"
    for path in ("list-accounts", "get-session", "list-sessions", "/api/me"):
        assert CANARY not in ada.get(path).text


def test_neither_logs_nor_the_trail_nor_exports_have_one(gatehouse, ada, lax):
    with capture_logs() as logs:
        ask(ada, "refresh-token")
        assert sign_in(ada, lax, person()) == "/in"
        exported = unpack(ada.get(EXPORT))
    moved = export_text(gatehouse, ".jsonl") + export_text(gatehouse, ".csv")
    assert exported["accounts.json"]
    for text in (str(logs), str(gatehouse.events()), json.dumps(exported), moved):
        assert CANARY not in text


def test_a_refused_token_is_not_logged(gatehouse, ada, lax):
    lax.stand_in.answer = lambda handler, received: handler.say(received.body, 500)
    with capture_logs() as logs:
        assert ask(ada, "refresh-token") == {
            "code": "FAILED_TO_REFRESH_ACCESS_TOKEN",
            "message": "Failed to refresh access token",
        }
    assert CANARY not in str(logs) + str(gatehouse.events())


class TestANewKey:
    @pytest.fixture
    def restart(self, gatehouse, ada, start_lax):
        """Start again with other keys; Ada signs in to it with a password of hers."""
        gatehouse.close()

        def restart(**keys: str) -> Gatehouse:
            return start_lax(**keys)

        return restart

    def sign_in_again(self, gatehouse, mailbox) -> Visitor:
        """Ada signs in without her provider, which would bring new tokens."""
        ada = gatehouse.visitor()
        ada.post("request-password-reset", {"email": "ada@example.com"})
        body = {"token": mailbox.last("reset").token, "newPassword": PASSWORD}
        assert ada.post("reset-password", body).status_code == 200
        ada.sign_in()
        return ada

    def provider_row(self, ada: Visitor) -> dict[str, str]:
        listed = ada.get("list-accounts").json()
        (row,) = [each for each in listed if each["providerId"] == LAX]
        return {"accountId": row["id"]}

    def test_opens_what_the_old_one_sealed(self, restart, mailbox):
        ada = self.sign_in_again(restart(secret_key=NEW_KEY, secret_keys_old=KEY), mailbox)
        row = self.provider_row(ada)
        assert CANARY in ada.post("get-access-token", row).json()["accessToken"]

    def test_seals_anew_so_that_the_old_one_can_go(self, restart, mailbox):
        gatehouse = restart(secret_key=NEW_KEY, secret_keys_old=KEY)
        gatehouse.context.services[Housekeeper].start_purge().result()
        gatehouse.close()
        ada = self.sign_in_again(restart(secret_key=NEW_KEY), mailbox)
        row = self.provider_row(ada)
        assert CANARY in ada.post("get-access-token", row).json()["accessToken"]
        assert CANARY in ada.post("refresh-token", row).json()["refreshToken"]

    def test_without_the_old_one_there_is_no_token_until_the_next_sign_in(
        self, restart, mailbox, lax
    ):
        gatehouse = restart(secret_key=NEW_KEY)
        before = gatehouse.rows(select(*(accounts.c[name] for name in TOKEN_COLUMNS)))
        gatehouse.context.services[Housekeeper].start_purge().result()
        assert gatehouse.rows(select(*(accounts.c[name] for name in TOKEN_COLUMNS))) == before
        ada = self.sign_in_again(gatehouse, mailbox)
        row = self.provider_row(ada)
        assert ada.post("get-access-token", row).json()["accessToken"] == ""
        failed = ada.post("refresh-token", row).json()
        assert failed["code"] == "FAILED_TO_REFRESH_ACCESS_TOKEN"
        info = ada.get(f"account-info?accountId={row['accountId']}").json()
        assert info["code"] == "ACCESS_TOKEN_NOT_FOUND"
        assert sign_in(ada, lax, person()) == "/in"
        assert CANARY in ada.post("get-access-token", row).json()["accessToken"]


class TestWhatLeaves:
    """What belongs to a user is told to them, and gone with them."""

    def test_the_export_tells_of_accounts_without_tokens(self, gatehouse, ada, lax):
        begin(ada, lax, "link-social")
        files = unpack(ada.get(EXPORT))
        (account,) = files["accounts.json"]
        assert (account["provider"], account["accountId"]) == (LAX, "ada")
        assert account["scopes"] == ["openid", "email"]
        assert account["issuer"] == lax.stand_in.url + "token"
        assert account["accessTokenExpiresAt"] is not None
        (begun,) = files["begun-links.json"]
        assert begun["provider"] == LAX
        assert [each["kind"] for each in files["events.json"]].count("sign_up") == 1

    def test_a_restored_copy_has_the_accounts_and_no_begun_sign_in(self, gatehouse, ada, lax):
        path = lax.answer(begin(ada, lax, "link-social"), person())
        invalidate_restored_data(gatehouse.context.runtime, None)
        assert gatehouse.rows(select(oauth_states.c.id)) == []
        assert "error=state_mismatch" in come_back(ada, path)
        again = gatehouse.visitor()
        assert sign_in(again, lax, person()) == "/in"
        assert CANARY in str(ask(again))

    @pytest.mark.parametrize("by", ["themselves", "an admin"])
    def test_nothing_is_left_of_a_deleted_user(self, by, gatehouse, ada, lax):
        begin(ada, lax, "link-social")
        if by == "themselves":
            assert ada.post("delete-user", {}).json()["success"] is True
        else:
            root = make_admin(gatehouse)
            removed = {"userId": user_id_of(gatehouse, "ada@example.com")}
            assert root.post("admin/remove-user", removed).status_code == 200
        assert gatehouse.rows(select(accounts.c.id)) == []
        assert gatehouse.rows(select(oauth_states.c.id)) == []
