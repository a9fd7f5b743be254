"""Threat: a forged session cookie. It opens nothing, and checking it costs no query."""

from urllib.parse import quote

import pytest

from backend.features.sessions.reader import SessionReader
from backend.kernel.secrets.signing import Keyring
from tests.in_process import Gatehouse, Visitor
from tests.make import KEY

NAME = "better-auth.session_token"


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    return gatehouse.member()


def list_forgeries(cookie: str, other: str) -> dict[str, str]:
    """Cookies that look like one of ours, made from two real ones."""
    token, _, signature = cookie.partition(".")
    return {
        "without a signature": token,
        "with an empty one": f"{token}.",
        "with half of one": f"{token}.{signature[:20]}",
        "with another's": f"{token}.{other.partition('.')[2]}",
        "with a changed token": f"{token[:-1]}{'a' if token[-1] != 'a' else 'b'}.{signature}",
        "with a signature of zeros": f"{token}.{quote('A' * 43 + '=', safe='')}",
        "signed with another key": quote(f"{token}.{Keyring([b'x']).sign(token)}", safe=""),
        "signed with an empty key": quote(f"{token}.{Keyring([b'']).sign(token)}", safe=""),
        "doubled": f"{cookie}.{cookie}",
        "reversed": f"{signature}.{token}",
        "in upper case": cookie.upper(),
        "a bare word": "admin",
        "nothing": "",
        "a JSON web token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "very long": "a" * 20_000,
    }


def test_a_forgery_is_nobodys_and_costs_no_query(gatehouse, ada):
    bob = gatehouse.member("bob@example.com")
    for name, forged in list_forgeries(ada.session_cookie, bob.session_cookie).items():
        stranger = gatehouse.visitor()
        with gatehouse.statements() as statements:
            response = stranger.get("get-session", headers={"cookie": f"{NAME}={forged}"})
            refused = stranger.get("/api/me", headers={"cookie": f"{NAME}={forged}"})
        assert (response.json(), refused.status_code, statements) == (None, 401, []), name
        assert "set-cookie" not in response.headers, name


def test_a_made_up_bearer_token_costs_no_query_either(gatehouse):
    with gatehouse.statements() as statements:
        for token in ("a" * 42, "A1" * 21, "x", "a" * 41 + ".", "ü" * 42):
            headers = {"authorization": f"Bearer {token}".encode()}
            assert gatehouse.visitor().get("get-session", headers=headers).json() is None
    assert statements == []


def test_the_signature_of_another_cookie_of_ours_opens_nothing(gatehouse, ada):
    for name in ("gatehouse.device", NAME):
        stranger = gatehouse.visitor()
        stranger.sign_in(rememberMe=False)
        value = stranger.cookies["better-auth.dont_remember" if name == NAME else name]
        thief = gatehouse.visitor()
        thief.session_cookie = value
        assert thief.session() is None


def test_the_secret_itself_signs_for_no_other_purpose(gatehouse, ada):
    """A token that only looks right, signed as a cookie is: one query, and it is nobody's."""
    token = "a" * 42
    thief = gatehouse.visitor()
    thief.session_cookie = quote(f"{token}.{Keyring([KEY.encode()]).sign(token)}", safe="")
    assert thief.session() is None


def test_signing_out_with_a_forgery_ends_nobodys_session(gatehouse, ada):
    token = ada.session_cookie.partition(".")[0]
    thief = gatehouse.visitor()
    thief.session_cookie = f"{token}.{quote('A' * 43 + '=', safe='')}"
    assert thief.post("sign-out").json() == {"success": True}
    assert ada.session() is not None


def test_whoever_shows_nothing_of_ours_does_not_even_make_the_feed_prove_itself(
    gatehouse, ada, monkeypatch
):
    lines = []
    feed = gatehouse.context.services[SessionReader]._feed
    monkeypatch.setattr(feed, "is_live", lambda: bool(lines.append("proof")))
    stranger = gatehouse.visitor()
    for cookie in ("", *list_forgeries(ada.cookies[NAME], "a.b").values()):
        stranger.get("get-session", headers={"cookie": f"{NAME}={cookie}"} if cookie else {})
    assert lines == []
    ada.get("get-session")
    assert lines == ["proof"]
