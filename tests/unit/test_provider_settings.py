"""Settings of providers: what is meant by them, and the one-line error for each invalid one."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from backend.kernel.configuration.provider_presets import PRESETS
from backend.kernel.settings import load_settings
from tests.unit.test_settings import empty_environment, refusal

__all__ = ["empty_environment"]

CLIENT = {"CLIENT_ID": "client", "CLIENT_SECRET": "secret"}
HTTPS = "https://login.example.com"
KEY = ec.generate_private_key(ec.SECP256R1())
PEM, FORMAT = Encoding.PEM, PrivateFormat.PKCS8
P8 = KEY.private_bytes(PEM, FORMAT, NoEncryption()).decode()
APPLE = {"CLIENT_ID": "app", "TEAM_ID": "TEAM", "KEY_ID": "KEY", "PRIVATE_KEY": P8}


def variables(provider_id: str, **values: str) -> dict[str, str]:
    """OIDC_PROVIDERS with one provider, and its settings."""
    return {"OIDC_PROVIDERS": provider_id, **prefixed(provider_id, values)}


def prefixed(provider_id: str, values: dict[str, str]) -> dict[str, str]:
    return {f"OIDC_{provider_id.upper()}_{name}": value for name, value in values.items()}


def provider(monkeypatch, provider_id: str, **values: str):
    for name, value in variables(provider_id, **values).items():
        monkeypatch.setenv(name, value)
    (found,) = load_settings().providers
    return found


REFUSED = {
    "a preset without anything": (
        variables("google"),
        "OIDC_GOOGLE_CLIENT_ID and OIDC_GOOGLE_CLIENT_SECRET are missing: Google shows them",
    ),
    "a preset without its secret": (
        variables("github", CLIENT_ID="client"),
        "OIDC_GITHUB_CLIENT_SECRET is missing: GitHub shows them",
    ),
    "a name with a letter less": (
        variables("google", CLIENTID="client", CLIENT_SECRET="secret"),
        "OIDC_GOOGLE_CLIENTID is no setting; do you mean OIDC_GOOGLE_CLIENT_ID?",
    ),
    "a name of somebody else's": (
        variables("google", **CLIENT, CLIENT_SECRT="secret"),
        "OIDC_GOOGLE_CLIENT_SECRT is no setting; do you mean OIDC_GOOGLE_CLIENT_SECRET?",
    ),
    "an endpoint whose query is cut off": (
        variables("github", **CLIENT, AUTHORIZATION_URL=f"{HTTPS}/authorize?a=b#c"),
        "OIDC_GITHUB_AUTHORIZATION_URL must not contain a user, a password, a ? or a #",
    ),
    "a name of another kind": (
        variables("google", **CLIENT, COLOUR="red"),
        "OIDC_GOOGLE_COLOUR is no setting; after OIDC_GOOGLE_ come CLIENT_ID, CLIENT_SECRET,",
    ),
    "a setting of another preset": (
        variables("google", **CLIENT, TENANT="common"),
        "OIDC_GOOGLE_TENANT is no setting; after OIDC_GOOGLE_ come",
    ),
    "no preset, and nowhere to go": (
        variables("mycompany", **CLIENT),
        "OIDC_MYCOMPANY_ISSUER is missing; where the provider has no discovery document, set "
        "OIDC_MYCOMPANY_AUTHORIZATION_URL, OIDC_MYCOMPANY_TOKEN_URL and OIDC_MYCOMPANY_USERINFO_U",
    ),
    "a preset with a typo": (
        variables("gogle", **CLIENT),
        "OIDC_GOGLE_ISSUER is missing (do you mean the id google?); where the provider",
    ),
    "endpoints that tell of nobody": (
        variables("own", **CLIENT, AUTHORIZATION_URL=HTTPS, TOKEN_URL=HTTPS),
        "OIDC_OWN_USERINFO_URL is missing: it tells who signs in",
    ),
    "keys of nobody": (
        variables(
            "own", **CLIENT, AUTHORIZATION_URL=HTTPS, TOKEN_URL=HTTPS, JWKS_URL=f"{HTTPS}/keys"
        ),
        "OIDC_OWN_JWKS_URL needs OIDC_OWN_ISSUER",
    ),
    "an id twice": ({"OIDC_PROVIDERS": "google,Google"}, "OIDC_PROVIDERS: names google twice"),
    "two ids of the same settings": (
        {"OIDC_PROVIDERS": "my-company,my_company"},
        "OIDC_PROVIDERS: has two ids whose settings begin with OIDC_MY_COMPANY_; rename one",
    ),
    "an id that is no part of a path": (
        {"OIDC_PROVIDERS": "my/company"},
        "OIDC_PROVIDERS: 'my/company' is not an id such as google or mycompany",
    ),
    "an id of other letters": ({"OIDC_PROVIDERS": "göögle"}, "OIDC_PROVIDERS: 'göögle' is not an"),
    "the id of passwords": ({"OIDC_PROVIDERS": "credential"}, "OIDC_PROVIDERS: credential is how"),
    "an issuer without TLS": (
        variables("own", **CLIENT, ISSUER="http://login.example.com"),
        "OIDC_OWN_ISSUER must begin with https://",
    ),
    "an endpoint without TLS": (
        variables("github", **CLIENT, TOKEN_URL="http://github.example.com/token"),
        "OIDC_GITHUB_TOKEN_URL must begin with https://",
    ),
    "an issuer that is none": (
        variables("own", **CLIENT, ISSUER="login.example.com"),
        "OIDC_OWN_ISSUER must be a URL such as https://",
    ),
    "two lines": (
        variables("google", CLIENT_ID="client\nid", CLIENT_SECRET="secret"),
        "OIDC_GOOGLE_CLIENT_ID has a line break or another control character inside; copy it again",
    ),
    "a tenant that is none": (
        variables("microsoft", **CLIENT, TENANT="my company"),
        "OIDC_MICROSOFT_TENANT must be common, organizations, consumers, or your directory's id",
    ),
    "an Apple without its key": (
        variables("apple", CLIENT_ID="app", TEAM_ID="TEAM"),
        "OIDC_APPLE_KEY_ID and OIDC_APPLE_PRIVATE_KEY are missing: Apple shows them",
    ),
    "an Apple with a secret that ends": (
        variables("apple", **APPLE, CLIENT_SECRET="eyJ"),
        "OIDC_APPLE_CLIENT_SECRET must be unset: Apple's ends after six months at most",
    ),
    "the name of Apple's key": (
        variables("apple", **{**APPLE, "PRIVATE_KEY": "AuthKey_KEY.p8"}),
        "OIDC_APPLE_PRIVATE_KEY is not a private key; paste the whole .p8 file",
    ),
    "half of Apple's key": (
        variables("apple", **{**APPLE, "PRIVATE_KEY": P8[:100]}),
        "OIDC_APPLE_PRIVATE_KEY is not a private key; paste the whole .p8 file",
    ),
    "a torn key": (
        variables("apple", **{**APPLE, "PRIVATE_KEY": P8.replace(P8[90:104], "")}),
        "OIDC_APPLE_PRIVATE_KEY cannot be read; paste the whole .p8 file again",
    ),
    "a key with a password": (
        variables(
            "apple",
            **{
                **APPLE,
                "PRIVATE_KEY": KEY.private_bytes(
                    PEM, FORMAT, BestAvailableEncryption(b"word")
                ).decode(),
            },
        ),
        "OIDC_APPLE_PRIVATE_KEY cannot be read; paste the whole .p8 file again",
    ),
    "a key of another curve": (
        variables(
            "apple",
            **{
                **APPLE,
                "PRIVATE_KEY": ec.generate_private_key(ec.SECP384R1())
                .private_bytes(PEM, FORMAT, NoEncryption())
                .decode(),
            },
        ),
        "OIDC_APPLE_PRIVATE_KEY is a key of another kind; Apple's are for ES256 (the curve P-256)",
    ),
    "an RSA key": (
        variables(
            "apple",
            **{
                **APPLE,
                "PRIVATE_KEY": rsa.generate_private_key(65537, 2048)
                .private_bytes(PEM, FORMAT, NoEncryption())
                .decode(),
            },
        ),
        "OIDC_APPLE_PRIVATE_KEY is a key of another kind",
    ),
}


@pytest.mark.parametrize(("environment", "beginning"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_in_one_plain_line(monkeypatch, environment, beginning):
    error = refusal(monkeypatch, **environment)
    assert error.startswith(beginning)
    assert "\n" not in error
    assert "secret" not in error.replace("client secret", "").split()


def test_each_preset_needs_nothing_but_its_client(monkeypatch):
    for preset_id, preset in PRESETS.items():
        values = APPLE if preset_id == "apple" else CLIENT
        found = provider(monkeypatch, preset_id, **values)
        assert (found.id, found.name, found.scopes) == (preset_id, preset.name, preset.scopes)
        assert found.redirect_uri == f"http://localhost:7860/api/auth/callback/{preset_id}"
        assert found.issuer or found.userinfo_url
        for url in (found.issuer, found.authorization_url, found.token_url, found.userinfo_url):
            assert url == "" or url.startswith("https://")
            assert "{" not in url


def test_microsoft_s_issuer_is_the_tenant_s(monkeypatch):
    base = "https://login.microsoftonline.com"
    assert provider(monkeypatch, "microsoft", **CLIENT).issuer == f"{base}/common/v2.0"
    for tenant in ("organizations", "Contoso.onmicrosoft.com"):
        found = provider(monkeypatch, "microsoft", **CLIENT, TENANT=tenant)
        assert found.issuer == f"{base}/{tenant.lower()}/v2.0"
    issuer = "https://login.microsoftonline.us/common/v2.0"
    assert provider(monkeypatch, "microsoft", **CLIENT, ISSUER=issuer).issuer == issuer


def test_a_provider_of_one_s_own_is_found_by_its_discovery_document(monkeypatch):
    for pasted in (f"{HTTPS}/realms/a", f" {HTTPS}/realms/a/.well-known/openid-configuration\n"):
        found = provider(monkeypatch, "mycompany", **CLIENT, ISSUER=pasted, NAME="My company")
        assert (found.issuer, found.name) == (f"{HTTPS}/realms/a", "My company")
    loopback = provider(monkeypatch, "mycompany", **CLIENT, ISSUER="http://localhost:8080")
    assert loopback.issuer == "http://localhost:8080"


def test_two_endpoints_may_have_a_query_of_their_own(monkeypatch):
    policy = f"{HTTPS}/authorize?p=b2c%20policy"
    urls = {"AUTHORIZATION_URL": policy, "TOKEN_URL": f"{HTTPS}/token?p=x", "USERINFO_URL": HTTPS}
    found = provider(monkeypatch, "own", **CLIENT, **urls)
    assert (found.authorization_url, found.token_url) == (policy, f"{HTTPS}/token?p=x")


def test_ids_may_begin_like_another_with_the_settings_of_each(monkeypatch):
    values = {
        **{"OIDC_PROVIDERS": "google,google_work,google_client", "OIDC_OFF_ANYTHING": "1"},
        **prefixed("google", CLIENT),
        **prefixed("google_work", {"CLIENT_ID": "work", "ISSUER": HTTPS}),
        **prefixed("google_client", {"CLIENT_ID": "third", "ISSUER": HTTPS}),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    found = load_settings().providers
    assert [(each.id, each.client_id) for each in found] == [
        ("google", "client"),
        ("google_work", "work"),
        ("google_client", "third"),
    ]


def test_apple_s_key_may_be_pasted_in_every_way(monkeypatch, tmp_path):
    body = "".join(P8.splitlines()[1:-1])
    sec1 = KEY.private_bytes(PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    for pasted in (
        P8,
        P8.replace("\n", "\r\n"),
        P8.replace("\n", "\\n"),
        P8.replace("\n", " "),
        f'"{P8}"',
        body,
        b64encode(KEY.private_bytes(Encoding.DER, FORMAT, NoEncryption())).decode(),
    ):
        found = provider(monkeypatch, "apple", **{**APPLE, "PRIVATE_KEY": pasted})
        assert found.private_key is not None
        assert found.private_key.reveal() == P8
    (tmp_path / ".env").write_text(f'OIDC_APPLE_PRIVATE_KEY="{P8}"\n')
    monkeypatch.delenv("OIDC_APPLE_PRIVATE_KEY")
    (found,) = load_settings().providers
    assert found.private_key is not None
    assert found.private_key.reveal() == P8
    found = provider(monkeypatch, "apple", **{**APPLE, "PRIVATE_KEY": sec1})
    assert found.private_key is not None
    assert "BEGIN EC PRIVATE KEY" in found.private_key.reveal()


def test_secrets_of_providers_are_in_no_log_and_no_representation(monkeypatch):
    monkeypatch.setenv("OIDC_PROVIDERS", "google,apple")
    values = {**prefixed("google", {**CLIENT, "CLIENT_SECRET": "GOCSPX-word"})}
    for name, value in {**values, **prefixed("apple", APPLE)}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    shown = repr(settings) + repr(settings.providers)
    line = P8.splitlines()[1]
    assert "GOCSPX-word" not in shown
    assert line not in shown
    redacted = settings.redactor().redact_secrets("GOCSPX-word " + P8)
    assert "GOCSPX-word" not in redacted
    assert line not in redacted
