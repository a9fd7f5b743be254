"""POST /sign-out and the revoke endpoints, and GET /list-sessions."""

import pytest
from sqlalchemy import func, select

from backend.storage.tables import sessions
from tests.in_process import Gatehouse, Visitor
from tests.scene import Scene, a_stranger, ada_signed_up, scenes

CLEARED = ("session_token 0", "session_data 0", "dont_remember 0")
UNAUTHORIZED = {"status": 401, "code": "UNAUTHORIZED"}


def signed_in_twice(gatehouse: Gatehouse, visitor: Visitor) -> None:
    """The visitor is ada@example.com, who is signed in elsewhere too."""
    ada_signed_up(gatehouse, visitor)
    assert gatehouse.visitor().sign_in().status_code == 200


def signed_out(gatehouse: Gatehouse, visitor: Visitor) -> None:
    """The visitor still shows the cookie of a session that has ended."""
    ada_signed_up(gatehouse, visitor)
    cookies = dict(visitor.cookies)
    visitor.post("sign-out")
    visitor.cookies = cookies


SIGN_OUT = [
    Scene(
        name="a member",
        setup=ada_signed_up,
        path="sign-out",
        body={},
        status=200,
        response={"success": True},
        cookies=CLEARED,
        events=("sign_out",),
    ),
    Scene(
        name="without a body",
        setup=ada_signed_up,
        path="sign-out",
        status=200,
        response={"success": True},
        cookies=CLEARED,
        events=("sign_out",),
    ),
    Scene(
        name="a stranger",
        path="sign-out",
        body={},
        status=200,
        response={"success": True},
        cookies=CLEARED,
    ),
    Scene(
        name="who is signed out already",
        setup=signed_out,
        path="sign-out",
        status=200,
        response={"success": True},
        cookies=CLEARED,
    ),
]

REVOKE = [
    Scene(
        name="revoke-session of nobody's",
        setup=ada_signed_up,
        path="revoke-session",
        body={"token": "no-such-token"},
        status=200,
        response={"status": True},
    ),
    Scene(
        name="revoke-session without saying which",
        setup=ada_signed_up,
        path="revoke-session",
        body={},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.token] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="revoke-sessions",
        setup=signed_in_twice,
        path="revoke-sessions",
        body={},
        status=200,
        response={"status": True},
        cookies=CLEARED,
        events=("session_revoked",),
    ),
    Scene(
        name="revoke-sessions without a body",
        setup=ada_signed_up,
        path="revoke-sessions",
        status=200,
        response={"status": True},
        cookies=CLEARED,
        events=("session_revoked",),
    ),
    Scene(
        name="revoke-other-sessions",
        setup=signed_in_twice,
        path="revoke-other-sessions",
        body={},
        status=200,
        response={"status": True},
        events=("session_revoked",),
    ),
    Scene(
        name="revoke-other-sessions where there are none",
        setup=ada_signed_up,
        path="revoke-other-sessions",
        status=200,
        response={"status": True},
    ),
    Scene(
        name="update-session, which has nothing to update",
        setup=ada_signed_up,
        path="update-session",
        body={"anything": 1},
        status=400,
        message="No fields to update",
    ),
]

STRANGERS = [
    Scene(name="list-sessions", method="GET", path="list-sessions", **UNAUTHORIZED),
    Scene(name="revoke-session", path="revoke-session", body={"token": "x"}, **UNAUTHORIZED),
    Scene(name="revoke-sessions", path="revoke-sessions", body={}, **UNAUTHORIZED),
    Scene(name="revoke-other-sessions", path="revoke-other-sessions", body={}, **UNAUTHORIZED),
    Scene(name="update-session", path="update-session", body={}, **UNAUTHORIZED),
    Scene(
        name="a session that has ended",
        setup=signed_out,
        path="revoke-sessions",
        body={},
        cookies=CLEARED,
        **UNAUTHORIZED,
    ),
]


@scenes(*SIGN_OUT, *REVOKE)
def test_it_ends_what_it_should(any_gatehouse, scene):
    scene.play(any_gatehouse)


@scenes(*STRANGERS)
def test_strangers_end_nothing(gatehouse, scene):
    scene.play(gatehouse)


def test_after_signing_out_the_cookie_opens_nothing_and_other_browsers_do(any_gatehouse):
    ada, elsewhere = any_gatehouse.member(), any_gatehouse.visitor()
    elsewhere.sign_in()
    stolen = dict(ada.cookies)
    ada.post("sign-out")
    ada.cookies = stolen
    assert ada.session() is None
    assert elsewhere.session() is not None


def test_the_known_device_is_still_known_after_signing_out(gatehouse):
    ada = gatehouse.member()
    ada.post("sign-out")
    assert set(ada.cookies) == {"gatehouse.device", "better-auth.last_used_login_method"}


