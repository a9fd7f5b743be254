"""The OpenID provider that tests sign in with is as strict as real ones, and fails when told to."""

from collections.abc import Iterator

import httpx
import pytest

from tests.rig.openid_client import OpenIdClient

REDIRECT_URI = "http://localhost:1/callback"
ADA = {"sub": "ada", "email": "ada@example.com", "email_verified": True}


@pytest.fixture
def client(openid_provider) -> Iterator[OpenIdClient]:
    with (
        httpx.Client(verify=openid_provider.tls) as http,
        openid_provider.realm(REDIRECT_URI) as realm,
    ):
        yield OpenIdClient(realm, http, REDIRECT_URI)


def test_a_code_is_exchanged_once_with_its_verifier(client):
    answer = client.realm.answer(client.url(), ADA)
    assert (answer["state"], answer["iss"]) == ("state", client.realm.issuer)
    tokens = client.exchange(answer["code"]).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert client.http.get(client.endpoints["userinfo_endpoint"], headers=bearer).json() == ADA
    assert client.exchange(answer["code"]).json()["error"] == "invalid_grant"
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert client.token(refresh).json()["error"] == "invalid_grant", "a replay ends the grant"


def test_a_refresh_token_works_once(client):
    answer = client.realm.answer(client.url(), ADA)
    tokens = client.exchange(answer["code"]).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert client.token(refresh).json()["refresh_token"] != tokens["refresh_token"]
    assert client.token(refresh).json()["error"] == "invalid_grant"


def test_without_pkce_nobody_signs_in(client):
    answer = client.realm.answer(client.url(code_challenge=None, code_challenge_method=None), ADA)
    assert answer["error"] == "invalid_request"


def test_who_cancels_is_sent_back(client):
    answer = client.realm.answer(client.url(), {"cancels": True})
    assert (answer["error"], answer["state"]) == ("access_denied", "state")


def test_the_answer_may_come_as_a_form_and_the_secret_in_the_body(client):
    url = client.url(response_mode="form_post")
    answer = client.realm.answer(url, ADA)
    assert (answer.by_post, answer.redirect_uri) == (True, REDIRECT_URI)
    assert client.exchange(answer["code"], by_post=True).status_code == 200
    assert client.realm.received("token") == [{"endpoint": "token", "authorization": None}]


def test_keys_change_while_codes_stay(client):
    answer = client.realm.answer(client.url(), ADA)
    client.realm.rotate_keys(keep=True)
    assert client.key_ids() == ["RS256-2", "ES256-2", "RS256-1", "ES256-1"]
    client.realm.rotate_keys()
    assert client.key_ids() == ["RS256-3", "ES256-3"]
    assert client.exchange(answer["code"]).status_code == 200


def test_an_endpoint_fails_as_often_as_it_is_told(client):
    client.realm.fail("token", status=503, body="<html>", times=1)
    assert client.exchange("code").status_code == 503
    assert client.exchange("code").status_code == 400
    client.realm.fail("keys", kind="cut")
    with pytest.raises(httpx.RemoteProtocolError):
        client.key_ids()
    client.realm.recover("keys")
    assert client.key_ids() == ["RS256-1", "ES256-1"]
    client.realm.change("discovery", issuer="https://evil.example")
    discovered = client.http.get(f"{client.realm.issuer}/.well-known/openid-configuration")
    assert discovered.json()["issuer"] == "https://evil.example"
