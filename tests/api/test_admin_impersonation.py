"""POST /admin/impersonate-user and /admin/stop-impersonating."""

import pytest
from sqlalchemy import select

from backend.features.sessions import service
from backend.storage.tables import users
from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.in_process import cookie_lines
from tests.scene import cookies_of, events_after, refusal

START, STOP = "admin/impersonate-user", "admin/stop-impersonating"
CLEARED = ["session_token 0", "session_data 0", "dont_remember 0"]


@pytest.fixture
def root(gatehouse):
    """An admin's browser."""
    return make_admin(gatehouse)


@pytest.fixture
def ada(gatehouse):
    """The browser of a user with an ordinary account."""
    return gatehouse.member(ADA)


def impersonate(root, gatehouse, email=ADA):
    return root.post(START, {"userId": user_id_of(gatehouse, email)})


def test_an_admin_is_somebody_else_for_an_hour_and_then_themselves_again(gatehouse, root, ada):
    own = root.session()
    before = gatehouse.events()
    response = impersonate(root, gatehouse)
    acting = response.json()
    assert acting["user"]["email"] == ADA
    assert acting["session"]["impersonatedBy"] == own["user"]["id"]
    assert acting["session"]["expiresAt"] == "2026-11-22T13:00:00.000Z"
    assert cookies_of(response) == [
        *CLEARED,
        "admin_session 604800",
        "session_token",
        "dont_remember",
    ]
    assert root.session() == acting

    back = root.post(STOP)
    assert back.json() == own
    assert cookies_of(back) == ["session_token 604800", "dont_remember 0", "admin_session 0"]
    assert root.session() == own
    assert events_after(gatehouse, before) == ["impersonation_ended", "impersonation_started"]
    assert ada.session()["user"]["email"] == ADA


def test_the_cookie_in_which_the_admin_waits_is_signed_and_says_how_they_signed_in(gatehouse):
    make_admin(gatehouse)
    gatehouse.member(ADA)
    for remember, dont_remember in ((True, ""), (False, "true")):
        root = gatehouse.visitor()
        root.sign_in(ROOT, rememberMe=remember)
        token = root.session()["session"]["token"]
        line = cookie_lines(impersonate(root, gatehouse))["admin_session"]
        value, _, attributes = line.partition("; ")
        assert value.startswith(f"better-auth.admin_session={token}%3A{dont_remember}.")
        assert attributes == "Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"


def test_an_admin_whom_the_browser_does_not_remember_comes_back_unremembered(gatehouse, ada):
    make_admin(gatehouse)
    root = gatehouse.visitor()
    root.sign_in(ROOT, rememberMe=False)
    impersonate(root, gatehouse)
    assert cookies_of(root.post(STOP)) == ["session_token", "dont_remember", "admin_session 0"]
    assert root.session()["user"]["email"] == ROOT


def test_after_an_hour_it_is_over(gatehouse, root, ada):
    impersonate(root, gatehouse)
    gatehouse.clock.advance(hours=1)
    assert root.session() is None


def test_the_user_sees_no_impersonator_among_their_sessions_and_the_admin_does(
    gatehouse, root, ada
):
    impersonate(root, gatehouse)
    assert len(ada.get("list-sessions").json()) == 1
    other = make_admin(gatehouse, "second@example.com")
    body = {"userId": user_id_of(gatehouse, ADA)}
    listed = other.post("admin/list-user-sessions", body).json()["sessions"]
    marks = {each["impersonatedBy"] for each in listed}
    assert marks == {None, user_id_of(gatehouse, ROOT)}


def test_an_admin_who_has_no_session_left_to_go_back_to_is_signed_out(gatehouse, root, ada):
    impersonate(root, gatehouse)
    acting = dict(root.cookies)
    other = make_admin(gatehouse, "second@example.com")
    other.post("admin/revoke-user-sessions", {"userId": user_id_of(gatehouse, ROOT)})
    lost = root.post(STOP)
    assert lost.status_code == 401
    assert lost.json() == {"message": "Failed to find admin session"}
    assert cookies_of(lost) == [*CLEARED, "admin_session 0"]
    root.cookies = acting
    assert root.session() is None


