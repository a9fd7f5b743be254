"""Who may use the admin endpoints, and that there is always an admin."""

import pytest
from sqlalchemy import select

from backend.storage.tables import sessions, users
from tests.admins import ADA, BOB, ROOT, give_role, make_admin, user_id_of
from tests.make import PASSWORD
from tests.scene import events_after, refusal

NOBODY = "00000000-0000-7000-8000-000000000000"
NOT_ALLOWED = "YOU_ARE_NOT_ALLOWED_TO_"
OF_USER = {"userId": NOBODY}
ENDPOINTS = [
    ("GET", "list-users", ..., "LIST_USERS"),
    ("GET", f"get-user?id={NOBODY}", ..., "GET_USER"),
    ("POST", "create-user", {"email": BOB, "name": "B", "password": PASSWORD}, "CREATE_USERS"),
    ("POST", "update-user", {**OF_USER, "data": {"name": "B"}}, "UPDATE_USERS"),
    ("POST", "update-user", {**OF_USER, "data": {"id": "B"}}, "UPDATE_USERS"),
    ("POST", "set-role", {**OF_USER, "role": "admin"}, "CHANGE_USERS_ROLE"),
    ("POST", "ban-user", OF_USER, "BAN_USERS"),
    ("POST", "unban-user", OF_USER, "BAN_USERS"),
    ("POST", "list-user-sessions", OF_USER, "LIST_USERS_SESSIONS"),
    ("POST", "revoke-user-session", {"sessionToken": "x"}, "REVOKE_USERS_SESSIONS"),
    ("POST", "revoke-user-sessions", OF_USER, "REVOKE_USERS_SESSIONS"),
    ("POST", "remove-user", OF_USER, "DELETE_USERS"),
    ("POST", "set-user-password", {**OF_USER, "newPassword": PASSWORD}, "SET_USERS_PASSWORD"),
    ("POST", "impersonate-user", OF_USER, "IMPERSONATE_USERS"),
]
OWN_ENDPOINTS = [
    ("GET", "status", ..., 200),
    ("GET", "events", ..., 200),
    ("GET", "stats", ..., 200),
    ("GET", "outbox", ..., 200),
    ("GET", "users", ..., 200),
    ("GET", "users.csv", ..., 200),
    ("GET", "sessions", ..., 200),
    ("POST", "send-reset", OF_USER, 404),
]


def state_of(gatehouse):
    """Every row of users."""
    return gatehouse.rows(select(users).order_by(users.c.id))


def list_admins(gatehouse):
    is_admin = users.c.role.contains("admin") & users.c.banned.is_(False)
    return {email for (email,) in gatehouse.rows(select(users.c.email).where(is_admin))}


@pytest.mark.parametrize(("method", "path", "body", "action"), ENDPOINTS)
def test_admin_endpoints_refuse_strangers_silently_and_users_by_name(
    gatehouse, method, path, body, action
):
    ada, before = gatehouse.member(ADA), state_of(gatehouse)
    stranger = gatehouse.visitor().send(method, f"admin/{path}", body)
    assert (stranger.status_code, stranger.content) == (401, b"")
    assert stranger.headers["content-type"] == "application/json"
    refused = ada.send(method, f"admin/{path}", body)
    assert (refused.status_code, refused.json()) == (403, refusal(NOT_ALLOWED + action))
    assert state_of(gatehouse) == before


@pytest.mark.parametrize("path", ["stop-impersonating", "has-permission"])
def test_even_what_asks_for_no_role_asks_for_a_session(gatehouse, path):
    stranger = gatehouse.visitor().post(f"admin/{path}", {"permissions": {}})
    assert (stranger.status_code, stranger.content) == (401, b"")


@pytest.mark.parametrize(("method", "path", "body", "status"), OWN_ENDPOINTS)
def test_what_the_owner_reads_is_for_admins_only(gatehouse, method, path, body, status):
    url = f"/api/admin/{path}"
    stranger = gatehouse.visitor().send(method, url, body)
    assert (stranger.status_code, stranger.json()) == (401, refusal("UNAUTHORIZED"))
    refused = gatehouse.member(ADA).send(method, url, body)
    assert (refused.status_code, refused.json()) == (403, refusal("ADMINS_ONLY"))
    root = make_admin(gatehouse)
    assert root.send(method, url, body).status_code == status
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    impersonating = root.send(method, url, body)
    assert (impersonating.status_code, impersonating.json()) == (403, refusal("ADMINS_ONLY"))


def test_a_malformed_request_is_refused_before_anybody_is_asked_who_they_are(gatehouse):
    response = gatehouse.visitor().post("admin/ban-user", {"userId": {"$ne": 1}})
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(("method", "path", "body", "action"), ENDPOINTS)
def test_an_impersonating_admin_has_no_rights_of_an_admin(gatehouse, method, path, body, action):
    root, _ = make_admin(gatehouse), gatehouse.member(ADA)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    refused = root.send(method, f"admin/{path}", body)
    assert (refused.status_code, refused.json()) == (403, refusal(NOT_ALLOWED + action))
    response = root.post("admin/has-permission", {"permissions": {"user": ["list"]}})
    assert response.json()["success"] is False
    assert root.get("/api/admin/status").status_code == 403
    give_role(gatehouse, ADA, "admin")  # should the user become one, the impersonation ends
    assert root.send(method, f"admin/{path}", body).status_code == 401


