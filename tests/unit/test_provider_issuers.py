"""Whose ID tokens count: each tenant of Microsoft is an issuer, and Google has two names."""

import pytest

from backend.features.providers.issuers import is_own_document, is_own_token
from backend.kernel.configuration.providers import ProviderConfig, build_provider
from backend.kernel.secrets.secret import Secret

BASE = "https://login.microsoftonline.com"
TEMPLATE = BASE + "/{tenantid}/v2.0"
TENANT = "11111111-aaaa-bbbb-cccc-222222222222"
OTHER = "99999999-aaaa-bbbb-cccc-222222222222"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"


def provider(provider_id: str, **values: str) -> ProviderConfig:
    values = {"CLIENT_ID": "client", "CLIENT_SECRET": "secret", **values}
    hidden = {name: Secret(value) for name, value in values.items()}
    return build_provider(provider_id, hidden, "https://a.example")


def token(tenant: object, issuer: object = ...) -> dict[str, object]:
    named = f"{BASE}/{tenant}/v2.0" if issuer is ... else issuer
    return {"iss": named, "tid": tenant}


@pytest.mark.parametrize(
    ("meant", "tenant", "counts"),
    [
        ("common", TENANT, True),
        ("common", PERSONAL, True),
        ("organizations", TENANT, True),
        ("organizations", PERSONAL, False),
        ("consumers", PERSONAL, True),
        ("consumers", TENANT, False),
    ],
)
def test_of_several_tenants_a_token_names_its_own(meant, tenant, counts):
    microsoft = provider("microsoft", TENANT=meant)
    assert is_own_token(microsoft, TEMPLATE, token(tenant)) is counts


def test_of_one_tenant_only_its_own_tokens_count():
    for meant in (TENANT, "contoso.onmicrosoft.com"):
        microsoft = provider("microsoft", TENANT=meant)
        issuer = f"{BASE}/{TENANT}/v2.0"
        assert is_own_document(microsoft, issuer)
        assert is_own_token(microsoft, issuer, token(TENANT))
        assert not is_own_token(microsoft, issuer, token(OTHER))


def test_a_token_cannot_name_another_tenant_or_host_than_its_own():
    microsoft = provider("microsoft")
    for tenant, issuer in (
        (TENANT, f"{BASE}/{OTHER}/v2.0"),
        (TENANT, f"https://evil.example/{TENANT}/v2.0"),
        (TENANT, TEMPLATE),
        (TENANT, f"https://sts.windows.net/{TENANT}/"),
        (TENANT, None),
        (TENANT.upper(), f"{BASE}/{TENANT.upper()}/v2.0"),
        ("{tenantid}", TEMPLATE),
        ("../evil", f"{BASE}/../evil/v2.0"),
        ("", f"{BASE}//v2.0"),
        (None, f"{BASE}/None/v2.0"),
        ([TENANT], f"{BASE}/{TENANT}/v2.0"),
    ):
        assert not is_own_token(microsoft, TEMPLATE, token(tenant, issuer)), (tenant, issuer)


def test_the_discovery_document_is_of_the_host_that_was_asked():
    microsoft = provider("microsoft")
    assert is_own_document(microsoft, TEMPLATE)
    for issuer in (
        "https://evil.example/{tenantid}/v2.0",
        f"{BASE}.evil.example/{TENANT}/v2.0",
        f"{BASE}/{TENANT}/v2.0/",
        f"{BASE}/a/b/v2.0",
        BASE,
        None,
        [TEMPLATE],
    ):
        assert not is_own_document(microsoft, issuer), issuer


def test_a_slash_at_the_end_of_an_issuer_is_lost_when_it_is_pasted():
    document = "https://tenant.example/.well-known/openid-configuration"
    for pasted in (document, "https://tenant.example", "https://tenant.example/"):
        own = provider("mycompany", ISSUER=pasted)
        for issuer in ("https://tenant.example", "https://tenant.example/"):
            assert is_own_document(own, issuer)
        assert not is_own_document(own, "https://tenant.example/a")
    slashed = {"iss": "https://tenant.example/"}
    assert is_own_token(own, "https://tenant.example/", slashed)
    assert not is_own_token(own, "https://tenant.example", slashed)


def test_google_has_an_old_name_too_and_others_have_one():
    google, gitlab = provider("google"), provider("gitlab")
    for issuer in ("https://accounts.google.com", "accounts.google.com"):
        assert is_own_token(google, google.issuer, {"iss": issuer})
        assert not is_own_token(gitlab, gitlab.issuer, {"iss": issuer})
    for issuer in ("http://accounts.google.com", "accounts.google.com.evil.example", None, ""):
        assert not is_own_token(google, google.issuer, {"iss": issuer})
    assert is_own_token(gitlab, gitlab.issuer, {"iss": "https://gitlab.com"})
    assert is_own_document(gitlab, "https://gitlab.com")
    assert not is_own_document(google, "accounts.google.com")
