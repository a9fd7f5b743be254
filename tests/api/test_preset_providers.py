"""Signing in with each preset, at a stand-in that answers as the provider's documentation says."""

from typing import Any

import pytest

from tests.provider_sign_in import (
    StartWith,
    answer,
    begin,
    sign_in_at,
    start_any_with,
    start_with,
    target_of,
)
from tests.rig import provider_answers as documented
from tests.rig.preset_providers import CLIENT_ID, PEOPLE, PresetProvider, query_of
from tests.rig.stand_in import Received

__all__ = ["start_any_with", "start_with"]

ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "emailVerified": True}
DISCORD_PICTURE = (
    "https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png"
)
EXPECTED: dict[str, dict[str, Any]] = {
    "huggingface": {**ADA, "image": documented.HUGGING_FACE["picture"]},
    "google": {**ADA, "image": documented.GOOGLE["picture"]},
    "github": {**ADA, "image": documented.GITHUB["avatar_url"]},
    "microsoft": {**ADA, "emailVerified": False, "image": None},
    "gitlab": {**ADA, "image": documented.GITLAB["picture"]},
    "discord": {**ADA, "image": DISCORD_PICTURE},
    "apple": {**ADA, "email": documented.APPLE["email"], "image": None},
}
ACCOUNT_IDS = {
    **{each: PEOPLE[each]["sub"] for each in ("huggingface", "google", "gitlab", "apple")},
    "github": "583231",
    "microsoft": documented.MICROSOFT["oid"],
    "discord": documented.DISCORD["id"],
}
SCOPES = {
    "huggingface": "openid profile email",
    "google": "email profile openid",
    "github": "read:user user:email",
    "microsoft": "openid profile email User.Read offline_access",
    "gitlab": "openid profile email",
    "discord": "identify email",
    "apple": "email name",
}
PARAMETERS = {
    "google": {"include_granted_scopes": "true"},
    "discord": {"prompt": "none"},
    "apple": {"response_mode": "form_post"},
}
COMMON = {
    *("response_type", "client_id", "state", "scope", "redirect_uri"),
    *("code_challenge_method", "code_challenge"),
}


def requests_to(stand_in: PresetProvider, path: str) -> list[Received]:
    return [each for each in stand_in.requests if each.path.partition("?")[0] == path]


@pytest.mark.parametrize("preset", EXPECTED)
def test_somebody_signs_in_and_comes_again(preset, start_with: StartWith):
    gatehouse, stand_in = start_with(preset)
    ada = gatehouse.visitor()
    assert target_of(sign_in_at(ada, stand_in)) == "/in"
    assert stand_in.refused == []

    user = ada.session()["user"]
    assert {name: user[name] for name in EXPECTED[preset]} == EXPECTED[preset]
    (account,) = ada.get("list-accounts").json()
    assert (account["providerId"], account["accountId"]) == (preset, ACCOUNT_IDS[preset])
    assert account["scopes"] == SCOPES[preset].split()

    again = gatehouse.visitor()
    assert target_of(sign_in_at(again, stand_in)) == "/in"
    assert again.session()["user"] == user
    assert len(again.get("list-accounts").json()) == 1


@pytest.mark.parametrize("preset", EXPECTED)
def test_the_browser_is_sent_there_with_what_is_documented(preset, start_with: StartWith):
    gatehouse, _ = start_with(preset)
    sent = query_of(begin(gatehouse.visitor(), preset))
    assert (sent["client_id"], sent["response_type"]) == (CLIENT_ID, "code")
    assert sent["scope"] == SCOPES[preset]
    redirect_uri = f"{gatehouse.settings.base_url}/api/auth/callback/{preset}"
    assert (sent["redirect_uri"], sent["code_challenge_method"]) == (redirect_uri, "S256")
    more = {name: value for name, value in sent.items() if name not in COMMON | {"nonce"}}
    assert more == PARAMETERS.get(preset, {})
    assert ("nonce" in sent) is (preset not in {"github", "discord"})


def test_github_s_refusals_come_with_status_200(start_with: StartWith):
    gatehouse, stand_in = start_with("github")
    stand_in.token_answer = {
        "error": "bad_verification_code",
        "error_description": "The code passed is incorrect or expired.",
    }
    visitor = gatehouse.visitor()
    assert target_of(sign_in_at(visitor, stand_in)) == "/oops?error=invalid_code"
    assert visitor.session() is None