def test_whoever_gets_another_role_is_left_by_impersonators(gatehouse):
    root, ada = make_admin(gatehouse), gatehouse.member(ADA)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    second = make_admin(gatehouse, "second@example.com")
    second.post("admin/set-role", {"userId": user_id_of(gatehouse, ADA), "role": "admin"})
    assert root.session() is None
    assert ada.session()["user"]["role"] == "admin"


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("set-role", {"role": "user"}),
        ("ban-user", {}),
        ("remove-user", {}),
        ("set-user-password", {"newPassword": "another password"}),
    ],
)
def test_an_admin_who_stops_being_one_leaves_whom_they_impersonate(gatehouse, path, more):
    root, ada = make_admin(gatehouse), gatehouse.member(ADA)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    second = make_admin(gatehouse, "second@example.com")
    response = second.post(f"admin/{path}", {"userId": user_id_of(gatehouse, ROOT), **more})
    assert response.status_code == 200
    assert root.session() is None
    assert ada.session() is not None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("change-password", {"currentPassword": PASSWORD, "newPassword": "taken over now"}),
        ("change-email", {"newEmail": "mallory@example.com"}),
        ("delete-user", {"password": PASSWORD}),
    ],
)
def test_an_impersonating_admin_does_not_take_the_account(gatehouse, path, body):
    root, _ = make_admin(gatehouse), gatehouse.member(ADA)
    root.post("admin/impersonate-user", {"userId": user_id_of(gatehouse, ADA)})
    before = state_of(gatehouse)
    assert root.post(path, body).status_code == 403
    assert state_of(gatehouse) == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("set-role", {"role": "user"}),
        ("set-role", {"role": ["user"]}),
        ("update-user", {"data": {"role": "user"}}),
    ],
)
def test_the_last_admin_is_not_demoted(gatehouse, path, body):
    root, before = make_admin(gatehouse), gatehouse.events()
    own = {"userId": user_id_of(gatehouse, ROOT), **body}
    refused = root.post(f"admin/{path}", own)
    assert (refused.status_code, refused.json()) == (400, refusal("LAST_ADMIN"))
    assert events_after(gatehouse, before) == []
    assert root.get("admin/list-users").status_code == 200


def test_a_banned_admin_does_not_count_as_one(gatehouse):
    root, _ = make_admin(gatehouse), make_admin(gatehouse, "second@example.com")
    second = {"userId": user_id_of(gatehouse, "second@example.com")}
    assert root.post("admin/ban-user", second).status_code == 200
    own = {"userId": user_id_of(gatehouse, ROOT), "role": "user"}
    assert root.post("admin/set-role", own).json() == refusal("LAST_ADMIN")


def test_the_last_admin_does_not_delete_their_own_account(gatehouse):
    root = make_admin(gatehouse)
    assert root.post("delete-user", {"password": PASSWORD}).json() == refusal("LAST_ADMIN")
    make_admin(gatehouse, "second@example.com")
    assert root.post("delete-user", {"password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    ("path", "more"),
    [("set-role", {"role": "user"}), ("ban-user", {}), ("remove-user", {})],
)
@pytest.mark.parametrize("attempt", range(3))
def test_of_two_admins_who_turn_on_each_other_at_once_one_is_left(
    any_gatehouse, path, more, attempt
):
    names = [ROOT, "second@example.com"]
    first, second = (make_admin(any_gatehouse, name) for name in names)
    ids = {name: user_id_of(any_gatehouse, name) for name in names}
    responses = any_gatehouse.gather(
        first.send_async("POST", f"admin/{path}", {"userId": ids[names[1]], **more}),
        second.send_async("POST", f"admin/{path}", {"userId": ids[names[0]], **more}),
    )
    assert sorted(response.status_code for response in responses)[0] == 200
    assert len(list_admins(any_gatehouse)) == 1


def test_of_four_admins_who_all_resign_at_once_one_is_left(any_gatehouse):
    names = [f"admin{number}@example.com" for number in range(4)]
    visitors = [make_admin(any_gatehouse, name) for name in names]
    responses = any_gatehouse.gather(
        *(
            visitor.send_async(
                "POST",
                "admin/set-role",
                {"userId": user_id_of(any_gatehouse, name), "role": "user"},
            )
            for visitor, name in zip(visitors, names, strict=True)
        )
    )
    assert sorted(response.status_code for response in responses) == [200, 200, 200, 400]
    assert len(list_admins(any_gatehouse)) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_no_impersonation_outlives_the_role_of_who_began_it(any_gatehouse, attempt):
    root, _ = make_admin(any_gatehouse), any_gatehouse.member(ADA)
    second = make_admin(any_gatehouse, "second@example.com")
    demotion = {"userId": user_id_of(any_gatehouse, ROOT), "role": "user"}
    any_gatehouse.gather(
        root.send_async(
            "POST", "admin/impersonate-user", {"userId": user_id_of(any_gatehouse, ADA)}
        ),
        second.send_async("POST", "admin/set-role", demotion),
    )
    impersonations = select(sessions.c.id).where(sessions.c.impersonated_by.is_not(None))
    assert any_gatehouse.rows(impersonations) == []
