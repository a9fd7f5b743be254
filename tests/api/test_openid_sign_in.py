"""Signing in at a certified OpenID provider, on each kind of database."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.in_process import Gatehouse, Visitor
from tests.openid import (
    ADA,
    CANCELS,
    COMPANY,
    PARTNER,
    begin,
    come_back,
    destination,
    failed,
    provider_settings,
    redirect_uri,
    refusals,
    sign_in,
)
from tests.rig.openid_provider import Realm

MOVED = {**ADA, "name": "Ada Byron", "email": "byron@example.com"}


@pytest.fixture
def gatehouse(start_with_providers_on) -> Gatehouse:
    return start_with_providers_on()


@pytest.fixture
def start_with(start, trusting) -> Callable[[Realm], Gatehouse]:
    """Start with a provider that has options of its own."""
    return lambda realm, **settings: start(**provider_settings(company=realm), **settings)


def accounts(visitor: Visitor) -> list[tuple[str, str]]:
    return [(each["providerId"], each["accountId"]) for each in visitor.get("list-accounts").json()]


def account_id(visitor: Visitor, provider: str = COMPANY) -> str:
    """The id of the visitor's account at a provider."""
    listed = visitor.get("list-accounts").json()
    (found,) = [each["id"] for each in listed if each["providerId"] == provider]
    return found


