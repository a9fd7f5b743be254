"""The admin endpoints about other people's sessions, and has-permission."""

import pytest

from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.scene import events_after, refusal

LIST, REVOKE = "admin/list-user-sessions", "admin/revoke-user-session"
REVOKE_ALL, MAY = "admin/revoke-user-sessions", "admin/has-permission"


@pytest.fixture
def root(gatehouse):
    """An admin's browser."""
    return make_admin(gatehouse)


@pytest.fixture
def ada(gatehouse):
    """The browser of a user with an ordinary account."""
    return gatehouse.member(ADA)


def list_sessions(root, gatehouse, email=ADA):
    return root.post(LIST, {"userId": user_id_of(gatehouse, email)}).json()["sessions"]


def test_live_sessions_are_listed_with_handles_in_place_of_tokens(gatehouse, root, ada):
    elsewhere = gatehouse.visitor()
    elsewhere.sign_in(ADA, rememberMe=False)
    listed = list_sessions(root, gatehouse)
    assert {each["id"] for each in listed} == {
        visitor.session()["session"]["id"] for visitor in (ada, elsewhere)
    }
    assert all(each["token"] == each["id"] for each in listed)
    gatehouse.clock.advance(days=1)
    assert len(list_sessions(root, gatehouse)) == 1


def test_an_admins_own_session_shows_its_token(gatehouse, root):
    (own,) = list_sessions(root, gatehouse, ROOT)
    assert own["token"] == root.session()["session"]["token"]


def test_nobody_has_no_sessions(root):
    assert root.post(LIST, {"userId": "nobody"}).json() == {"sessions": []}


@pytest.mark.parametrize("name", ["token", "id"])
def test_one_session_is_ended_by_its_token_or_its_handle(gatehouse, root, ada, name):
    elsewhere = gatehouse.visitor()
    elsewhere.sign_in(ADA)
    before = gatehouse.events()
    token = elsewhere.session()["session"][name]
    assert root.post(REVOKE, {"sessionToken": token}).json() == {"success": True}
    assert events_after(gatehouse, before) == ["session_revoked"]
    assert elsewhere.session() is None
    assert ada.session() is not None


def test_all_sessions_of_a_user_are_ended(any_gatehouse):
    root, ada, elsewhere = (
        make_admin(any_gatehouse),
        any_gatehouse.member(ADA),
        any_gatehouse.visitor(),
    )
    elsewhere.sign_in(ADA)
    before = any_gatehouse.events()
    assert root.post(REVOKE_ALL, {"userId": user_id_of(any_gatehouse, ADA)}).json() == {
        "success": True
    }
    (event,) = [each for each in any_gatehouse.events() if each not in before]
    assert (event.kind, event.detail) == ("session_revoked", {"sessions": 2})
    assert ada.session() is None
    assert elsewhere.session() is None
    assert root.session() is not None


def test_ending_what_is_not_there_succeeds_and_is_no_event(gatehouse, root):
    before = gatehouse.events()
    assert root.post(REVOKE, {"sessionToken": "nothing"}).json() == {"success": True}
    assert root.post(REVOKE_ALL, {"userId": "nobody"}).json() == {"success": True}
    assert events_after(gatehouse, before) == []


def test_a_role_tells_what_it_allows(root, ada):
    for permissions, admin, user in [
        ({"user": ["create", "ban"], "session": ["revoke"]}, True, False),
        ({"user": ["impersonate-admins"]}, False, False),
        ({"user": ["fly"]}, False, False),
        ({"rocket": ["launch"]}, False, False),
        ({}, False, False),
    ]:
        for visitor, allowed in ((root, admin), (ada, user)):
            response = visitor.post(MAY, {"permissions": permissions})
            assert response.json() == {"error": None, "success": allowed}


def test_the_former_way_to_ask_is_refused(root):
    former = root.post(MAY, {"permission": {"user": ["ban"]}})
    message = "invalid permission check. no permission(s) were passed."
    assert (former.status_code, former.json()) == (400, {"message": message})
    nothing = root.post(MAY, {})
    assert nothing.json() == refusal("VALIDATION_ERROR", "[body] Invalid input")