def test_the_list_shows_ones_own_token_and_handles_for_the_others(any_gatehouse, clock):
    ada, elsewhere = any_gatehouse.member(), any_gatehouse.visitor("198.51.100.9")
    clock.advance(seconds=1)
    elsewhere.sign_in()
    any_gatehouse.member("bob@example.com")
    listed = ada.get("list-sessions").json()
    mine, other = ada.session()["session"], elsewhere.session()["session"]
    assert [each["id"] for each in listed] == [other["id"], mine["id"]]
    assert [each["token"] for each in listed] == [other["id"], mine["token"]]
    assert listed[1] == mine
    assert listed[0]["ipAddress"] == "198.51.100.9"


def test_the_list_leaves_out_what_has_expired(gatehouse, clock):
    gatehouse.visitor().sign_up(rememberMe=False)
    clock.advance(hours=23)
    ada = gatehouse.visitor()
    ada.sign_in()
    clock.advance(hours=1)
    assert len(ada.get("list-sessions").json()) == 1


def test_the_list_is_for_those_who_signed_in_within_a_day(gatehouse, clock):
    ada = gatehouse.member()
    clock.advance(days=1, microseconds=-1)
    assert ada.get("list-sessions").status_code == 200
    clock.advance(microseconds=1)
    response = ada.get("list-sessions")
    assert (response.status_code, response.json()["code"]) == (403, "SESSION_NOT_FRESH")


def test_with_fresh_for_zero_the_list_is_for_all(start, clock):
    ada = start(session_fresh_for=0).member()
    clock.advance(days=6)
    assert ada.get("list-sessions").status_code == 200


@pytest.mark.parametrize("field", ["token", "id"])
def test_another_of_ones_sessions_is_named_by_its_token_or_its_handle(any_gatehouse, field):
    ada, elsewhere = any_gatehouse.member(), any_gatehouse.visitor()
    elsewhere.sign_in()
    token = elsewhere.session()["session"][field]
    response = ada.post("revoke-session", {"token": token})
    assert (response.json(), response.headers.get_list("set-cookie")) == ({"status": True}, [])
    assert elsewhere.session() is None
    assert ada.session() is not None


@pytest.mark.parametrize("field", ["token", "id"])
def test_revoking_the_own_session_clears_its_cookies(any_gatehouse, field):
    ada = any_gatehouse.member()
    token = ada.session()["session"][field]
    ada.post("revoke-session", {"token": token})
    assert ada.session_cookie is None


@pytest.mark.parametrize("field", ["token", "id"])
def test_somebody_elses_session_is_not_revoked_and_nothing_is_told(any_gatehouse, field):
    ada, bob = any_gatehouse.member(), any_gatehouse.member("bob@example.com")
    token = bob.session()["session"][field]
    assert ada.post("revoke-session", {"token": token}).json() == {"status": True}
    assert bob.session() is not None


def test_the_signed_form_of_a_token_names_no_session(gatehouse):
    ada, elsewhere = gatehouse.member(), gatehouse.visitor()
    elsewhere.sign_in()
    ada.post("revoke-session", {"token": elsewhere.session_cookie})
    assert elsewhere.session() is not None


def test_revoking_the_others_leaves_exactly_this_one(any_gatehouse):
    ada, bob = any_gatehouse.member(), any_gatehouse.member("bob@example.com")
    others = [any_gatehouse.visitor() for _ in range(3)]
    for other in others:
        other.sign_in()
        assert other.session() is not None
    ada.post("revoke-other-sessions", {})
    assert [other.session() for other in others] == [None] * 3
    assert ada.session() is not None
    assert bob.session() is not None


def test_revoking_all_includes_this_one_and_nobody_elses(any_gatehouse):
    ada, bob = any_gatehouse.member(), any_gatehouse.member("bob@example.com")
    elsewhere = any_gatehouse.visitor()
    elsewhere.sign_in()
    stolen = dict(ada.cookies)
    ada.post("revoke-sessions", {})
    ada.cookies = stolen
    assert (ada.session(), elsewhere.session()) == (None, None)
    assert bob.session() is not None


def test_the_audit_trail_counts_what_was_revoked(gatehouse):
    ada = gatehouse.member()
    for _ in range(3):
        gatehouse.visitor().sign_in()
    ada.post("revoke-other-sessions", {})
    (event,) = [each for each in gatehouse.events() if each.kind == "session_revoked"]
    assert (event.detail, event.actor) == ({"sessions": 3}, gatehouse.user_id("ada@example.com"))


@pytest.mark.parametrize("setup", [a_stranger, ada_signed_up])
def test_signing_out_takes_exactly_one_row(gatehouse, setup):
    gatehouse.member("bob@example.com")
    visitor = gatehouse.visitor()
    setup(gatehouse, visitor)
    visitor.post("sign-out")
    assert gatehouse.rows(select(func.count()).select_from(sessions))[0][0] == 1
