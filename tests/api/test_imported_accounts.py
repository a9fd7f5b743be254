"""Users who move in with their accounts at providers: from a Better Auth, or from a Gatehouse."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from backend.features.providers.service import ProviderSignIn
from backend.storage.tables import accounts, users
from tests.api.test_user_transfer import export_text, import_text
from tests.in_process import Gatehouse, Visitor
from tests.lax_provider import (
    ADA,
    LAX,
    LaxProvider,
    lax,
    other,
    person,
    providers_of,
    sign_in,
    start_lax,
)
from tests.make import KEY
from tests.rig.fork_server import run_forked
from tests.rig.node import run_node
from tests.rig.space import ROOT, inherited

__all__ = ["lax", "other", "start_lax"]

HOWS = ["plain", "encrypted", "rotated"]
"""How Better Auth has stored the tokens: also the names of the people."""
NOTHING = "nothing imported: no user must lose an account at a provider"


@pytest.fixture(scope="module")
def better_auth() -> dict[str, Any]:
    """The tables of a Better Auth in which people have signed in, and its secrets."""
    provider = LaxProvider(LAX)
    with provider.stand_in:
        url = provider.stand_in.url
        made = run_node(ROOT / "tests/parity", "account_rows.mjs", url, seconds=60)
    payload: dict[str, Any] = json.loads(made.stdout)
    return payload


@pytest.fixture
def gatehouse(start_lax) -> Gatehouse:
    return start_lax(secret_key=KEY)


@pytest.fixture
def move_in(gatehouse, better_auth, database_target, tmp_path):
    """Import the tables of one of the three, with the command."""

    def move_in(
        how: str = "plain", rows: list[dict[str, Any]] | None = None, **environment: str
    ) -> tuple[int, list[str]]:
        people, linked = tmp_path / "users.json", tmp_path / "accounts.json"
        people.write_text(json.dumps(better_auth[how]["users"]))
        linked.write_text(json.dumps(better_auth[how]["rows"] if rows is None else rows))
        secret = {} if how == "plain" else {"BETTER_AUTH_SECRET": better_auth["secret"]}
        if how == "rotated":
            secret["BETTER_AUTH_SECRETS"] = better_auth["secrets"]
        here = {"PYTHONPATH": str(ROOT), "DATA_DIR": str(tmp_path), "SECRET_KEY": KEY}
        command = ["-m", "backend", "import-users", str(people), "--accounts", str(linked)]
        everything = inherited() | here | secret | database_target.environment | environment
        done = run_forked(command, tmp_path, everything)
        return done.returncode, (done.stdout + done.stderr).splitlines()

    return move_in


def of_provider(better_auth: dict[str, Any], how: str = "plain", **changes: Any) -> dict[str, Any]:
    """The row of an account at the provider."""
    _, row = better_auth[how]["rows"]
    return {**row, **changes}


def access_token(visitor: Visitor) -> str:
    """The provider's token of the visitor."""
    (account,) = visitor.get("list-accounts").json()
    response = visitor.post("get-access-token", {"accountId": account["id"]})
    assert response.status_code == 200, response.text
    return str(response.json()["accessToken"])


@pytest.mark.parametrize("how", HOWS)
def test_people_of_a_better_auth_sign_in_with_their_provider_and_their_password(
    how, gatehouse, move_in, lax, better_auth
):
    code, lines = move_in(how)
    assert (code, lines[:2]) == (0, ["2 users imported", "1 account of theirs at providers"])
    assert "at these providers, which OIDC_PROVIDERS does not name: lax" in lines[-1]
    (row,) = gatehouse.rows(select(accounts))
    assert (row.issuer, row.account_id, row.scopes) == ("", how, "openid email")
    assert b"lax-secret" not in bytes(row.access_token + row.refresh_token)
    vault = gatehouse.context.services[ProviderSignIn].vault
    tokens = [vault.open(sealed).reveal() for sealed in (row.access_token, row.refresh_token)]
    assert [token.rpartition("-")[0] for token in tokens] == ["lax-secret"] * 2
    theirs = person(how, f"{how}@example.com")
    visitor = gatehouse.visitor()
    assert sign_in(visitor, lax, theirs) == "/in"
    assert providers_of(visitor) == [LAX]
    (row,) = gatehouse.rows(select(accounts))
    assert row.issuer == lax.stand_in.url + "token", "the first sign-in tells the issuer"
    with_password = gatehouse.visitor().sign_in(f"password-of-{how}@example.com", "correct horse")
    assert with_password.status_code == 200


