"""Providers that are slow, broken or lie: a code on the page, an event, and never a 500."""

from typing import Any

import httpx
import pytest

from backend.features.providers.service import ProviderSignIn
from tests.in_process import Gatehouse, Visitor
from tests.openid import (
    ADA,
    COMPANY,
    PARTNER,
    begin,
    come_back,
    destination,
    failed,
    provider_settings,
    redirect_uri,
    refusals,
    sign_in,
)
from tests.rig.openid_provider import Endpoint, Realm
from tests.rig.processes import wait_until

ELSEWHERE = {"location": "https://evil.example/"}
Faults = dict[str, dict[str, Any]]
FAULTS: Faults = {
    "answers 500": {"status": 500, "body": "oops"},
    "answers 503 with a page": {
        "status": 503,
        "body": "<html>",
        "headers": {"content-type": "text/html"},
    },
    "gives a page": {"status": 200, "body": "<html>", "headers": {"content-type": "text/html"}},
    "gives nothing": {"status": 200},
    "gives a list": {"status": 200, "body": "[1]"},
    "gives an empty object": {"status": 200, "body": "{}"},
    "gives ten million letters": {"status": 200, "body": "{}        ", "repeat": 1_000_000},
    "gives what is no text": {"status": 200, "body": "\x00\ufffd"},
    "is a hundred thousand arrays deep": {"status": 200, "body": "[", "repeat": 100_000},
    "hangs up": {"kind": "cut"},
    "sends us elsewhere": {"status": 307, "headers": ELSEWHERE},
}
TOKEN_FAULTS = FAULTS | {
    "does not know the client": {"status": 401, "body": '{"error": "invalid_client"}'},
    "says no in a 200": {"status": 200, "body": '{"error": "invalid_grant"}'},
    "gives a number for a token": {"status": 200, "body": '{"access_token": 7}'},
    "says in words when it ends": {
        "status": 200,
        "body": '{"access_token": "x", "expires_in": "soon"}',
    },
}


NO_USER = "unable_to_get_user_info"
LIES: list[dict[str, Any]] = [
    {"issuer": "https://evil.example"},
    {"issuer": None},
    {"token_endpoint": None},
    {"token_endpoint": "http://evil.example/token"},
    {"token_endpoint": 7},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"authorization_endpoint": "http://evil.example/"},
    {"jwks_uri": "file:///etc/passwd"},
    {"jwks_uri": None},
]


@pytest.fixture
def gatehouse(start_with_providers) -> Gatehouse:
    return start_with_providers()


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.visitor()


def check_fails(gatehouse: Gatehouse, visitor: Visitor, realm: Realm, *codes: str) -> None:
    """A sign-in ends on the page where it began, and is noted."""
    before = len(refusals(gatehouse))
    leads_to = sign_in(visitor, realm, ADA)
    assert leads_to in [failed(code) for code in codes]
    assert (visitor.session(), len(refusals(gatehouse)) - before) == (None, 1)


def check_faults(
    gatehouse: Gatehouse, realm: Realm, endpoint: Endpoint, faults: Faults, *codes: str
) -> None:
    """With each fault of an endpoint a sign-in fails like this; afterwards the next one works."""
    outcomes = {}
    for name, fault in faults.items():
        realm.fail(endpoint, **fault)
        leads_to = sign_in(gatehouse.visitor(), realm, ADA)
        outcomes[name] = leads_to if leads_to not in map(failed, codes) else "fails"
        gatehouse.clock.advance(seconds=10)  # so that keys and the like are asked for again
    assert outcomes == dict.fromkeys(faults, "fails")
    assert len(refusals(gatehouse)) == len(faults)
    realm.recover(endpoint)
    assert sign_in(gatehouse.visitor(), realm, ADA) == "/welcome"


