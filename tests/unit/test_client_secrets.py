"""The client secrets of providers, of which Apple's is made and ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from joserfc import jwt

from backend.features.providers.client_secrets import ClientSecrets
from backend.kernel.configuration.providers import ProviderConfig, build_provider
from backend.kernel.secrets.secret import Secret
from tests.clocks import NOON
from tests.rig.preset_providers import (
    APPLE_KEY_ID,
    APPLE_TEAM,
    CLIENT_ID,
    apple_key,
    is_apple_secret,
)

LONGEST = 15_777_000
"""Seconds that Apple allows."""


@pytest.fixture
def apple() -> ProviderConfig:
    return provider("apple", TEAM_ID=APPLE_TEAM, KEY_ID=APPLE_KEY_ID, PRIVATE_KEY=pem())


def pem() -> str:
    return apple_key().as_pem(private=True).decode()


def provider(provider_id: str, **values: str) -> ProviderConfig:
    hidden = {name: Secret(value) for name, value in values.items()}
    return build_provider(
        provider_id, {"CLIENT_ID": Secret(CLIENT_ID), **hidden}, "https://a.example"
    )


def read(secret: Secret | None):
    assert secret is not None
    return jwt.decode(secret.reveal(), apple_key(), algorithms=["ES256"])


def test_apple_s_is_signed_as_apple_asks(apple):
    made = read(ClientSecrets().get(apple, NOON))
    assert (made.header["alg"], made.header["kid"]) == ("ES256", APPLE_KEY_ID)
    assert {name: made.claims[name] for name in ("iss", "sub", "aud")} == {
        "iss": APPLE_TEAM,
        "sub": CLIENT_ID,
        "aud": "https://appleid.apple.com",
    }
    assert made.claims["iat"] <= NOON.timestamp() < made.claims["exp"]
    assert made.claims["exp"] - made.claims["iat"] <= LONGEST


def test_it_is_kept_and_made_anew_before_it_ends(apple):
    secrets = ClientSecrets()
    first = secrets.get(apple, NOON)
    assert secrets.get(apple, NOON + timedelta(minutes=30)) is first
    for later in (timedelta(minutes=55), timedelta(days=200), timedelta(minutes=60)):
        now = NOON + later
        claims = read(secrets.get(apple, now)).claims
        assert now + timedelta(minutes=5) < now.fromtimestamp(claims["exp"], now.tzinfo)
        assert claims["iat"] <= now.timestamp()


def test_many_at_once_make_one(apple):
    secrets = ClientSecrets()
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: secrets.get(apple, NOON), range(64)))
    assert len(made) == 1


def test_others_are_fixed_or_none():
    secrets = ClientSecrets()
    fixed = secrets.get(provider("gitlab", CLIENT_SECRET="word"), NOON)
    assert fixed is not None
    assert fixed.reveal() == "word"
    assert secrets.get(provider("gitlab"), NOON) is None


def test_it_is_one_that_the_stand_in_takes(apple):
    secret, now = ClientSecrets().get(apple, NOON), NOON.timestamp()
    assert secret is not None
    assert is_apple_secret(secret.reveal(), now)
    assert not is_apple_secret(secret.reveal(), now + 7200)
    for forged in ("", "a.b.c", secret.reveal()[:-4] + "AAAA"):
        assert not is_apple_secret(forged, now)