@pytest.mark.parametrize(
    ("shown", "addresses", "told"),
    [
        ("ada@example.com", None, ("ada@example.com", False)),
        ("ada@example.com", [], ("ada@example.com", False)),
        ("ada@example.com", documented.GITHUB_ADDRESSES, ("ada@example.com", True)),
        ("old@example.com", documented.GITHUB_ADDRESSES, ("old@example.com", False)),
        (None, {"message": "what is this"}, None),
        (None, None, None),
    ],
)
def test_github_may_keep_addresses_to_itself(shown, addresses, told, start_with: StartWith):
    gatehouse, stand_in = start_with("github", addresses=addresses)
    stand_in.person["email"] = shown
    visitor = gatehouse.visitor()
    response = sign_in_at(visitor, stand_in)
    if told is None:
        assert target_of(response) == "/oops?error=email_not_found"
    else:
        user = visitor.session()["user"]
        assert (user["email"], user["emailVerified"]) == told


def test_somebody_may_have_many_addresses_at_github(start_with: StartWith):
    others = [{"email": f"{number}@example.com", "verified": True} for number in range(40)]
    gatehouse, stand_in = start_with("github", addresses=[*others, *documented.GITHUB_ADDRESSES])
    visitor = gatehouse.visitor()
    sign_in_at(visitor, stand_in)
    user = visitor.session()["user"]
    assert (user["email"], user["emailVerified"]) == ("ada@example.com", True)


def test_google_has_an_old_name_of_itself_and_knows_everything_at_once(start_with: StartWith):
    gatehouse, stand_in = start_with("google", forged={"iss": "accounts.google.com"})
    assert target_of(sign_in_at(gatehouse.visitor(), stand_in)) == "/in"
    assert requests_to(stand_in, "/user") == []

    stand_in.forged = {"iss": "https://accounts.google.com.evil.example"}
    response = sign_in_at(gatehouse.visitor(), stand_in)
    assert target_of(response) == "/oops?error=unable_to_get_user_info"


@pytest.mark.parametrize(
    ("preset", "named", "error"),
    [
        ("google", "https://gitlab.com", "issuer_mismatch"),
        ("google", "", "issuer_missing"),
        ("discord", "https://discord.com.evil.example", "issuer_mismatch"),
    ],
)
def test_an_answer_of_another_provider_is_refused(preset, named, error, start_with: StartWith):
    gatehouse, stand_in = start_with(preset, response_issuer=named)
    response = sign_in_at(gatehouse.visitor(), stand_in)
    assert target_of(response) == f"/oops?error={error}"
    assert requests_to(stand_in, "/token") == []


def test_an_optional_claim_verifies_microsoft_s_address(start_with: StartWith):
    gatehouse, stand_in = start_with("microsoft")
    stand_in.person["xms_edov"] = True
    visitor = gatehouse.visitor()
    assert target_of(sign_in_at(visitor, stand_in)) == "/in"
    assert visitor.session()["user"]["emailVerified"] is True


PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.mark.parametrize(
    ("tenant", "claims"),
    [
        ("common", {"tid": None}),
        ("common", {"tid": "99999999-aaaa-bbbb-cccc-222222222222"}),
        ("common", {"tid": "{tenantid}", "iss": "ORIGIN/{tenantid}/v2.0"}),
        ("common", {"iss": "https://login.microsoftonline.com/common/v2.0"}),
        ("consumers", {}),
        ("organizations", {"tid": PERSONAL, "iss": f"ORIGIN/{PERSONAL}/v2.0"}),
        ("common", {"oid": None}),
    ],
)
def test_microsoft_s_tokens_are_of_the_tenant_that_they_name(tenant, claims, start_with: StartWith):
    gatehouse, stand_in = start_with("microsoft", tenant=tenant)
    stand_in.forged = {
        name: value and value.replace("ORIGIN", stand_in.origin) for name, value in claims.items()
    }
    visitor = gatehouse.visitor()
    response = sign_in_at(visitor, stand_in)
    assert target_of(response) == "/oops?error=unable_to_get_user_info"
    assert visitor.session() is None


