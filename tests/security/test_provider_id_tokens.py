"""Threat: an ID token that was forged, or made for another app, another sign-in or another time.

OpenID Connect Core 1.0, 3.1.3.7; RFC 8725.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import httpx
import pytest
from sqlalchemy import select

from backend.storage.tables import users
from tests.in_process import Gatehouse, Visitor
from tests.openid import ADA, COMPANY, failed, redirect_uri, refusals, sign_in
from tests.rig.openid_client import NONCE, OpenIdClient
from tests.rig.openid_provider import Realm

REFUSED = "unable_to_get_user_info"
HOUR = 3600
Lies = Mapping[str, Callable[[], None]]
"""What makes the provider lie, by name."""


@pytest.fixture
def gatehouse(start_with_providers) -> Gatehouse:
    return start_with_providers()


FORGERIES = {
    "signed by a stranger": {"key": "stranger"},
    "not signed": {"key": "none", "header": {"alg": "none"}},
    "not signed, in other letters": {"key": "none", "header": {"alg": "nOnE"}},
    "without signature": {"key": "none"},
    "the public key as a secret": {"key": "public key", "header": {"alg": "HS256"}},
    "the client's secret as a key": {"key": "client secret", "header": {"alg": "HS256"}},
    "a key that nobody has": {"key": "stranger", "header": {"kid": "nobody's"}},
    "a key of the set for another algorithm": {"kid": "ES256-1", "header": {"alg": "RS256"}},
    "a key that it brings along": {
        "key": "stranger",
        "header": {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "kid": None},
    },
    "a key from elsewhere": {
        "key": "stranger",
        "header": {"jku": "https://evil.example/keys", "kid": "nobody's"},
    },
    "a critical extension that nobody knows": {"header": {"crit": ["x"], "x": True}},
    "of another sign-in": {"claims": {"nonce": "another"}},
    "without nonce": {"claims": {"nonce": None}},
    "of another issuer": {"claims": {"iss": "https://evil.example"}},
    "of an issuer that looks alike": {"claims": {"iss": "https://localhost/realms"}},
    "without issuer": {"claims": {"iss": None}},
    "for another client": {"claims": {"aud": "another"}},
    "for nobody": {"claims": {"aud": None}},
    "for no client": {"claims": {"aud": []}},
    "issued to another client": {"claims": {"azp": "another"}},
    "for several, issued to another client": {
        "claims": {"aud": ["gatehouse", "another"], "azp": "another"}
    },
    "without subject": {"claims": {"sub": None}},
    "with an empty subject": {"claims": {"sub": ""}},
    "with a number as subject": {"claims": {"sub": 7}},
    "with a list as subject": {"claims": {"sub": ["ada"]}},
    "with a subject of ten thousand letters": {"claims": {"sub": "x" * 10_000}},
    "without end": {"claims": {"exp": None}},
    "whose end is a word": {"claims": {"exp": "tomorrow"}},
    "without beginning": {"claims": {"iat": None}},
}
FROM_NOW = {
    "that has ended": {"exp": -HOUR},
    "from the future": {"iat": HOUR, "exp": 2 * HOUR},
    "not valid yet": {"nbf": HOUR},
}


NO_TOKENS = ["x", "a.b.c", "a.b", "a.b.c.d.e", "..", "e30.e30.e30", ".e30."]


def check_refused(gatehouse: Gatehouse, company: Realm, lies: Lies) -> None:
    """Nobody signs in while the provider tells one of these lies, and the trail says so."""
    outcomes = {}
    for name, lie in lies.items():
        lie()
        outcomes[name] = sign_in(gatehouse.visitor(), company, ADA)
    assert outcomes == dict.fromkeys(lies, failed(REFUSED))
    assert refusals(gatehouse) == [REFUSED] * len(lies)
    assert gatehouse.rows(select(users)) == []


def test_tokens_that_are_no_proof(gatehouse, company):
    lies = {name: partial(company.forge, **forgery) for name, forgery in FORGERIES.items()}
    check_refused(gatehouse, company, lies)


def test_tokens_of_another_time(gatehouse, company, clock):
    now = int(clock.now().timestamp())
    lies = {}
    for name, times in FROM_NOW.items():
        claims = {claim: now + seconds for claim, seconds in times.items()}
        lies[name] = partial(company.forge, claims=claims)
    check_refused(gatehouse, company, lies)


def test_what_is_no_token_or_not_there(gatehouse, company):
    lies = {
        str(token): partial(company.change, "token", id_token=token) for token in [*NO_TOKENS, None]
    }
    check_refused(gatehouse, company, lies)


def test_a_token_of_another_provider(gatehouse, company, partner):
    """Both sign with the same keys: only the issuer tells them apart."""
    check_refused(gatehouse, company, {"": partial(company.forge, claims={"iss": partner.issuer})})


def test_a_clock_that_is_half_an_hour_off(gatehouse, company, clock):
    lies = {
        "behind": partial(clock.advance, minutes=-30),
        "ahead": partial(clock.advance, minutes=60),
    }
    check_refused(gatehouse, company, lies)


@pytest.mark.parametrize("seconds", [-20, 20])
def test_a_clock_that_is_a_little_off(gatehouse, company, clock, seconds):
    clock.advance(seconds=seconds)
    assert sign_in(gatehouse.visitor(), company, ADA) == "/welcome"


def present(visitor: Visitor, token: str, nonce: str | None = NONCE) -> httpx.Response:
    """Sign in with an ID token that a page has got from the provider itself."""
    id_token = {"token": token, **({"nonce": nonce} if nonce else {})}
    return visitor.post("sign-in/social", {"provider": COMPANY, "idToken": id_token})


@pytest.fixture
def page(openid_provider, company) -> Iterator[OpenIdClient]:
    """A page, or an app on a phone, that asks the provider without the server."""
    with httpx.Client(verify=openid_provider.tls) as http:
        yield OpenIdClient(company, http, redirect_uri(COMPANY))


def test_tokens_that_a_page_brings_and_are_no_proof(gatehouse, company, page):
    outcomes = {}
    for name, forgery in FORGERIES.items():
        company.forge(**forgery)
        response = present(gatehouse.visitor(), page.get_tokens(ADA)["id_token"])
        outcomes[name] = (response.status_code, response.json().get("code"))
    assert outcomes == dict.fromkeys(FORGERIES, (401, "INVALID_TOKEN"))
    assert refusals(gatehouse) == [REFUSED] * len(FORGERIES)
    assert gatehouse.rows(select(users)) == []


def test_a_token_that_a_page_brings(gatehouse, page):
    ada = gatehouse.visitor()
    token = page.get_tokens(ADA)["id_token"]
    assert present(ada, token, nonce="another").status_code == 401
    assert present(ada, token).json()["user"]["email"] == ADA["email"]
    assert ada.session()["user"]["emailVerified"]


def test_a_token_with_certificates_and_unknown_parameters_in_its_header(gatehouse, company):
    """What a client does not understand it ignores (RFC 7515, 4)."""
    company.forge(header={"x5c": ["MIIB" * 600], "x5t": "x", "unknown": "x", "typ": "JWT"})
    assert sign_in(gatehouse.visitor(), company, ADA) == "/welcome"
