"""A provider that says of people whatever a test lets it, by user info alone, and its accounts."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.in_process import Gatehouse, Visitor
from tests.rig.stand_in import Handler, Received, StandIn

LAX, OTHER = "lax", "other"
"""Two of them, by their ids in OIDC_PROVIDERS."""
ADA = "ada@example.com"
PAGES = {"callbackURL": "/in", "errorCallbackURL": "/oops"}


def person(sub: str = "ada", email: str | None = ADA, *, verified: bool = True) -> dict[str, Any]:
    """What a provider knows about somebody."""
    return {"sub": sub, "email": email, "email_verified": verified, "name": "Ada Lovelace"}


class LaxProvider:
    """Gives a code to whoever a test says has signed in."""

    def __init__(self, provider_id: str) -> None:
        self.id = provider_id
        self.stand_in = StandIn(self._answer)
        self.lifetime: int | None = None
        """Of access tokens, in seconds."""
        self._numbers = itertools.count(1)
        self._people: dict[str, dict[str, Any]] = {}

    @property
    def settings(self) -> dict[str, str]:
        prefix, url = f"OIDC_{self.id.upper()}_", self.stand_in.url
        return {
            f"{prefix}CLIENT_ID": "client",
            f"{prefix}CLIENT_SECRET": "a client's secret",
            f"{prefix}AUTHORIZATION_URL": f"{url}authorize",
            f"{prefix}TOKEN_URL": f"{url}token",
            f"{prefix}USERINFO_URL": f"{url}user",
        }

    def answer(self, url: str, who: dict[str, Any]) -> str:
        """Sign in there; returns the path of the callback that the browser is sent to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        return urlsplit(self._redirect(asked, who))._replace(scheme="", netloc="").geturl()

    def _redirect(self, asked: dict[str, str], who: dict[str, Any]) -> str:
        query = urlencode({"code": self._give_out(who), "state": asked["state"]})
        return f"{asked['redirect_uri']}?{query}"

    def _give_out(self, who: dict[str, Any]) -> str:
        secret = f"{self.id}-secret-{next(self._numbers)}"
        self._people[secret] = who
        return secret

    def _answer(self, handler: Handler, received: Received) -> None:
        if received.path == "/user":
            token = received.headers["authorization"].removeprefix("Bearer ")
            return _say(handler, self._people[token])
        if received.path.startswith("/authorize"):  # by somebody who names themselves
            asked = dict(parse_qsl(urlsplit(received.path).query))
            location = self._redirect(asked, json.loads(asked["x_person"]))
            return handler.say(b"", 302, location=location)
        sent = dict(parse_qsl(received.body.decode()))
        who = self._people[sent.get("code") or sent["refresh_token"]]
        tokens = {
            "token_type": "Bearer",
            "access_token": self._give_out(who),
            "refresh_token": self._give_out(who),
            "scope": "openid email",
        }
        if self.lifetime is not None:
            tokens["expires_in"] = str(self.lifetime)
        return _say(handler, tokens)


def _say(handler: Handler, value: Any) -> None:
    handler.say(json.dumps(value).encode(), kind="application/json")


def begin(visitor: Visitor, provider: LaxProvider, path: str = "sign-in/social") -> str:
    """Choose a provider; returns its URL."""
    response = visitor.post(path, {"provider": provider.id, **PAGES})
    assert response.status_code == 200, response.text
    url: str = response.json()["url"]
    return url


def come_back(visitor: Visitor, path: str) -> str:
    """Open a callback; returns where it leads."""
    response = visitor.get(path)
    assert response.status_code == 302, response.text
    return response.headers["location"]


def sign_in(visitor: Visitor, provider: LaxProvider, who: dict[str, Any]) -> str:
    """Sign in at a provider; returns where the browser ends."""
    return come_back(visitor, provider.answer(begin(visitor, provider), who))


def link(visitor: Visitor, provider: LaxProvider, who: dict[str, Any]) -> str:
    """Link an account; returns where the browser ends."""
    return come_back(visitor, provider.answer(begin(visitor, provider, "link-social"), who))


def providers_of(visitor: Visitor) -> list[str]:
    """The ways in of a signed-in visitor."""
    response: httpx.Response = visitor.get("list-accounts")
    assert response.status_code == 200, response.text
    return [each["providerId"] for each in response.json()]


@pytest.fixture
def lax() -> Iterator[LaxProvider]:
    """A provider that says whatever a test lets it."""
    provider = LaxProvider(LAX)
    with provider.stand_in:
        yield provider


@pytest.fixture
def other() -> Iterator[LaxProvider]:
    """Another one."""
    provider = LaxProvider(OTHER)
    with provider.stand_in:
        yield provider


@pytest.fixture
def start_lax(
    start_on: Callable[..., Gatehouse], mailbox: Any, lax: LaxProvider, other: LaxProvider
) -> Callable[..., Gatehouse]:
    """Start with these two, with mails, on each kind of database."""
    settings = {**lax.settings, **other.settings}

    def start(**overrides: Any) -> Gatehouse:
        chosen = {"oidc_providers": (LAX, OTHER), "oidc": settings, **overrides}
        return start_on(mailbox_file=mailbox.file, **chosen)

    return start
