"""Providers that are no presets: by their discovery document, or by the addresses of endpoints."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.in_process import Gatehouse
from tests.provider_sign_in import sign_in_at, target_of
from tests.rig import provider_answers as documented
from tests.rig.preset_providers import CLIENT_ID, CLIENT_SECRET, PresetProvider

MEMBER = {"id": 7, "name": "Ada", "email": "ada@example.com", "email_verified": "true"}
DOCUMENT = "/.well-known/openid-configuration"
Start = Callable[..., tuple[Gatehouse, PresetProvider]]


@pytest.fixture
def start_own(start: Callable[..., Gatehouse], clock: Any) -> Iterator[Start]:
    """Start an app with a provider that behaves like a preset, and is found by these settings.

    In them `{}` is where it is.
    """
    with ExitStack() as running:

        def start_both(
            like: str, person: dict[str, Any], values: dict[str, str], **options: Any
        ) -> tuple[Gatehouse, PresetProvider]:
            options |= {"known_as": "mycompany", "clock": lambda: clock.now().timestamp()}
            own = running.enter_context(PresetProvider(like, person, **options))
            client = {"CLIENT_ID": CLIENT_ID}
            if not own.is_public:
                client["CLIENT_SECRET"] = CLIENT_SECRET
            oidc = {
                f"OIDC_MYCOMPANY_{name}": value.replace("{}", own.origin)
                for name, value in {**client, **values}.items()
            }
            return start(oidc_providers="mycompany", oidc=oidc), own

        yield start_both


ENDPOINTS = {"AUTHORIZATION_URL": "{}/authorize", "TOKEN_URL": "{}/token"}
WITH_USERINFO = {**ENDPOINTS, "USERINFO_URL": "{}/user"}


def sign_in(gatehouse: Gatehouse, own: PresetProvider) -> dict[str, Any]:
    """Sign in; returns the user with the account's id."""
    visitor = gatehouse.visitor()
    assert target_of(sign_in_at(visitor, own)) == "/in"
    (account,) = visitor.get("list-accounts").json()
    assert account["providerId"] == "mycompany"
    user: dict[str, Any] = visitor.session()["user"]
    return {**user, "accountId": account["accountId"]}


def test_plain_oauth_needs_three_endpoints(start_own: Start):
    gatehouse, own = start_own("discord", dict(MEMBER), WITH_USERINFO, response_issuer="")
    user = sign_in(gatehouse, own)
    assert (user["accountId"], user["email"]) == ("7", "ada@example.com")
    assert (user["emailVerified"], user["name"]) == (True, "Ada")


def test_a_public_client_is_protected_by_pkce(start_own: Start):
    settings = {"ISSUER": "{}"}
    gatehouse, own = start_own("gitlab", dict(documented.GITLAB), settings, is_public=True)
    assert sign_in(gatehouse, own)["accountId"] == documented.GITLAB["sub"]


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_the_document_says_how_the_secret_is_sent(method, start_own: Start):
    settings = {"ISSUER": f"{{}}{DOCUMENT}"}
    person = dict(documented.GITLAB)
    gatehouse, own = start_own("gitlab", person, settings, auth_method=method)
    assert sign_in(gatehouse, own)["name"] == "Ada Lovelace"
    assert own.refused == []


@pytest.mark.parametrize(
    ("in_token", "told"),
    [
        ({"email": "root@example.com", "email_verified": None}, ("root@example.com", False)),
        ({"email": None, "email_verified": True}, ("ada@example.com", False)),
        ({"email": "ada@example.com", "email_verified": None}, ("ada@example.com", True)),
    ],
)
def test_what_is_said_of_one_address_says_nothing_of_another(in_token, told, start_own: Start):
    """The user info knows ada@example.com, and the ID token another address, or the flag alone."""
    verified = in_token["email"] is not None
    person = {**documented.GITLAB, "email_verified": verified}
    gatehouse, own = start_own("gitlab", person, {"ISSUER": "{}"}, forged=in_token)
    user = sign_in(gatehouse, own)
    assert (user["email"], user["emailVerified"]) == told


def test_id_tokens_are_checked_without_a_document_if_everything_is_named(start_own: Start):
    settings = {**ENDPOINTS, "ISSUER": "{}", "JWKS_URL": "{}/keys"}
    gatehouse, own = start_own("google", dict(documented.HUGGING_FACE), settings)
    assert sign_in(gatehouse, own)["accountId"] == documented.HUGGING_FACE["sub"]
    paths = [each.path.partition("?")[0] for each in own.requests]
    assert paths == ["/authorize", "/token", "/keys"]

    own.forged = {"iss": "accounts.google.com"}  # Google's own names are nobody else's
    response = sign_in_at(gatehouse.visitor(), own)
    assert target_of(response) == "/oops?error=unable_to_get_user_info"
