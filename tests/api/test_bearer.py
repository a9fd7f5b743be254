"""Sessions without cookies: the set-auth-token header, and Authorization: Bearer."""

from urllib.parse import quote

import pytest

from tests.in_process import Gatehouse, Visitor


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    return gatehouse.member()


@pytest.fixture
def script(gatehouse: Gatehouse) -> Visitor:
    """A client that keeps no cookies."""
    return gatehouse.visitor()


def whoami(visitor: Visitor, authorization: str) -> str | None:
    """The user that get-session finds for this Authorization header."""
    response = visitor.get("get-session", headers={"authorization": authorization})
    assert response.status_code == 200
    visitor.cookies.clear()
    return response.json() and response.json()["user"]["email"]


@pytest.mark.parametrize("path", ["sign-up/email", "sign-in/email"])
def test_who_signs_in_gets_the_signed_token_in_a_header(gatehouse, script, path):
    if path == "sign-in/email":
        gatehouse.member()
    response = script.sign_up() if path == "sign-up/email" else script.sign_in()
    token, _, signature = response.headers["set-auth-token"].partition(".")
    assert token == response.json()["token"]
    assert (len(signature), signature[-1]) == (44, "=")
    assert "set-auth-token" in response.headers["access-control-expose-headers"]


def test_update_user_sends_it_again(ada):
    assert ada.post("update-user", {"name": "Ada"}).headers["set-auth-token"]


def test_who_is_refused_gets_none(script):
    assert "set-auth-token" not in script.sign_in().headers


def list_forms(ada: Visitor) -> list[str]:
    signed = ada.sign_in().headers["set-auth-token"]
    token = signed.partition(".")[0]
    return [signed, quote(signed, safe=""), token]


@pytest.mark.parametrize("form", [0, 1, 2], ids=["signed", "encoded", "bare"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens_the_session_in_every_form(ada, script, form, scheme):
    assert whoami(script, f"{scheme} {list_forms(ada)[form]}") == "ada@example.com"


def test_it_changes_things_without_an_origin(ada, script):
    header = {"authorization": f"Bearer {list_forms(ada)[0]}", "origin": None}
    assert script.post("update-user", {"name": "By a script"}, headers=header).status_code == 200
    assert ada.session()["user"]["name"] == "By a script"


def test_with_a_cookie_beside_it_the_origin_counts(ada):
    header = {"authorization": f"Bearer {list_forms(ada)[0]}", "origin": None}
    assert ada.post("update-user", {"name": "x"}, headers=header).status_code == 403


def test_it_comes_before_the_cookie(gatehouse, ada):
    bob = gatehouse.member("bob@example.com")
    assert whoami(bob, f"Bearer {list_forms(ada)[0]}") == "ada@example.com"


@pytest.mark.parametrize(
    "header",
    [
        *("Bearer nonsense", "Bearer ", "Bearer", "Bearer a.b", "Bearer null", "Basic YTpi"),
        *("nonsense", "", "Bearer " + "a" * 42, "Bearer " + "a" * 9000, "Bearer ..", "Token x"),
        "Bearer ada@example.com." + "A" * 43 + "=",
    ],
)
def test_a_bad_one_is_nobodys(ada, script, header):
    assert whoami(script, header) is None
    assert script.get("list-sessions", headers={"authorization": header}).status_code == 401


def test_a_bad_one_is_ignored_beside_a_good_cookie(ada):
    response = ada.get("get-session", headers={"authorization": "Bearer nonsense"})
    assert response.json()["user"]["email"] == "ada@example.com"


def test_the_bare_token_without_the_word_is_nobodys(ada, script):
    assert whoami(script, list_forms(ada)[2]) is None


@pytest.mark.parametrize("name", ["token", "session_token", "access_token", "set-auth-token"])
def test_a_token_in_the_url_is_nobodys(ada, script, name):
    response = script.get(f"get-session?{name}={quote(list_forms(ada)[0])}")
    assert response.json() is None


def test_signing_out_by_bearer_ends_the_session(ada, script):
    signed = ada.sign_in().headers["set-auth-token"]
    script.post("sign-out", headers={"authorization": f"Bearer {signed}", "origin": None})
    assert whoami(script, f"Bearer {signed}") is None
    assert ada.session() is None


def test_a_session_id_opens_nothing(ada, script):
    handle = ada.session()["session"]["id"]
    assert whoami(script, f"Bearer {handle}") is None
