"""Signing in at an OpenID provider in a scene, and the providers for it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backend.kernel.clock import SystemClock
from backend.kernel.configuration.providers import CALLBACK_PATH
from backend.kernel.events import EventKind
from tests.clocks import FixedClock
from tests.in_process import Gatehouse, Visitor
from tests.rig.openid_provider import Answer, OpenIdProvider, Realm

COMPANY, PARTNER = "company", "partner"
"""Two providers, by their ids in OIDC_PROVIDERS."""
ADA = {
    "sub": "ada at the company",
    "email": "ada@example.com",
    "email_verified": True,
    "name": "Ada Lovelace",
    "picture": "https://cdn.example.com/ada.png",
}
"""What a provider knows about Ada."""
CANCELS = {"cancels": True}
PAGES = {
    "callbackURL": "/in",
    "newUserCallbackURL": "/welcome",
    "errorCallbackURL": "/oops?from=sign-in",
}
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "origin": "null",
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
}
"""The headers of a form that a page of a provider posts."""
BASE_URL = "http://localhost:7860"


def redirect_uri(provider: str = COMPANY, base_url: str = BASE_URL) -> str:
    """Where a provider sends browsers back to."""
    return base_url + CALLBACK_PATH + provider


def provider_settings(**realms: Realm) -> dict[str, Any]:
    """The settings of a server that knows these providers; see `environment_of`."""
    environment = environment_of(**realms)
    ids = environment.pop("OIDC_PROVIDERS").split(",")
    return {"oidc_providers": tuple(ids), "oidc": environment}


def environment_of(**realms: Realm) -> dict[str, str]:
    """The variables by which a server knows these providers."""
    variables = {"OIDC_PROVIDERS": ",".join(realms)}
    for name, realm in realms.items():
        prefix = f"OIDC_{name.upper()}_"
        variables[f"{prefix}ISSUER"] = realm.issuer
        variables[f"{prefix}CLIENT_ID"] = realm.client_id
        variables[f"{prefix}CLIENT_SECRET"] = realm.client_secret
    return variables


def begin(
    visitor: Visitor, provider: str = COMPANY, *, path: str = "sign-in/social", **fields: Any
) -> str:
    """Choose a provider on a page of the app; returns where the browser goes to."""
    response = visitor.post(path, {"provider": provider, **PAGES, **fields})
    assert response.status_code == 200, response.text
    url: str = response.json()["url"]
    return url


def come_back(visitor: Visitor, answer: Answer, **changes: str | None) -> httpx.Response:
    """Open what a provider's answer leads to, with some of its parameters changed or left out."""
    changed = answer.changed(**changes)
    if not changed.by_post:
        return visitor.get(changed.path)
    return visitor.post(changed.path, raw=changed.form, headers=FORM)


def sign_in(visitor: Visitor, realm: Realm, person: dict[str, Any], **fields: Any) -> str:
    """Sign in at a provider from the first click to the last redirect; returns where that leads."""
    answer = realm.answer(begin(visitor, **fields), person)
    return destination(come_back(visitor, answer))


def destination(response: httpx.Response) -> str:
    """Where an answer leads."""
    assert response.status_code == 302, response.text
    return response.headers["location"]


def failed(code: str) -> str:
    """The page that the person came from, with the code of what went wrong."""
    return f"/oops?from=sign-in&error={code}"


def check_failed(
    gatehouse: Gatehouse, visitor: Visitor, response: httpx.Response, leads_to: str, reason: str
) -> None:
    """A sign-in has failed: the browser goes there, nobody is signed in, and the trail says why."""
    assert (destination(response), visitor.session()) == (leads_to, None)
    assert refusals(gatehouse) == [reason]


def refusals(gatehouse: Gatehouse) -> list[str]:
    """Why sign-ins and links failed, as the audit trail has it."""
    kinds = {EventKind.SIGN_IN_FAILED, EventKind.ACCOUNT_LINK_FAILED}
    return [event.detail["reason"] for event in gatehouse.events() if event.kind in kinds]


@pytest.fixture
def company(openid_provider: OpenIdProvider) -> Iterator[Realm]:
    """A provider of this test's own, which the server knows as `company`."""
    with openid_provider.realm(redirect_uri(COMPANY)) as realm:
        yield realm


@pytest.fixture
def partner(openid_provider: OpenIdProvider) -> Iterator[Realm]:
    """Another one, known as `partner`."""
    with openid_provider.realm(redirect_uri(PARTNER)) as realm:
        yield realm


@pytest.fixture
def trusting(
    openid_provider: OpenIdProvider, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server trusts the certificates of the providers, and its clock shows their time."""
    monkeypatch.setenv("SSL_CERT_FILE", str(openid_provider.ca_file))
    clock.advance(seconds=(SystemClock().now() - clock.now()).total_seconds())


@pytest.fixture
def start_with_providers(
    start: Callable[..., Gatehouse], company: Realm, partner: Realm, trusting: None
) -> Callable[..., Gatehouse]:
    """As `start`, with `company` and `partner`."""
    settings = provider_settings(company=company, partner=partner)
    return lambda **overrides: start(**settings, **overrides)


@pytest.fixture
def start_with_providers_on(
    start_on: Callable[..., Gatehouse], company: Realm, partner: Realm, trusting: None
) -> Callable[..., Gatehouse]:
    """The same on each kind of database."""
    settings = provider_settings(company=company, partner=partner)
    return lambda **overrides: start_on(**settings, **overrides)