def test_an_account_of_an_unverified_user_is_not_proven_yet(gatehouse, move_in, better_auth):
    unverified, _ = better_auth["plain"]["users"]
    move_in(rows=[of_provider(better_auth, userId=unverified["id"])])
    assert gatehouse.rows(select(accounts.c.before_verification)) == [(True,)]


DAMAGES = {
    "account_id: is missing": {"accountId": None},
    "provider_id: string should have at least 1 character": {"providerId": ""},
    "user_id: is missing": {"userId": None},
    "access_token_expires_at: could be a date or a": {"accessTokenExpiresAt": 20240311},
    "access_token: looks encrypted; set BETTER_AUTH_SECRET": {"accessToken": "00" * 40},
    "id_token: looks encrypted; set BETTER_AUTH_SECRET": {"idToken": "$ba$1$00", "accountId": "x"},
}
"""What may be wrong with a row, by the words for it."""


def test_each_bad_row_is_named_and_nothing_is_stored(gatehouse, better_auth, move_in):
    code, lines = move_in(rows=[of_provider(better_auth, **each) for each in DAMAGES.values()])
    assert code == 1
    assert len(lines) == len(DAMAGES) + 1
    for line, problem in zip(lines, DAMAGES, strict=False):
        assert f"accounts.json line 1: {problem}" in line
    assert lines[-1] == NOTHING
    assert gatehouse.rows(select(users.c.id)) == []


def test_two_rows_of_one_account_are_one_too_many(better_auth, move_in):
    code, lines = move_in(rows=[of_provider(better_auth)] * 2)
    assert code == 1
    assert "account_id: is the same as on line" in lines[0]


def test_a_wrong_secret_is_one_line_and_nothing_is_stored(gatehouse, move_in):
    for how in ("encrypted", "rotated"):
        secrets = {"BETTER_AUTH_SECRET": "wrong", "BETTER_AUTH_SECRETS": "2:wrong"}
        code, lines = move_in(how, **secrets)
        assert code == 1
        assert "BETTER_AUTH_SECRET is another one than that of this table" in lines[-1]
    assert gatehouse.rows(select(users.c.id)) == []


def test_a_row_that_another_secret_has_encrypted_is_named(better_auth, move_in):
    rows = [of_provider(better_auth, "encrypted"), of_provider(better_auth, accessToken="ff" * 50)]
    code, lines = move_in("encrypted", rows)
    assert code == 1
    assert "access_token: looks encrypted, but the secret of Better Auth does not" in lines[0]


def test_it_can_be_repeated(gatehouse, move_in):
    move_in()
    code, lines = move_in()
    assert (code, lines[0]) == (0, "0 users imported")
    assert len(gatehouse.rows(select(accounts.c.id))) == 1


def test_a_password_of_the_users_file_counts_before_that_of_the_table(
    gatehouse, move_in, better_auth
):
    first, second = better_auth["plain"]["users"]
    own = better_auth["encrypted"]["rows"][0]["password"]
    better_auth = {**better_auth, "plain": {"users": [{**first, "password": own}, second]}}
    text = "\n".join(json.dumps(each) for each in better_auth["plain"]["users"])
    problems, lines = import_text(gatehouse, text)
    assert (problems, lines[0]) == ([], "2 users imported")
    assert gatehouse.visitor().sign_in(first["email"], "correct horse").status_code == 200


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_accounts_move_from_one_gatehouse_to_another(gatehouse, start, lax, tmp_path, ending):
    lax.lifetime = 3600
    ada = gatehouse.visitor()
    sign_in(ada, lax, person())
    token = access_token(ada)
    exported = export_text(gatehouse, ending)
    assert token not in exported

    (folder := tmp_path / "elsewhere").mkdir()
    settings = {"oidc_providers": (LAX,), "oidc": lax.settings, "data_dir": folder}
    there = start(secret_key=KEY, **settings)
    problems, lines = import_text(there, exported)

    assert (problems, lines[:2]) == ([], ["1 user imported", "1 account of theirs at providers"])
    columns = [each for each in accounts.c if each.name != "id"]
    assert there.rows(select(*columns)) == gatehouse.rows(select(*columns))
    visitor = there.visitor()
    assert sign_in(visitor, lax, person()) == "/in"
    assert visitor.session()["user"]["email"] == ADA


def test_a_server_without_the_key_says_so_and_loses_nothing(gatehouse, start, lax, tmp_path):
    sign_in(gatehouse.visitor(), lax, person())
    exported = export_text(gatehouse, ".jsonl")
    (folder := tmp_path / "elsewhere").mkdir()
    there = start(data_dir=folder, secret_key=KEY[::-1])
    problems, _ = import_text(there, exported)
    assert "accounts: the tokens of lax were encrypted with a SECRET_KEY" in problems[0]
    assert there.rows(select(users.c.id)) == []
