"""Signing in with an account at a provider, as a browser does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import insert

from backend.kernel.randomness import SystemRandomness, uuid7
from backend.storage.queries.accounts import Account
from backend.storage.tables import accounts
from tests.in_process import Gatehouse, Visitor
from tests.rig.preset_providers import PresetProvider, preset_provider

PROVIDER = "huggingface"
ADAS_ACCOUNT: dict[str, Any] = {
    "sub": "5f1d",
    "email": "ada@example.com",
    "email_verified": True,
    "name": "Ada at the provider",
    "picture": "https://pictures.example/ada.png",
}


def app_settings(provider: PresetProvider) -> dict[str, Any]:
    """The settings of an app that this provider knows, as `start` takes them."""
    variables = dict(provider.settings)
    return {"oidc_providers": variables.pop("OIDC_PROVIDERS"), "oidc": variables}


@contextmanager
def open_provider(person: dict[str, Any] = ADAS_ACCOUNT) -> Iterator[PresetProvider]:
    """A provider at which this person is signed in."""
    provider = preset_provider(PROVIDER)
    provider.person = dict(person)
    with provider:
        yield provider


def keep_time(gatehouse: Gatehouse, provider: PresetProvider) -> None:
    """Let the provider's clock be the app's."""
    provider.clock = lambda: gatehouse.clock.now().timestamp()


def give_account(gatehouse: Gatehouse, email: str) -> None:
    """Let a user have the account at the provider."""
    [config] = gatehouse.settings.providers
    now = gatehouse.clock.now()
    account = Account(
        uuid7(SystemRandomness(), now),
        gatehouse.user_id(email),
        config.id,
        config.issuer,
        ADAS_ACCOUNT["sub"],
        "openid profile email",
        now,
        now,
    )
    gatehouse.execute(insert(accounts).values(**asdict(account)))


def begin(visitor: Visitor, path: str = "sign-in/social", **body: Any) -> str:
    """Ask to be sent to the provider; returns its URL."""
    response = visitor.post(path, {"provider": PROVIDER, "callbackURL": "/in", **body})
    assert response.status_code == 200, response.text
    return str(response.json()["url"])


def come_back(url: str) -> str:
    """Agree at the provider; returns the path and query of the callback."""
    location = httpx.get(url).headers["location"]
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}"


def sign_in_at(visitor: Visitor, **body: Any) -> httpx.Response:
    """Sign in with the account at the provider; returns the callback's response."""
    return visitor.get(come_back(begin(visitor, **body)))