def without_none(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


def test_a_new_person_signs_up_and_comes_again(gatehouse, company):
    ada = gatehouse.visitor()
    assert sign_in(ada, company, ADA) == "/welcome"
    user = ada.session()["user"]
    told = [user[name] for name in ("email", "emailVerified", "name", "image")]
    assert told == [ADA["email"], True, ADA["name"], ADA["picture"]]
    assert accounts(ada) == [(COMPANY, ADA["sub"])]
    again = gatehouse.visitor()
    assert sign_in(again, company, MOVED) == "/in"
    assert again.session()["user"] == user


def test_a_new_person_who_signs_in_in_two_browsers_at_once_is_one_user(gatehouse, company):
    browsers = [gatehouse.visitor() for _ in range(4)]
    answers = [company.answer(begin(each), ADA) for each in browsers]
    pairs = zip(browsers, answers, strict=True)
    responses = gatehouse.gather(*(each.send_async("GET", answer.path) for each, answer in pairs))
    assert sorted(map(destination, responses)) == ["/in"] * 3 + ["/welcome"]
    assert len({each.session()["user"]["id"] for each in browsers}) == 1


def test_a_server_that_is_restarted_in_the_middle(start_with_providers_on, company):
    before = start_with_providers_on()
    ada = before.visitor()
    answer = company.answer(begin(ada), ADA)
    before.close()
    after = start_with_providers_on().visitor()
    after.cookies = ada.cookies
    assert destination(come_back(after, answer)) == "/welcome"


def test_somebody_with_a_verified_address_signs_in_with_either(gatehouse, company, partner):
    ada = gatehouse.visitor()
    sign_in(ada, company, ADA)
    again = gatehouse.visitor()
    elsewhere = {**ADA, "sub": "ada at the partner"}
    assert sign_in(again, partner, elsewhere, provider=PARTNER) == "/in"
    assert again.session()["user"]["id"] == ada.session()["user"]["id"]
    assert sorted(accounts(ada)) == [(COMPANY, ADA["sub"]), (PARTNER, elsewhere["sub"])]


def test_an_account_is_linked_and_unlinked(gatehouse, company):
    ada = gatehouse.member()
    answer = company.answer(begin(ada, path="link-social"), ADA)
    assert destination(come_back(ada, answer)) == "/in"
    assert sorted(provider for provider, _ in accounts(ada)) == [COMPANY, "credential"]
    again = gatehouse.visitor()
    assert sign_in(again, company, ADA) == "/in"
    assert again.session()["user"]["id"] == ada.session()["user"]["id"]
    assert ada.post("unlink-account", {"accountId": account_id(ada)}).json() == {"status": True}
    assert [provider for provider, _ in accounts(ada)] == ["credential"]
    response = ada.post("unlink-account", {"accountId": account_id(ada, "credential")})
    assert response.json()["code"] == "FAILED_TO_UNLINK_LAST_ACCOUNT"


def test_tokens_are_refreshed_and_the_old_one_is_never_used_again(gatehouse, company, clock):
    ada = gatehouse.visitor()
    sign_in(ada, company, ADA)
    body = {"accountId": account_id(ada)}
    first = ada.post("get-access-token", body).json()
    assert (first["scopes"], "accessToken" in first) == (["openid", "profile", "email"], True)
    refreshed = ada.post("refresh-token", body).json()
    again = ada.post("refresh-token", body).json()
    tokens = {each["accessToken"] for each in (first, refreshed, again)}
    assert (len(tokens), refreshed["refreshToken"] == again["refreshToken"]) == (3, False)
    clock.advance(minutes=59, seconds=57)
    renewed = ada.post("get-access-token", body).json()
    assert renewed["accessToken"] not in tokens
    assert ada.post("get-access-token", body).json()["accessToken"] == renewed["accessToken"]


def test_tokens_that_several_pages_ask_for_are_refreshed_once(gatehouse, company, clock):
    """The provider ends all tokens of a person whose refresh token comes twice."""
    ada = gatehouse.visitor()
    sign_in(ada, company, ADA)
    body = {"accountId": account_id(ada)}
    clock.advance(hours=1)
    pages = (ada.send_async("POST", "get-access-token", body) for _ in range(5))
    answers = [response.json() for response in gatehouse.gather(*pages)]
    assert len({each["accessToken"] for each in answers}) == 1
    assert len(company.received("token")) == 2
    assert ada.post("refresh-token", body).status_code == 200


def test_a_refresh_token_that_was_revoked(gatehouse, company):
    ada = gatehouse.visitor()
    sign_in(ada, company, ADA)
    company.fail("token", status=400, body='{"error": "invalid_grant"}')
    response = ada.post("refresh-token", {"accountId": account_id(ada)})
    assert (response.status_code, response.json()["code"]) == (
        400,
        "FAILED_TO_REFRESH_ACCESS_TOKEN",
    )
    assert ada.session()


def test_the_account_is_looked_up_at_the_provider(gatehouse, company):
    ada = gatehouse.visitor()
    sign_in(ada, company, ADA)
    info = ada.get(f"account-info?accountId={account_id(ada)}").json()
    assert info["account"] == {
        "id": account_id(ada),
        "providerId": COMPANY,
        "accountId": ADA["sub"],
    }
    assert info["user"]["email"] == ADA["email"]


def test_who_cancels_comes_back_to_the_page_they_came_from(gatehouse, company):
    ada = gatehouse.visitor()
    response = come_back(ada, company.answer(begin(ada), CANCELS))
    assert destination(response).startswith(failed("access_denied"))
    assert (ada.session(), refusals(gatehouse)) == (None, ["access_denied"])


def test_the_answer_comes_as_a_form_from_another_site(gatehouse, company):
    """A browser sends no cookie with it: they come with the redirect that follows."""
    ada = gatehouse.visitor()
    answer = company.answer(begin(ada), ADA, response_mode="form_post")
    cookieless = gatehouse.visitor()
    target = destination(come_back(cookieless, answer))
    assert target.startswith(answer.redirect_uri + "?")
    assert destination(ada.get(target.removeprefix(gatehouse.settings.base_url))) == "/welcome"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_keys_of_other_kinds(openid_provider, start_with, alg):
    with openid_provider.realm(redirect_uri(), alg=alg) as realm:
        visitor = start_with(realm).visitor()
        assert sign_in(visitor, realm, ADA) == "/welcome"


def test_claims_that_only_the_userinfo_endpoint_tells(openid_provider, start_with):
    with openid_provider.realm(redirect_uri(), claimsInIdToken=False) as realm:
        ada = start_with(realm).visitor()
        assert sign_in(ada, realm, ADA) == "/welcome"
        assert ada.session()["user"]["email"] == ADA["email"]


@pytest.mark.parametrize(
    ("offered", "begins"),
    [(["client_secret_post"], None), (["client_secret_basic"], "Basic "), (None, "Basic ")],
    ids=str,
)
def test_the_secret_goes_where_the_provider_takes_it(company, start_with, offered, begins):
    """Without a word about it, in the header (OpenID Connect Discovery 1.0, section 3)."""
    company.change("discovery", token_endpoint_auth_methods_supported=offered)
    assert sign_in(start_with(company).visitor(), company, ADA) == "/welcome"
    (request,) = company.received("token")
    assert (request["authorization"] or "")[:6] == (begins or "")


ODD_TOKENS: list[dict[str, Any]] = [
    *({"expires_in": each} for each in ("3600", 3600.5, None, 10**30, 0, -1)),
    *({"scope": each} for each in (None, "", 7, ["openid"], "openid,email", "x" * 5000)),
    *({"token_type": each} for each in (None, "bearer", "BEARER", 7)),
    *({"refresh_token": each} for each in (None, "")),
    *({"refresh_expires_in": each} for each in (0, "1800", -1, "never")),
    {"unknown": {"deep": [1, 2]}, "error_description": "none"},
]
NO_ADDRESSES = [
    None,
    "",
    "ada",
    "ada@",
    7,
    ["ada@example.com"],
    "a b@c.example",
    "a" * 300 + "@b.example",
]
PASTED = ["/", "/.well-known/openid-configuration", " "]
LOOKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no name": ({"name": None}, {"name": ""}),
    "a name of ten thousand letters": ({"name": "x" * 10_000}, {}),
    "a picture that is a script": ({"picture": "javascript:alert(1)"}, {"image": None}),
    "a picture that is no text": ({"picture": {"url": "x"}}, {"image": None}),
    "an address in capitals": ({"email": "ADA@Example.com"}, {"email": "ada@example.com"}),
    "an unverified address": ({"email_verified": False}, {"emailVerified": False}),
    "an address that is verified in words": ({"email_verified": "true"}, {"emailVerified": True}),
    "an address that is not, in words": ({"email_verified": "false"}, {"emailVerified": False}),
    "an address of which nothing is said": ({"email_verified": None}, {"emailVerified": False}),
}