def check_unavailable(visitor: Visitor) -> None:
    """The page is told that the provider cannot be reached, and when to try again."""
    response = visitor.post("sign-in/social", {"provider": "company", "callbackURL": "/in"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert response.json() == {
        "code": "SERVICE_UNAVAILABLE",
        "message": "company cannot be reached at the moment. Please try again.",
    }


def test_a_token_endpoint_that_fails(gatehouse, company):
    check_faults(gatehouse, company, "token", TOKEN_FAULTS, "invalid_code")
    sent = len(company.received("token"))
    assert sent == len(TOKEN_FAULTS) + 2, "a code is sent again where a kept connection has ended"


def test_a_provider_that_closes_the_connections_that_we_keep(gatehouse, company, ada):
    """The code goes into one of them, and comes back unread: it is sent again in a new one."""
    company.fail("token", kind="cut", kept=True)
    assert sign_in(ada, company, ADA) == "/welcome"
    assert len(company.received("token")) == 2


def test_keys_that_cannot_be_read(gatehouse, company):
    check_faults(gatehouse, company, "keys", FAULTS, NO_USER)


def test_a_userinfo_endpoint_that_fails(openid_provider, start, trusting):
    with openid_provider.realm(redirect_uri(), claimsInIdToken=False) as realm:
        gatehouse = start(**provider_settings(company=realm))
        check_faults(gatehouse, realm, "userinfo", FAULTS, NO_USER, "email_not_found")


def test_a_discovery_document_that_cannot_be_read(gatehouse, company, ada, clock):
    for fault in FAULTS.values():
        company.fail("discovery", **fault)
        check_unavailable(ada)
        clock.advance(seconds=10)
    assert refusals(gatehouse) == ["temporarily_unavailable"] * len(FAULTS)
    company.recover("discovery")
    assert sign_in(ada, company, ADA) == "/welcome"


def test_a_discovery_document_that_lies(company, ada, clock):
    for changes in LIES:
        company.change("discovery", **changes)
        check_unavailable(ada)
        clock.advance(seconds=10)


def test_user_info_about_somebody_else(openid_provider, start, trusting):
    """Its subject must be that of the ID token (OpenID Connect Core 1.0, 5.3.2)."""
    with openid_provider.realm(redirect_uri(), claimsInIdToken=False) as realm:
        gatehouse = start(**provider_settings(company=realm))
        for subject in ("mallory", None):
            realm.change("userinfo", sub=subject)
            check_fails(gatehouse, gatehouse.visitor(), realm, NO_USER)


def test_while_a_provider_hangs_everybody_else_signs_in(
    start_with_providers, company, partner, monkeypatch
):
    monkeypatch.setattr("backend.features.providers.client._TIMEOUT", 60)
    gatehouse = start_with_providers()
    company.fail("token", kind="hang")
    waiting = []
    for _ in range(5):
        visitor = gatehouse.visitor()
        answer = company.answer(begin(visitor), ADA)
        waiting.append(gatehouse.loop.start(visitor.send_async("GET", answer.path)))
    assert sign_in(gatehouse.visitor(), partner, ADA, provider=PARTNER) == "/welcome"
    gatehouse.member("carol@example.com")
    wait_until(lambda: len(company.received("token")) == len(waiting), "the requests for tokens")
    assert not any(each.done() for each in waiting)
    company.release()
    assert {destination(each.result()) for each in waiting} == {failed("invalid_code")}


@pytest.mark.parametrize("fault", [{"kind": "hang"}, {"kind": "drip", "status": 200}], ids=str)
def test_nobody_waits_for_ever(gatehouse, company, ada, fault):
    """Five seconds in earnest; here less, once the rest is known."""
    answer = company.answer(begin(ada), ADA)
    client = gatehouse.context.services[ProviderSignIn].providers.find(COMPANY)
    client._transport._timeout = 0.1
    company.fail("token", **fault)
    assert destination(come_back(ada, answer)) == failed("invalid_code")
    assert refusals(gatehouse) == ["invalid_code"]


@pytest.mark.parametrize("keep", [True, False], ids=["beside the old", "in their place"])
def test_keys_that_change_between_two_sign_ins(gatehouse, company, keep):
    sign_in(gatehouse.visitor(), company, ADA)
    company.rotate_keys(keep=keep)
    assert sign_in(gatehouse.visitor(), company, ADA) == "/in"
    assert len(company.received("keys")) == 2


def test_keys_that_change_in_the_middle_of_a_sign_in(gatehouse, company, ada):
    sign_in(gatehouse.visitor(), company, ADA)
    answer = company.answer(begin(ada), ADA)
    company.rotate_keys()
    assert destination(come_back(ada, answer)) == "/in"


def test_keys_that_change_while_many_sign_in(gatehouse, company, ada):
    sign_in(gatehouse.visitor(), company, ADA)
    visitors = [gatehouse.visitor() for _ in range(5)]
    answers = [company.answer(begin(each), ADA) for each in visitors]
    company.rotate_keys()
    pairs = zip(visitors, answers, strict=True)
    responses = gatehouse.gather(*(each.send_async("GET", answer.path) for each, answer in pairs))
    assert {destination(response) for response in responses} == {"/in"}
    assert len(company.received("keys")) == 2


def test_keys_are_kept_while_the_provider_is_away(gatehouse, company, clock):
    sign_in(gatehouse.visitor(), company, ADA)
    for endpoint in ("discovery", "keys"):
        company.fail(endpoint, kind="cut")
    clock.advance(hours=2)
    now = int(clock.now().timestamp())
    times = {"iat": now, "exp": now + 60}
    company.forge(claims=times)
    assert sign_in(gatehouse.visitor(), company, ADA) == "/in"
    company.forge(claims=times, key="stranger", header={"kid": "nobody's"})
    check_fails(gatehouse, gatehouse.visitor(), company, NO_USER)


def test_keys_and_tokens_without_ids(gatehouse, openid_provider, company):
    """Without one, any of the keys may have signed; new ones are asked for all the same."""

    def drop_ids() -> None:
        company.change("keys")
        keys = httpx.get(f"{company.issuer}/jwks", verify=openid_provider.tls).json()["keys"]
        for key in keys:
            del key["kid"], key["alg"], key["use"]
        company.change("keys", keys=keys)

    drop_ids()
    company.forge(header={"kid": None})
    assert sign_in(gatehouse.visitor(), company, ADA) == "/welcome"
    company.rotate_keys()
    drop_ids()
    assert sign_in(gatehouse.visitor(), company, ADA) == "/in"


def test_a_stranger_cannot_make_us_ask_for_keys_all_the_time(gatehouse, company, clock):
    """Every forged token names a key that nobody has."""
    sign_in(gatehouse.visitor(), company, ADA)
    company.forge(key="stranger", header={"kid": "nobody's"})
    for _ in range(5):
        sign_in(gatehouse.visitor(), company, ADA)
        clock.advance(seconds=3)
    assert len(company.received("keys")) == 3, "once when it is first seen, once in ten seconds"


def test_a_token_endpoint_that_moves(gatehouse, company):
    """Whoever comes first sees an error; for the next the document is fetched again."""
    sign_in(gatehouse.visitor(), company, ADA)
    company.fail("token", status=404, body="<html>", times=1)
    check_fails(gatehouse, gatehouse.visitor(), company, "invalid_code")
    assert sign_in(gatehouse.visitor(), company, ADA) == "/in"
    assert len(company.received("discovery")) == 2


def test_endpoints_that_move(gatehouse, company, clock):
    """The document is fetched again, at the latest after an hour."""
    sign_in(gatehouse.visitor(), company, ADA)
    moved = f"{company.issuer}/moved"
    company.change("discovery", authorization_endpoint=moved)
    clock.advance(hours=1, seconds=1)
    assert begin(gatehouse.visitor()).startswith(moved)
    assert len(company.received("discovery")) == 2


def test_the_document_and_the_keys_are_fetched_once(gatehouse, company):
    for _ in range(3):
        sign_in(gatehouse.visitor(), company, ADA)
    assert [len(company.received(each)) for each in ("discovery", "keys")] == [1, 1]