def test_the_same_id_in_another_tenant_is_somebody_else(start_any_with: StartWith):
    """An id is given by a tenant, which may be anybody's."""
    gatehouse, stand_in = start_any_with("microsoft")
    ada, eve = gatehouse.visitor(), gatehouse.visitor()
    sign_in_at(ada, stand_in)
    tenant = "99999999-aaaa-bbbb-cccc-222222222222"
    stand_in.person |= {"email": "eve@example.com"}
    stand_in.forged = {"tid": tenant, "iss": f"{stand_in.origin}/{tenant}/v2.0"}
    assert target_of(sign_in_at(eve, stand_in)) == "/in"
    assert eve.session()["user"]["email"] == "eve@example.com"
    assert ada.session()["user"]["email"] == "ada@example.com"


def test_gitlab_s_name_comes_from_the_user_info_of_the_same_person(start_with: StartWith):
    gatehouse, stand_in = start_with("gitlab")
    stand_in.forged = {"sub": "9999"}
    response = sign_in_at(gatehouse.visitor(), stand_in)
    assert target_of(response) == "/oops?error=unable_to_get_user_info"


def test_apple_tells_the_name_once_and_the_secret_is_made_anew(start_with: StartWith, clock):
    gatehouse, stand_in = start_with("apple")
    ada = gatehouse.visitor()
    sign_in_at(ada, stand_in)
    for _ in range(3):
        clock.advance(days=100)
        again = gatehouse.visitor()
        assert target_of(sign_in_at(again, stand_in)) == "/in"
        assert again.session()["user"]["name"] == "Ada Lovelace"
    secrets = {
        each.body.partition(b"client_secret=")[2] for each in requests_to(stand_in, "/token")
    }
    assert len(secrets) == 4


def test_apple_s_form_cannot_say_whose_address_it_is(start_with: StartWith):
    gatehouse, stand_in = start_with("apple")
    stand_in.user = '{"name":{"firstName":"Root"},"email":"root@example.com"}'
    eve = gatehouse.visitor()
    sign_in_at(eve, stand_in)
    user = eve.session()["user"]
    assert (user["name"], user["email"]) == ("Root", documented.APPLE["email"])


@pytest.mark.parametrize("text", ["", "null", "[[[[", '{"name": 7}', "x" * 9000])
def test_apple_s_form_may_say_anything(text, start_with: StartWith):
    gatehouse, stand_in = start_with("apple")
    stand_in.user = text
    visitor = gatehouse.visitor()
    assert target_of(sign_in_at(visitor, stand_in)) == "/in"
    assert visitor.session()["user"]["name"] == ""


@pytest.mark.parametrize("preset", ["microsoft", "gitlab", "discord", "apple"])
def test_tokens_are_refreshed_as_often_as_needed(preset, start_with: StartWith, clock):
    gatehouse, stand_in = start_with(preset)
    ada = gatehouse.visitor()
    sign_in_at(ada, stand_in)
    (account,) = ada.get("list-accounts").json()
    for _ in range(3):
        clock.advance(hours=2)
        response = ada.post("get-access-token", {"accountId": account["id"]})
        assert response.status_code == 200, response.text
        assert response.json()["accessToken"] == "access"
    assert stand_in.refused == []
    assert len(requests_to(stand_in, "/token")) == 4


def test_tokens_of_github_do_not_end(start_with: StartWith, clock):
    gatehouse, stand_in = start_with("github")
    ada = gatehouse.visitor()
    sign_in_at(ada, stand_in)
    (account,) = ada.get("list-accounts").json()
    clock.advance(days=6)
    response = ada.post("get-access-token", {"accountId": account["id"]})
    assert response.json()["accessToken"] == "access"
    assert len(requests_to(stand_in, "/token")) == 1


@pytest.mark.parametrize("preset", EXPECTED)
def test_account_info_is_the_same_person(preset, start_with: StartWith):
    gatehouse, stand_in = start_with(preset)
    ada = gatehouse.visitor()
    sign_in_at(ada, stand_in)
    (account,) = ada.get("list-accounts").json()
    response = ada.get(f"account-info?accountId={account['id']}")
    assert response.status_code == 200, response.text
    info = response.json()
    assert info["account"]["accountId"] == ACCOUNT_IDS[preset]
    expected = {**EXPECTED[preset], **({"name": ""} if preset == "apple" else {})}
    told = {name: value for name, value in expected.items() if value is not None}
    assert {name: info["user"].get(name) for name in told} == told