OUT = [("sign-out", {}), ("revoke-sessions", {}), ("revoke-session", {"token": ...})]


@pytest.mark.parametrize(("path", "body"), OUT, ids=[path for path, _ in OUT])
def test_who_ends_the_session_while_impersonating_is_signed_out_altogether(
    gatehouse, root, ada, path, body
):
    own = root.session()["session"]["token"]
    impersonate(root, gatehouse)
    response = root.post(path, {name: root.session()["session"]["token"] for name in body})
    assert cookies_of(response) == [*CLEARED, "admin_session 0"]
    left = [name for name in root.cookies if "better-auth" in name]
    assert left == ["better-auth.last_used_login_method"]
    bearer = {"authorization": f"Bearer {own}"}
    assert gatehouse.visitor().get("get-session", headers=bearer).json() is None
    assert (ada.session() is None) == (path == "revoke-sessions")


def test_so_is_who_signs_in_anew_meanwhile(gatehouse, root, ada):
    own = root.session()["session"]["token"]
    impersonate(root, gatehouse)
    assert "admin_session 0" in cookies_of(root.sign_in(ADA))
    bearer = {"authorization": f"Bearer {own}"}
    assert gatehouse.visitor().get("get-session", headers=bearer).json() is None


def test_an_impersonation_that_has_run_out_leaves_no_admin_behind_in_the_browser(
    gatehouse, root, ada
):
    impersonate(root, gatehouse)
    gatehouse.clock.advance(hours=1)
    assert cookies_of(root.get("get-session")) == [*CLEARED, "admin_session 0"]


def test_nobody_goes_back_into_a_session_of_another(gatehouse, root, ada):
    impersonate(root, gatehouse)
    other = make_admin(gatehouse, "second@example.com")
    impersonate(other, gatehouse)
    name = "better-auth.admin_session"
    root.cookies[name] = other.cookies[name]
    assert root.post(STOP).status_code == 401
    assert root.session() is None


def test_who_impersonates_nobody_has_nothing_to_stop(gatehouse, root):
    refused = root.post(STOP)
    message = "You are not impersonating anyone"
    assert (refused.status_code, refused.json()) == (400, {"message": message})
    assert root.session() is not None


def test_admins_banned_users_and_nobody_are_not_impersonated(gatehouse, root, ada):
    make_admin(gatehouse, "second@example.com")
    refused = impersonate(root, gatehouse, "second@example.com")
    assert (refused.status_code, refused.json()) == (403, refusal("YOU_CANNOT_IMPERSONATE_ADMINS"))
    assert impersonate(root, gatehouse, ROOT).json() == refusal("YOU_CANNOT_IMPERSONATE_ADMINS")
    gatehouse.ban(ADA)
    assert impersonate(root, gatehouse).json() == refusal("BANNED_USER")
    assert root.post(START, {"userId": "nobody"}).json() == refusal("USER_NOT_FOUND")
    assert root.session()["user"]["email"] == ROOT


def test_it_ends_with_the_longest_that_a_session_may_last(start):
    gatehouse = start(session_max_age=600)
    root = make_admin(gatehouse)
    gatehouse.member(ADA)
    acting = impersonate(root, gatehouse).json()
    assert acting["session"]["expiresAt"] == "2026-11-22T12:10:00.000Z"


def test_it_ends_none_of_the_users_own_sessions(gatehouse, root, ada, monkeypatch):
    monkeypatch.setattr(service, "MAX_PER_USER", 1)
    impersonate(root, gatehouse)
    assert ada.session() is not None


def test_it_is_not_the_user_who_comes_back_from_a_ban_that_has_run_out(gatehouse, root, ada):
    gatehouse.ban(ADA, ban_expires=gatehouse.clock.now())
    before = gatehouse.events()
    assert impersonate(root, gatehouse).status_code == 200
    assert events_after(gatehouse, before) == ["impersonation_started"]
    assert gatehouse.rows(select(users.c.banned).where(users.c.email == ADA)) == [(True,)]
