"""Threat: somebody becomes another account by cookies that they made up."""

import pytest

from tests.admins import ADA, BOB
from tests.in_process import Gatehouse, Visitor
from tests.scene import refusal

NAME = "better-auth.session_token"
INVALID = (401, refusal("INVALID_SESSION_TOKEN"))


@pytest.fixture
def gatehouse(start) -> Gatehouse:
    return start(multi_session=True)


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.member(ADA)


def token_of(visitor: Visitor) -> str:
    return visitor.session()["session"]["token"]


def name_of(token: str) -> str:
    return f"{NAME}_multi-{token.lower()}"


def tries(visitor: Visitor, token: str) -> list[tuple[int, dict]]:
    """What choosing an account and signing it out answer."""
    paths = ("multi-session/set-active", "multi-session/revoke")
    responses = [visitor.post(path, {"sessionToken": token}) for path in paths]
    return [(each.status_code, each.json()) for each in responses]


def listed(visitor: Visitor) -> list[str]:
    response = visitor.get("multi-session/list-device-sessions")
    return [each["user"]["email"] for each in response.json()]


def test_a_token_alone_opens_nothing_in_another_browser(gatehouse, ada):
    mallory = gatehouse.member("mallory@example.com")
    assert tries(mallory, token_of(ada)) == [INVALID, INVALID]
    assert ada.session() is not None


@pytest.mark.parametrize("end", ["", ".", f".{'A' * 43}%3D", f".{'A' * 43}="])
def test_a_cookie_without_our_signature_is_none(gatehouse, ada, end):
    mallory = gatehouse.member("mallory@example.com")
    token = token_of(ada)
    mallory.cookies[name_of(token)] = token + end
    assert listed(mallory) == ["mallory@example.com"]
    assert tries(mallory, token) == [INVALID, INVALID]


def test_a_signed_value_under_the_name_of_another_token_is_none(gatehouse, ada):
    bob = gatehouse.member(BOB)
    token, own = token_of(ada), bob.session_cookie
    bob.cookies[name_of(token)] = own
    assert listed(bob) == [BOB]
    assert tries(bob, token) == [INVALID, INVALID]
    assert ada.session() is not None


def test_other_signed_values_of_ours_are_no_tokens(gatehouse, ada):
    bob = gatehouse.visitor()
    bob.sign_up(BOB, rememberMe=False)
    remembered = bob.cookies["better-auth.dont_remember"]
    bob.cookies[name_of("true")] = remembered
    assert listed(bob) == [BOB]
    assert tries(bob, "true") == [INVALID, INVALID]  # the first has deleted the cookie
    assert bob.session()["user"]["email"] == BOB


def test_a_flood_of_cookies_costs_ten_signatures_and_one_query(gatehouse, ada):
    for number in range(300):
        ada.cookies[name_of(f"x{number}")] = "x.y"
    with gatehouse.statements() as statements:
        ada.get("multi-session/list-device-sessions")
    assert len(statements) <= 1


def test_a_page_of_another_site_cannot_choose(gatehouse, ada):
    first = token_of(ada)
    ada.sign_up(BOB)
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}):
        for path in ("multi-session/set-active", "multi-session/revoke"):
            response = ada.post(path, {"sessionToken": first}, headers=headers)
            assert response.status_code == 403
    assert ada.session()["user"]["email"] == BOB
    response = ada.get(
        "multi-session/list-device-sessions", headers={"origin": "https://evil.example"}
    )
    assert "access-control-allow-origin" not in response.headers


def test_another_browsers_sign_out_ends_only_its_own(gatehouse, ada):
    bob = gatehouse.member(BOB)
    bob.cookies[name_of(token_of(ada))] = "forged"
    bob.post("sign-out")
    assert ada.session() is not None
