"""Threat: somebody leaves an anonymous session in a browser for its next user to sign in.

What becomes the next user's is what belonged to the anonymous one, and no way in.
"""

import pytest
from sqlalchemy import func, select

from backend.features.housekeeping.service import Housekeeper
from backend.storage import clock_check
from backend.storage.tables import passkeys, sessions
from tests.authenticator import Authenticator, add_passkey, sign_in_with
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD


@pytest.fixture
def any_gatehouse(start_on) -> Gatehouse:
    return start_on(anonymous_sign_in=True)


@pytest.fixture
def left_behind(any_gatehouse) -> tuple[Visitor, Authenticator]:
    """A browser in which somebody without an account has registered a passkey of their own."""
    visitor, device = any_gatehouse.visitor(), Authenticator()
    assert visitor.post("sign-in/anonymous").status_code == 200
    add_passkey(visitor, device)
    return visitor, device


def test_a_passkey_of_the_anonymous_user_does_not_open_the_account(any_gatehouse, left_behind):
    visitor, device = left_behind
    assert visitor.sign_up().status_code == 200
    assert any_gatehouse.rows(select(func.count()).select_from(passkeys)) == [(0,)]
    stranger = any_gatehouse.visitor()
    assert sign_in_with(device, stranger).status_code == 401
    assert stranger.session() is None


def test_nor_does_the_session_that_was_copied_before(any_gatehouse, left_behind):
    visitor, _ = left_behind
    copy = any_gatehouse.visitor()
    copy.cookies = dict(visitor.cookies)
    assert visitor.sign_up().status_code == 200
    assert copy.session() is None
    assert copy.get("one-time-token/generate").status_code == 401


def test_nor_a_one_time_token(any_gatehouse, left_behind):
    visitor, _ = left_behind
    token = visitor.get("one-time-token/generate").json()["token"]
    assert visitor.sign_up().status_code == 200
    response = any_gatehouse.visitor().post("one-time-token/verify", {"token": token})
    assert (response.status_code, response.json()) == (400, {"message": "Invalid token"})


def test_whoever_copied_it_cannot_make_the_data_theirs_afterwards(any_gatehouse, left_behind):
    visitor, _ = left_behind
    copy = any_gatehouse.visitor()
    copy.cookies = dict(visitor.cookies)
    assert visitor.sign_up().status_code == 200
    before = visitor.session()["user"]
    assert copy.sign_up("mallory@example.com").status_code == 200
    assert visitor.session()["user"] == before
    linked = [each for each in any_gatehouse.events() if each.kind == "anonymous_user_linked"]
    assert len(linked) == 1


def test_with_the_passkey_they_come_back_as_who_they_were(
    any_gatehouse, left_behind, clock, monkeypatch
):
    monkeypatch.setattr(clock_check, "read_database_time", lambda _: clock.now())
    visitor, device = left_behind
    user = visitor.session()["user"]
    any_gatehouse.execute(sessions.delete())
    any_gatehouse.context.services[Housekeeper].start_purge().result()
    back = any_gatehouse.visitor()
    assert sign_in_with(device, back).status_code == 200
    assert back.session()["user"]["id"] == user["id"]


def test_a_second_anonymous_user_is_not_swallowed_by_the_first(any_gatehouse, left_behind):
    _, device = left_behind
    other = any_gatehouse.visitor()
    assert other.post("sign-in/anonymous").status_code == 200
    former = other.session()["user"]["id"]
    assert sign_in_with(device, other).status_code == 200
    assert other.session()["user"]["id"] != former
    assert not [each for each in any_gatehouse.events() if each.kind == "anonymous_user_linked"]


def test_what_an_anonymous_user_cannot_use_gives_them_no_password(any_gatehouse, left_behind):
    visitor, _ = left_behind
    body = {"currentPassword": "", "newPassword": PASSWORD}
    assert visitor.post("change-password", body).status_code == 400
    assert visitor.sign_in(visitor.session()["user"]["email"]).status_code == 401
