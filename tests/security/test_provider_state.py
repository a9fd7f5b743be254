"""Threat: a browser finishes a sign-in that somebody else began (login CSRF; RFC 9700, 4.7)."""

from dataclasses import replace

import pytest

from tests.in_process import Gatehouse, Visitor
from tests.openid import (
    ADA,
    PARTNER,
    begin,
    check_failed,
    come_back,
    destination,
    failed,
    refusals,
    sign_in,
)

MALLORY = {"sub": "mallory", "email": "mallory@example.com", "email_verified": True}
NOBODYS_PAGE = "http://localhost:7860/api/auth/error?error="


@pytest.fixture
def gatehouse(start_with_providers_on) -> Gatehouse:
    """On each kind of database: the state is a row that one request takes."""
    return start_with_providers_on()


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.visitor()


@pytest.fixture
def answer(company, ada):
    """The answer to Ada's sign-in."""
    return company.answer(begin(ada), ADA)


def test_a_state_that_is_missing(gatehouse, ada, answer):
    response = come_back(ada, answer, state=None)
    check_failed(gatehouse, ada, response, f"{NOBODYS_PAGE}state_not_found", "state_not_found")


@pytest.mark.parametrize("state", ["x" * 32, "x" * 5000, "%00", "\0", "é", "a b"])
def test_a_state_that_nobody_has(gatehouse, ada, answer, state):
    response = come_back(ada, answer, state=state)
    check_failed(gatehouse, ada, response, f"{NOBODYS_PAGE}state_mismatch", "state_mismatch")


def test_a_state_that_is_used(gatehouse, ada, answer):
    assert destination(come_back(ada, answer)) == "/welcome"
    again = come_back(ada, answer)
    assert destination(again) == f"{NOBODYS_PAGE}state_mismatch"
    assert refusals(gatehouse) == ["state_mismatch"]


def test_a_state_that_comes_several_times_at_once(gatehouse, company, ada, answer):
    """The code is sent once: a provider ends the tokens of one that comes again."""
    responses = gatehouse.gather(*(ada.send_async("GET", answer.path) for _ in range(4)))
    places = sorted(destination(response).partition("=")[0] for response in responses)
    assert places.count("/welcome") == 1
    assert len(company.received("token")) == 1
    assert refusals(gatehouse) == ["state_mismatch"] * 3


def test_a_state_that_has_ended(gatehouse, clock, ada, answer):
    clock.advance(minutes=11)
    check_failed(gatehouse, ada, come_back(ada, answer), failed("state_mismatch"), "state_mismatch")


def test_another_browser(gatehouse, company, answer):
    victim = gatehouse.visitor()
    check_failed(
        gatehouse, victim, come_back(victim, answer), failed("state_mismatch"), "state_mismatch"
    )


def test_another_browser_that_signs_in_as_well(gatehouse, answer):
    victim = gatehouse.visitor()
    begin(victim)
    check_failed(
        gatehouse, victim, come_back(victim, answer), failed("state_mismatch"), "state_mismatch"
    )


def test_the_owner_still_signs_in_after_somebody_tried_their_state(gatehouse, ada, answer):
    come_back(gatehouse.visitor(), answer)
    assert destination(come_back(ada, answer)) == "/welcome"


def test_a_state_of_another_provider(gatehouse, partner, ada, answer):
    """Mallory runs the partner's provider: what it says must not count as the company's."""
    theirs = partner.answer(begin(ada, PARTNER), MALLORY)
    mixed = come_back(ada, replace(theirs, redirect_uri=answer.redirect_uri))
    check_failed(gatehouse, ada, mixed, failed("state_mismatch"), "state_mismatch")


def test_who_began_to_link_and_signed_out_links_nothing(gatehouse, company):
    ada = gatehouse.member()
    answer = company.answer(begin(ada, path="link-social"), ADA)
    ada.post("sign-out")
    response = come_back(ada, answer)
    assert destination(response) == failed("unable_to_link_account")
    assert sign_in(gatehouse.visitor(), company, ADA) == failed("account_not_linked")


def test_who_began_to_link_links_to_themselves_alone(gatehouse, company):
    """Ada begins, and Mallory signs in in her browser before she comes back."""
    ada = gatehouse.member()
    answer = company.answer(begin(ada, path="link-social"), ADA)
    gatehouse.member(MALLORY["email"])
    ada.post("sign-out")
    ada.sign_in(MALLORY["email"])
    assert destination(come_back(ada, answer)) == failed("unable_to_link_account")