def test_people_whose_claims_are_odd(company, start_with_providers):
    gatehouse = start_with_providers()
    for number, (name, (claims, shown)) in enumerate(LOOKS.items()):
        own = {"sub": f"ada {number}", "email": f"ada{number}@example.com"}
        ada = gatehouse.visitor()
        assert sign_in(ada, company, without_none({**ADA, **own, **claims})) == "/welcome", name
        user = ada.session()["user"]
        assert {key: user[key] for key in shown} == shown, name
        assert len(user["name"]) <= 500


def test_people_without_an_address(company, start_with_providers):
    gatehouse = start_with_providers()
    for email in NO_ADDRESSES:
        person = without_none({**ADA, "email": email})
        assert sign_in(gatehouse.visitor(), company, person) == failed("email_not_found"), email
    assert refusals(gatehouse) == ["email_not_found"] * len(NO_ADDRESSES)


def test_token_answers_that_are_odd_and_can_be_used(company, start_with_providers):
    gatehouse = start_with_providers()
    for number, changes in enumerate(ODD_TOKENS):
        company.change("token", **changes)
        person = {**ADA, "sub": f"ada {number}", "email": f"ada{number}@example.com"}
        ada = gatehouse.visitor()
        assert sign_in(ada, company, person) == "/welcome", changes
        tokens = ada.post("get-access-token", {"accountId": account_id(ada)})
        assert tokens.status_code == 200, changes


def test_an_issuer_as_it_is_pasted(company, start, trusting):
    for number, rest in enumerate(PASTED):
        settings = provider_settings(company=company)
        settings["oidc"]["OIDC_COMPANY_ISSUER"] += rest
        person = {**ADA, "sub": f"ada {number}", "email": f"ada{number}@example.com"}
        gatehouse = start(**settings)
        assert sign_in(gatehouse.visitor(), company, person) == "/welcome", rest
        gatehouse.close()


def test_a_provider_without_a_discovery_document(company, start, trusting):
    """Plain OAuth 2.0: who somebody is tells the userinfo endpoint alone."""
    endpoints = {"AUTHORIZATION": "auth", "TOKEN": "token", "USERINFO": "me"}
    settings = provider_settings(company=company)
    del settings["oidc"]["OIDC_COMPANY_ISSUER"]
    for name, path in endpoints.items():
        settings["oidc"][f"OIDC_COMPANY_{name}_URL"] = f"{company.issuer}/{path}"
    ada = start(**settings).visitor()
    company.forge(key="none")  # nobody looks at it
    assert sign_in(ada, company, ADA) == "/welcome"
    assert ada.session()["user"]["email"] == ADA["email"]
    assert company.received("discovery") == []
    assert len(company.received("userinfo")) == 1
