"""Threat: whoever reads the database, the log or the audit trail gets into people's accounts
elsewhere, or finishes a sign-in that is under way.
"""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.in_process import Gatehouse
from tests.openid import ADA, begin, come_back, destination, sign_in
from tests.security.test_token_at_rest import list_values


@pytest.fixture
def gatehouse(start_with_providers_on) -> Gatehouse:
    return start_with_providers_on(log_level="debug")


def is_told(secret: str, values: list[str]) -> bool:
    """Whether it can be read in one of them, or its beginning."""
    return any(secret in value or secret[:16] in value for value in values)


def test_a_dump_finishes_no_sign_in(gatehouse):
    """The state, the nonce and the verifier are what the browser and the provider have to show."""
    query = parse_qs(urlsplit(begin(gatehouse.visitor())).query)
    loot = list_values(gatehouse)
    assert not any(is_told(query[name][0], loot) for name in ("state", "nonce", "code_challenge"))
    assert not any("code_verifier" in value or "/oops" in value for value in loot)


def test_tokens_and_secrets_are_in_no_table_and_no_log(gatehouse, company, capfd):
    ada = gatehouse.visitor()
    url = begin(ada)
    answer = company.answer(url, ADA)
    assert destination(come_back(ada, answer)) == "/welcome"
    (account,) = ada.get("list-accounts").json()
    tokens = ada.post("get-access-token", {"accountId": account["id"]}).json()
    refreshed = ada.post("refresh-token", {"accountId": account["id"]}).json()
    for fault in ({"status": 400, "body": '{"error": "invalid_grant"}'}, {"kind": "cut"}):
        company.fail("token", **fault)
        sign_in(gatehouse.visitor(), company, ADA)
        ada.post("refresh-token", {"accountId": account["id"]})
    company.recover("token")
    company.forge(key="stranger")
    sign_in(gatehouse.visitor(), company, ADA)
    names = ("accessToken", "idToken", "refreshToken")
    secrets = {each[name] for each in (tokens, refreshed) for name in names if name in each}
    secrets |= {answer["code"], answer["state"], company.client_secret}
    assert len(secrets) >= 7
    told = [*list_values(gatehouse), *capfd.readouterr()]
    assert "provider_sign_in_failed" in told[-2] + told[-1]
    assert [secret for secret in secrets if is_told(secret, told)] == []


def test_no_list_and_no_export_tells_a_token(gatehouse, company):
    ada = gatehouse.visitor()
    sign_in(ada, company, ADA)
    (account,) = ada.get("list-accounts").json()
    token = ada.post("get-access-token", {"accountId": account["id"]}).json()["accessToken"]
    for path in ("list-accounts", "get-session", "list-sessions", "/api/me", "/api/me/export"):
        assert token[:16] not in ada.get(path).text