def test_what_github_says_is_passed_on_whatever_it_is(start_with: StartWith):
    gatehouse, stand_in = start_with("github")
    ada = gatehouse.visitor()
    sign_in_at(ada, stand_in)
    (account,) = ada.get("list-accounts").json()
    for odd in ("\ud83d", float("nan"), 10**400, "a\x00b", [[[[[]]]]], {"\ud83d": None}):
        stand_in.person["bio"] = odd
        response = ada.get(f"account-info?accountId={account['id']}")
        assert response.status_code == 200, ascii(odd)
        assert response.json()["data"]["login"] == "ada"


def test_scopes_of_one_s_own_keep_the_id_token(start_with: StartWith):
    settings = {"OIDC_GITLAB_SCOPES": "email,read_api"}
    gatehouse, stand_in = start_with("gitlab", settings)
    sent = query_of(begin(gatehouse.visitor(), "gitlab", scopes=["profile"]))
    assert sent["scope"] == "openid email read_api profile"
    assert target_of(sign_in_at(gatehouse.visitor(), stand_in)) == "/in"


NAMES = {"github": "name", "discord": "global_name"}
PICTURES = {"github": "avatar_url", "discord": "avatar"}
SUBJECTS = {"github": "id", "discord": "id", "microsoft": "oid"}


@pytest.mark.parametrize("preset", EXPECTED)
def test_odd_people_are_taken_as_far_as_they_can_be(preset, start_with: StartWith):
    gatehouse, stand_in = start_with(preset)
    stand_in.person |= {
        NAMES.get(preset, "name"): "\x00Ada\r\nLovelace\u2028 " + "x" * 10_240,
        PICTURES.get(preset, "picture"): "javascript:alert(1)",
    }
    stand_in.user = ""
    visitor = gatehouse.visitor()
    assert target_of(sign_in_at(visitor, stand_in)) == "/in"
    user = visitor.session()["user"]
    assert user["name"].startswith("Ada Lovelace x")
    assert len(user["name"]) <= 500
    assert user["image"] is None or user["image"].startswith("https://")


@pytest.mark.parametrize("preset", EXPECTED)
def test_nobody_signs_in_as_nobody(preset, start_with: StartWith):
    gatehouse, stand_in = start_with(preset)
    subject = SUBJECTS.get(preset, "sub")
    known = stand_in.person[subject]
    for value in (None, "", [known], {"id": known}, True, "x" * 300):
        stand_in.person[subject] = value
        visitor = gatehouse.visitor()
        response = sign_in_at(visitor, stand_in)
        assert target_of(response) == "/oops?error=unable_to_get_user_info", value
        assert visitor.session() is None
    stand_in.person |= {subject: known, "email": None}
    stand_in.addresses = []
    response = sign_in_at(gatehouse.visitor(), stand_in)
    assert target_of(response) == "/oops?error=email_not_found"


@pytest.mark.parametrize("preset", ["github", "discord"])
def test_an_answer_that_is_no_object_is_nobody(preset, start_with: StartWith):
    gatehouse, stand_in = start_with(preset)
    for said in ([], "Ada", 7, None, [stand_in.person]):
        stand_in.person = said
        response = sign_in_at(gatehouse.visitor(), stand_in)
        assert target_of(response) == "/oops?error=unable_to_get_user_info", said


@pytest.mark.parametrize("preset", EXPECTED)
def test_a_token_answer_that_is_none_is_an_invalid_code(preset, start_with: StartWith):
    gatehouse, stand_in = start_with(preset)
    for said in ({}, [], {"access_token": 7}, {"access_token": None}, {"error": ["x"]}):
        stand_in.token_answer = said
        response = sign_in_at(gatehouse.visitor(), stand_in)
        assert target_of(response) == "/oops?error=invalid_code", said
    url, _ = answer(begin(gatehouse.visitor(), preset))
    assert url.startswith(gatehouse.settings.base_url)
