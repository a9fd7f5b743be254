"""Setting providers up: what an admin is shown, and what a check finds out without a person."""

from collections.abc import Callable

import pytest

from tests import at_provider
from tests.admins import make_admin
from tests.in_process import Gatehouse, Visitor
from tests.openid import COMPANY, PARTNER, provider_settings, redirect_uri
from tests.rig.openid_provider import OpenIdProvider, Realm
from tests.scene import refusal

LIST, CHECK = "/api/admin/providers", "/api/admin/check-provider"
Findings = dict[str, tuple[str, str]]


def check(gatehouse: Gatehouse, provider: str = COMPANY, root: Visitor | None = None) -> Findings:
    """Have a provider checked; returns outcome and message by check."""
    response = (root or make_admin(gatehouse)).post(CHECK, {"provider": provider})
    assert response.status_code == 200, response.text
    findings = response.json()["findings"]
    return {each["check"]: (each["outcome"], each["message"]) for each in findings}


@pytest.fixture
def start_with(start, trusting) -> Callable[..., Gatehouse]:
    """Start with this realm as the company's provider, and with changed settings."""

    def start_with(realm: Realm, **changed: str) -> Gatehouse:
        settings = provider_settings(company=realm)
        settings["oidc"] |= {f"OIDC_COMPANY_{name}": value for name, value in changed.items()}
        return start(**settings)

    return start_with


def test_what_is_configured_and_what_a_preset_needs_yet(start):
    with at_provider.open_provider() as provider:
        gatehouse = start(**at_provider.app_settings(provider))
    listed = make_admin(gatehouse).get(LIST).json()["providers"]
    first, *presets = listed
    assert first == {
        "id": "huggingface",
        "name": "Hugging Face",
        "configured": True,
        "byHub": False,
        "redirectUri": redirect_uri("huggingface"),
        "issuer": provider.issuer,
        "scopes": ["openid", "profile", "email"],
        "settings": ["OIDC_HUGGINGFACE_CLIENT_ID", "OIDC_HUGGINGFACE_CLIENT_SECRET"],
    }
    assert [each["id"] for each in presets] == [
        *("google", "github", "microsoft", "gitlab", "discord", "apple")
    ]
    assert not any(each["configured"] for each in presets)
    apple = presets[-1]
    assert apple["redirectUri"] == redirect_uri("apple")
    assert apple["settings"] == [
        *("OIDC_APPLE_CLIENT_ID", "OIDC_APPLE_TEAM_ID"),
        *("OIDC_APPLE_KEY_ID", "OIDC_APPLE_PRIVATE_KEY"),
    ]


def test_the_hubs_client_is_named_as_such_with_the_spaces_own_address(start):
    gatehouse = start(
        public_url="https://app.example",
        space_host="abc-space.hf.space",
        oauth_client_id="the-hubs",
        oauth_client_secret="secret",
    )
    first = make_admin(gatehouse).get(LIST).json()["providers"][0]
    assert (first["id"], first["byHub"]) == ("huggingface", True)
    assert first["redirectUri"] == "https://abc-space.hf.space/api/auth/callback/huggingface"


def test_nobody_else_sees_or_checks_anything(start_with_providers):
    ada = start_with_providers().member()
    assert ada.get(LIST).status_code == 403
    assert ada.post(CHECK, {"provider": COMPANY}).status_code == 403


def test_a_provider_that_is_set_up_passes(start_with_providers, company):
    findings = check(start_with_providers())
    assert {name: outcome for name, (outcome, _) in findings.items()} == dict.fromkeys(
        ("endpoints", "keys", "client", "redirectUri", "clock"), "passed"
    )
    assert company.issuer in findings["endpoints"][1]
    assert redirect_uri() in findings["redirectUri"][1]


def test_a_secret_that_is_wrong(start_with, company):
    outcome, message = check(start_with(company, CLIENT_SECRET="another"))["client"]
    assert (outcome, message) == (
        "failed",
        "It refuses the client ID or its secret (invalid_client).",
    )


def test_a_client_id_that_is_wrong(start_with, company):
    findings = check(start_with(company, CLIENT_ID="nobody"))
    assert findings["client"][0] == "failed"
    assert findings["redirectUri"][0] == "failed"
    assert "is not registered" in findings["redirectUri"][1]


def test_a_redirect_uri_that_is_not_registered(start_with, openid_provider: OpenIdProvider):
    with openid_provider.realm(redirect_uri(PARTNER)) as realm:
        findings = check(start_with(realm))
    assert findings["redirectUri"] == (
        "failed",
        f"It answers 400: {redirect_uri()} or the client ID is not registered.",
    )


def test_an_issuer_that_is_another(start_with_providers, company, partner):
    company.change("discovery", issuer=partner.issuer)
    findings = check(start_with_providers())
    assert list(findings) == ["endpoints"]
    assert findings["endpoints"][0] == "failed"
    assert "another issuer" in findings["endpoints"][1]


@pytest.mark.parametrize(
    ("endpoint", "fault", "failed"),
    [
        ("discovery", {"status": 500}, "endpoints"),
        ("discovery", {"kind": "cut"}, "endpoints"),
        ("keys", {"status": 404}, "keys"),
        ("keys", {"status": 200, "body": '{"keys":[]}'}, "keys"),
        ("token", {"status": 502, "body": "<html>"}, "client"),
        ("token", {"kind": "cut"}, "client"),
    ],
)
def test_what_is_broken_is_named(start_with_providers, company, endpoint, fault, failed):
    gatehouse = start_with_providers()
    company.fail(endpoint, **fault)
    findings = check(gatehouse)
    assert [name for name, (outcome, _) in findings.items() if outcome == "failed"] == [failed]


def test_what_was_kept_of_the_provider_does_not_count(start_with_providers, company):
    gatehouse = start_with_providers()
    root = make_admin(gatehouse)
    assert check(gatehouse, root=root)["endpoints"][0] == "passed"
    company.fail("discovery", status=500)
    assert check(gatehouse, root=root)["endpoints"][0] == "failed"


@pytest.mark.parametrize(("seconds", "way"), [(90, "ahead of"), (-90, "behind")])
def test_a_clock_that_is_wrong(start_with_providers, clock, seconds, way):
    gatehouse = start_with_providers()
    clock.advance(seconds=seconds)
    outcome, message = check(gatehouse)["clock"]
    assert outcome == "failed"
    assert way in message


def test_a_provider_whose_page_says_nothing_leaves_it_open(start):
    with at_provider.open_provider() as provider:
        settings = at_provider.app_settings(provider)
        page = f"{provider.origin}/keys"
        settings["oidc"] |= {"OIDC_HUGGINGFACE_AUTHORIZATION_URL": page}
        findings = check(start(**settings), "huggingface")
    assert findings["redirectUri"][0] == "unknown"


def test_a_provider_that_is_not_there(start_with_providers):
    response = make_admin(start_with_providers()).post(CHECK, {"provider": "nobody"})
    assert (response.status_code, response.json()) == (404, refusal("PROVIDER_NOT_FOUND"))
