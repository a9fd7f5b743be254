"""What Keycloak and Dex do differently, as their documentation and their tokens have it."""

from typing import Any

import httpx
import pytest

from tests.in_process import Gatehouse, Visitor
from tests.openid import ADA, begin, come_back, destination, failed, sign_in
from tests.rig.openid_provider import OpenIdProvider, Realm

KEYCLOAK = {
    "sub": "f:550e8400-e29b-41d4-a716-446655440000:ada",
    "email": ADA["email"],
    "email_verified": False,  # until somebody ticks it, or the realm verifies addresses
    "name": "Ada Lovelace",
    "preferred_username": "ada",
    "given_name": "Ada",
    "family_name": "Lovelace",
}
DEX = {
    # The connector and what it calls the person, in protobuf and base64.
    "sub": "CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs",
    "email": ADA["email"],
    "email_verified": True,
    "name": "ada",
}


@pytest.fixture
def gatehouse(start_with_providers) -> Gatehouse:
    return start_with_providers()


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.visitor()


def be_keycloak(realm: Realm, openid_provider: OpenIdProvider) -> None:
    """Answer as Keycloak 26 does."""
    session = {"session_state": "7c2ad8ae-4a3c-4a5b-9d55-0f3a5f1b2d11"}
    claims = {"typ": "ID", "azp": realm.client_id, "acr": "1", "auth_time": 0, "jti": "5f1b"}
    realm.forge(header={"typ": "JWT"}, claims={**claims, **session, "sid": "7c2a"})
    realm.change(
        "token",
        **session,
        **{"refresh_expires_in": 1800, "not-before-policy": 0, "scope": "openid email profile"},
    )
    with httpx.Client(verify=openid_provider.tls) as client:
        signing, *others = client.get(f"{realm.issuer}/jwks").json()["keys"]
    encrypting = {**signing, "use": "enc", "alg": "RSA-OAEP", "kid": "encrypts"}
    certified = {**signing, "x5c": ["MIIB"], "x5t": "x"}
    realm.change("keys", keys=[encrypting, certified, *others])


def be_dex(realm: Realm) -> None:
    """Answer as Dex 2 does: it names no issuer, and gives a refresh token for offline_access."""
    realm.change("discovery", authorization_response_iss_parameter_supported=None)
    realm.change("token", token_type="bearer", refresh_token=None, scope=None)
    claims: dict[str, Any] = {
        "groups": ["engineers"],
        "federated_claims": {"connector_id": "local"},
    }
    realm.forge(claims={**claims, "at_hash": None})


def test_who_has_an_account_at_keycloak(openid_provider, company, ada):
    be_keycloak(company, openid_provider)
    answer = company.answer(begin(ada), KEYCLOAK)
    session = {"session_state": "7c2ad8ae-4a3c-4a5b-9d55-0f3a5f1b2d11"}
    assert destination(come_back(ada, answer, **session)) == "/welcome"
    user = ada.session()["user"]
    assert (user["name"], user["emailVerified"]) == ("Ada Lovelace", False)
    (account,) = ada.get("list-accounts").json()
    assert account["accountId"] == KEYCLOAK["sub"]
    refreshed = ada.post("refresh-token", {"accountId": account["id"]})
    assert refreshed.status_code == 200
    assert refreshed.json()["refreshTokenExpiresAt"]


def test_an_address_that_keycloak_has_not_verified_takes_nothing_over(
    openid_provider, gatehouse, company
):
    gatehouse.member()
    be_keycloak(company, openid_provider)
    assert sign_in(gatehouse.visitor(), company, KEYCLOAK) == failed("account_not_linked")


def test_an_account_of_another_realm_of_the_same_keycloak(gatehouse, company, partner, ada):
    """Subjects are unique within one realm only."""
    assert sign_in(ada, company, KEYCLOAK) == "/welcome"
    mallory = {**KEYCLOAK, "email": "mallory@example.com"}
    other = gatehouse.visitor()
    assert sign_in(other, partner, mallory, provider="partner") == "/welcome"
    assert other.session()["user"]["id"] != ada.session()["user"]["id"]


def test_who_has_an_account_at_dex(company, ada):
    be_dex(company)
    answer = company.answer(begin(ada), DEX)
    assert destination(come_back(ada, answer, iss=None)) == "/welcome"
    user = ada.session()["user"]
    assert (user["name"], user["image"], user["emailVerified"]) == ("ada", None, True)
    (account,) = ada.get("list-accounts").json()
    assert (account["accountId"], account["scopes"]) == (DEX["sub"], ["openid", "profile", "email"])
    response = ada.post("refresh-token", {"accountId": account["id"]})
    assert response.json()["code"] == "REFRESH_TOKEN_NOT_FOUND"
    tokens = ada.post("get-access-token", {"accountId": account["id"]})
    assert tokens.json()["accessToken"]
