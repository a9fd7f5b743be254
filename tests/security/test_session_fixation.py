"""Threat: a session that an attacker planted becomes the victim's."""

import pytest

from tests.in_process import Gatehouse, Visitor


@pytest.fixture
def mallory(gatehouse: Gatehouse) -> Visitor:
    gatehouse.member()
    return gatehouse.member("mallory@example.com")


@pytest.mark.parametrize("planted", ["a real session of the attacker's", "garbage", "an old one"])
def test_signing_in_never_keeps_the_token_that_was_there(gatehouse, mallory, planted):
    value = mallory.session_cookie if planted != "garbage" else "planted.by.an.attacker"
    if planted == "an old one":
        mallory.post("sign-out")
    victim = gatehouse.visitor()
    victim.session_cookie = value
    victim.sign_in()
    assert victim.session_cookie != value
    assert victim.session()["user"]["email"] == "ada@example.com"
    mallory.session_cookie = value
    assert mallory.session() is None


def test_the_planted_session_ends_with_the_victims_sign_in(gatehouse, mallory):
    victim = gatehouse.visitor()
    victim.session_cookie = mallory.session_cookie
    victim.sign_in()
    assert mallory.session() is None


@pytest.mark.parametrize("field", ["token", "sessionToken", "session", "id", "sessionId"])
def test_a_token_in_the_body_or_the_query_is_not_taken_over(gatehouse, field):
    gatehouse.member()
    victim = gatehouse.visitor()
    chosen = "a" * 42
    response = victim.post(
        f"sign-in/email?{field}={chosen}",
        {"email": "ada@example.com", "password": "correct horse battery", field: chosen},
    )
    assert response.json()["token"] != chosen


def test_no_two_sessions_share_a_token_or_a_prefix(gatehouse):
    gatehouse.member()
    tokens = [gatehouse.visitor().sign_in().json()["token"] for _ in range(30)]
    assert len({token[:8] for token in tokens}) == 30


def test_a_session_is_not_moved_by_signing_in_elsewhere(gatehouse, mallory):
    before = mallory.session()
    gatehouse.visitor().sign_in()
    assert mallory.session() == before
