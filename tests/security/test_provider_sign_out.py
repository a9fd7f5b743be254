"""Threat: signing out waits for a provider, tells an admin of a user's, or leads elsewhere."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import insert

from backend.kernel.randomness import SystemRandomness, uuid7
from backend.storage.queries.accounts import Account
from backend.storage.tables import accounts
from tests.admins import make_admin, user_id_of
from tests.in_process import Gatehouse, Visitor
from tests.rig.stand_in import Handler, Received, StandIn

ADA = "ada@example.com"


def _answer(handler: Handler, received: Received) -> None:
    url = handler.stand_in.url
    pages = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
    document = {name: url + path for name, path in pages.items()}
    document |= {"issuer": url, "end_session_endpoint": f"{url}goodbye?from=us"}
    handler.say(json.dumps(document).encode(), kind="application/json")


@pytest.fixture
def company() -> Iterator[StandIn]:
    """A company's provider, with a page on which people sign out."""
    with StandIn(_answer) as provider:
        yield provider


@pytest.fixture
def gatehouse(start_on, company) -> Gatehouse:
    client = {"CLIENT_ID": "client", "CLIENT_SECRET": "a secret", "ISSUER": company.url}
    settings = {f"OIDC_COMPANY_{name}": text for name, text in client.items()}
    return start_on(oidc_providers=("company",), oidc=settings)


@pytest.fixture
def ada(gatehouse) -> Visitor:
    """Somebody who has an account at the company's provider."""
    ada = gatehouse.member(ADA)
    now = gatehouse.clock.now()
    row_id = uuid7(SystemRandomness(), now)
    row = Account(row_id, gatehouse.user_id(ADA), "company", "", "ada", "openid", now, now)
    gatehouse.execute(insert(accounts).values(**asdict(row)))
    return ada


def get_to_know(gatehouse: Gatehouse) -> None:
    """Let somebody begin to sign in, so that the provider's pages are known."""
    response = gatehouse.visitor("198.51.100.1").post("sign-in/social", {"provider": "company"})
    assert response.status_code == 200


def test_who_came_from_a_provider_goes_on_to_its_page(gatehouse, ada, company):
    get_to_know(gatehouse)
    response = ada.post("sign-out", {"callbackURL": "/bye", "state": "s"})
    url = response.json()["url"]
    assert response.json() == {"success": True, "url": url, "redirect": True}
    assert response.headers["location"] == url
    assert url.startswith(f"{company.url}goodbye?from=us&")
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "from": "us",
        "post_logout_redirect_uri": f"{gatehouse.settings.base_url}/bye",
        "client_id": "client",
        "state": "s",
    }
    assert ada.session() is None


def test_nobody_waits_for_a_provider_to_sign_out(ada, company):
    response = ada.post("sign-out")
    assert response.json() == {"success": True}
    assert company.requests == []
    assert ada.session() is None


def test_who_has_no_account_there_stays_here(gatehouse, company):
    get_to_know(gatehouse)
    bob = gatehouse.member("bob@example.com")
    assert bob.post("sign-out").json() == {"success": True}


def test_an_admin_who_acts_as_somebody_is_told_nothing_of_their_account(gatehouse, ada, company):
    get_to_know(gatehouse)
    root = make_admin(gatehouse)
    user = {"userId": user_id_of(gatehouse, ADA)}
    assert root.post("admin/impersonate-user", user).status_code == 200
    response = root.post("sign-out")
    assert response.json() == {"success": True}
    assert "location" not in response.headers
    assert ada.session() is not None


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_nobody_is_sent_elsewhere_afterwards(gatehouse, ada, company, target):
    get_to_know(gatehouse)
    response = ada.post("sign-out", {"callbackURL": target})
    assert (response.status_code, response.json()["code"]) == (403, "INVALID_CALLBACK_URL")
    assert ada.post("sign-out").json()["success"] is True
