"""The admin endpoints that make, change and remove users."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.storage.tables import links, sessions, users
from tests.admins import ADA, BOB, ROOT, an_admin, emails, make_admin, user_id_of
from tests.make import PASSWORD
from tests.scene import Scene, events_after, refusal, scenes

CREATE, UPDATE = "admin/create-user", "admin/update-user"
SET_ROLE, SET_PASSWORD = "admin/set-role", "admin/set-user-password"
REMOVE = "admin/remove-user"
NEW = {"email": BOB, "name": "Bob", "password": PASSWORD}


@pytest.fixture
def root(gatehouse):
    """An admin's browser."""
    return make_admin(gatehouse)


@pytest.fixture
def ada(gatehouse):
    """The browser of a user with an ordinary account."""
    return gatehouse.member(ADA)


def update_user(root, gatehouse, data, email=ADA):
    return root.post(UPDATE, {"userId": user_id_of(gatehouse, email), "data": data})


def list_links(gatehouse, user_id):
    return gatehouse.rows(select(links.c.id).where(links.c.user_id == user_id))


def test_a_created_user_signs_in_and_the_admin_stays_who_they_are(gatehouse, root):
    before = gatehouse.events()
    created = root.post(CREATE, {**NEW, "email": BOB.upper()})
    assert created.status_code == 200
    user = created.json()["user"]
    assert (user["email"], user["role"], user["emailVerified"]) == (BOB, "user", False)
    assert not created.headers.get_list("set-cookie")
    assert events_after(gatehouse, before) == ["user_created"]
    assert gatehouse.visitor().sign_in(BOB).status_code == 200
    assert root.session()["user"]["email"] == ROOT


def test_a_user_created_without_password_cannot_sign_in_with_one(gatehouse, root):
    assert root.post(CREATE, {"email": BOB, "name": "Bob"}).status_code == 200
    assert gatehouse.rows(select(users.c.password_hash).where(users.c.email == BOB)) == [(None,)]
    assert gatehouse.visitor().sign_in(BOB).status_code == 401


def test_an_empty_password_is_none(gatehouse, root):
    assert root.post(CREATE, {**NEW, "password": ""}).status_code == 200
    assert gatehouse.rows(select(users.c.password_hash).where(users.c.email == BOB)) == [(None,)]


@pytest.mark.parametrize(("strict", "status"), [(True, 400), (False, 200)])
def test_a_short_password_is_taken_without_strict_only(start, strict, status):
    root = make_admin(start(strict=strict))
    assert root.post(CREATE, {**NEW, "password": "a"}).status_code == status


def test_a_role_may_be_among_the_data_and_the_one_beside_it_counts(gatehouse, root):
    created = root.post(CREATE, {**NEW, "data": {"role": "admin"}}).json()["user"]
    assert created["role"] == "admin"
    both = {**NEW, "email": "eve@example.com", "role": "user", "data": {"role": "admin"}}
    assert root.post(CREATE, both).json()["user"]["role"] == "user"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"newPassword": ""}, "[body.newPassword] newPassword cannot be empty"),
        ({"userId": ""}, "[body.userId] userId cannot be empty"),
    ],
)
def test_an_empty_field_of_a_new_password_is_named(gatehouse, root, payload, message):
    whole = {"userId": user_id_of(gatehouse, ROOT), "newPassword": PASSWORD, **payload}
    refused = root.post(SET_PASSWORD, whole)
    assert refused.status_code == 400
    assert refused.json() == {"code": "VALIDATION_ERROR", "message": message}


def test_a_user_is_created_with_roles_picture_and_proof_of_address(gatehouse, root):
    more = {"image": "https://example.com/bob.png", "emailVerified": True}
    created = root.post(CREATE, {**NEW, "role": ["user", "admin"], "data": more}).json()["user"]
    assert created["role"] == "user,admin"
    assert (created["image"], created["emailVerified"]) == (more["image"], True)


@scenes(
    *[
        Scene(name=name, setup=an_admin, path=CREATE, body={**NEW, **body}, status=400, code=code)
        for name, body, code in [
            ("a taken address", {"email": ADA.upper()}, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
            ("no address", {"email": "bob"}, "INVALID_EMAIL"),
            ("a short password", {"password": "short"}, "PASSWORD_TOO_SHORT"),
            ("a long password", {"password": "x" * 129}, "PASSWORD_TOO_LONG"),
            ("a common password", {"password": "password123"}, "PASSWORD_COMPROMISED"),
            ("no such role", {"role": "owner"}, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
            ("no role at all", {"role": []}, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
        ]
    ],
    Scene(
        name="a field of no user",
        setup=an_admin,
        path=CREATE,
        body={**NEW, "data": {"twoFactorEnabled": False}},
        status=400,
        code="FIELD_NOT_ALLOWED",
        message="twoFactorEnabled is not allowed to be set",
    ),
    Scene(
        name="roles of a wrong type",
        setup=an_admin,
        path=CREATE,
        body={**NEW, "role": [1]},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.role] Invalid input",
    ),
    Scene(
        name="an id that is none",
        setup=an_admin,
        path=UPDATE,
        body={"userId": "nobody", "data": {"name": "X"}},
        status=404,
        code="USER_NOT_FOUND",
    ),
    Scene(
        name="a user who is not there",
        setup=an_admin,
        path=SET_PASSWORD,
        body={"userId": "00000000-0000-7000-8000-000000000000", "newPassword": PASSWORD},
        status=404,
        code="USER_NOT_FOUND",
    ),
)
def test_what_cannot_be_is_refused(gatehouse, scene):
    scene.play(gatehouse)


def test_a_user_is_read_by_id(gatehouse, root, ada):
    user = root.get(f"admin/get-user?id={user_id_of(gatehouse, ADA)}").json()
    assert user == ada.session()["user"]
    assert root.get("admin/get-user?id=nobody").json() == refusal("USER_NOT_FOUND")
    assert root.get("admin/get-user").json()["code"] == "VALIDATION_ERROR"


def test_a_name_and_a_picture_are_changed_at_once_in_every_session(gatehouse, root, ada):
    assert ada.session()["user"]["name"] == "Ada"
    before = gatehouse.events()
    changed = update_user(root, gatehouse, {"name": "Countess", "image": None})
    assert changed.json()["name"] == "Countess"
    assert ada.session()["user"]["name"] == "Countess"
    assert events_after(gatehouse, before) == ["user_updated"]


def test_a_changed_address_is_unproved_and_voids_what_was_mailed_to_the_old_one(
    gatehouse, root, ada
):
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    ada_id = gatehouse.user_id(ADA)
    assert list_links(gatehouse, ada_id) != []
    changed = update_user(root, gatehouse, {"email": "LOVELACE@example.com"}).json()
    assert (changed["email"], changed["emailVerified"]) == ("lovelace@example.com", False)
    assert list_links(gatehouse, ada_id) == []
    assert gatehouse.visitor().sign_in("lovelace@example.com").status_code == 200
    assert gatehouse.visitor().sign_in(ADA).status_code == 401


def test_an_address_is_declared_proved(gatehouse, root, ada):
    assert update_user(root, gatehouse, {"emailVerified": True}).json()["emailVerified"] is True
    changed = update_user(root, gatehouse, {"email": BOB, "emailVerified": True}).json()
    assert (changed["email"], changed["emailVerified"]) == (BOB, True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "NO_DATA_TO_UPDATE"),
        ({"password": PASSWORD}, "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER"),
        ({"id": "1"}, "USER_ID_CANNOT_BE_UPDATED"),
        ({"createdAt": "2000-01-01T00:00:00Z"}, "FIELD_NOT_ALLOWED"),
        ({"twoFactorEnabled": True}, "FIELD_NOT_ALLOWED"),
        ({"email": ROOT}, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
        ({"email": "nowhere"}, "INVALID_EMAIL"),
        ({"role": 7}, "INVALID_ROLE_TYPE"),
        ({"role": "owner"}, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
        ({"banExpires": "tomorrow"}, "VALIDATION_ERROR"),
        ({"name": None}, "VALIDATION_ERROR"),
        ({"name": "two\x00parts"}, "VALIDATION_ERROR"),
    ],
)
def test_what_is_not_for_update_user_is_refused_and_changes_nothing(
    gatehouse, root, ada, data, code
):
    everything = gatehouse.rows(select(users).order_by(users.c.id))
    refused = update_user(root, gatehouse, data)
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert gatehouse.rows(select(users).order_by(users.c.id)) == everything


def test_a_role_holds_at_once_in_sessions_that_are_open(gatehouse, root, ada):
    assert ada.get("admin/list-users").status_code == 403
    before = gatehouse.events()
    response = root.post(
        SET_ROLE, {"userId": user_id_of(gatehouse, ADA), "role": ["user", "admin"]}
    )
    assert response.json()["user"]["role"] == "user,admin"
    assert events_after(gatehouse, before) == ["role_changed"]
    assert ada.get("admin/list-users").status_code == 200
    update_user(root, gatehouse, {"role": "user"})
    assert ada.get("admin/list-users").status_code == 403


def test_a_role_that_stays_the_same_is_no_event(gatehouse, root, ada):
    before = gatehouse.events()
    response = root.post(SET_ROLE, {"userId": user_id_of(gatehouse, ADA), "role": "user"})
    assert response.status_code == 200
    assert events_after(gatehouse, before) == []


UNCHANGED = [
    {"name": "Ada"},
    {"name": "Ada", "image": None, "emailVerified": False},
    {"email": ADA.upper()},
    {"role": "user"},
    {"banned": False},
    {"role": ["user"], "email": ADA, "name": "Ada", "banned": False, "banReason": None},
]


@pytest.mark.parametrize("data", UNCHANGED)
def test_what_is_so_already_is_neither_written_nor_recorded(any_gatehouse, data):
    root, before = make_admin(any_gatehouse), any_gatehouse.member(ADA).session()["user"]
    any_gatehouse.clock.advance(seconds=1)
    events = any_gatehouse.events()
    assert update_user(root, any_gatehouse, data).json() == before
    assert events_after(any_gatehouse, events) == []
    (row,) = any_gatehouse.rows(select(users.c.updated_at).where(users.c.email == ADA))
    assert row.updated_at == any_gatehouse.clock.now() - timedelta(seconds=1)


def test_of_several_changes_only_those_that_are_some_are_recorded(gatehouse, root, ada):
    data = {"name": "Countess", "image": None, "banned": False, "role": "user"}
    update_user(root, gatehouse, data)
    (event,) = [each for each in gatehouse.events() if each.kind == "user_updated"]
    assert event.detail == {"fields": "name"}


def test_a_password_that_an_admin_sets_ends_what_the_old_one_opened(gatehouse, root, ada):
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    ada_id, before = gatehouse.user_id(ADA), gatehouse.events()
    body = {"userId": str(ada_id), "newPassword": "set by an admin"}
    assert root.post(SET_PASSWORD, body).json() == {"status": True}
    assert events_after(gatehouse, before) == ["password_set"]
    assert ada.session() is None
    assert list_links(gatehouse, ada_id) == []
    assert gatehouse.visitor().sign_in(ADA).status_code == 401
    assert gatehouse.visitor().sign_in(ADA, "set by an admin").status_code == 200
    assert root.session() is not None


def test_without_strict_a_password_that_an_admin_sets_leaves_sessions_open(start):
    gatehouse = start(strict=False)
    root, ada = make_admin(gatehouse), gatehouse.member(ADA)
    body = {"userId": user_id_of(gatehouse, ADA), "newPassword": "set by an admin"}
    assert root.post(SET_PASSWORD, body).status_code == 200
    assert ada.session() is not None


def test_an_admin_who_sets_their_own_password_keeps_the_session_they_did_it_in(gatehouse, root):
    elsewhere = gatehouse.visitor()
    elsewhere.sign_in(ROOT)
    body = {"userId": user_id_of(gatehouse, ROOT), "newPassword": "set by myself"}
    assert root.post(SET_PASSWORD, body).status_code == 200
    assert root.session() is not None
    assert elsewhere.session() is None


def test_whoever_was_locked_out_by_guesses_signs_in_with_the_password_that_was_set(start):
    gatehouse = start(rate_limits=True)
    root = make_admin(gatehouse)
    gatehouse.member(ADA, address="198.51.100.1")
    for number in range(11):
        stranger = gatehouse.visitor(f"198.51.100.{number + 10}")
        locked = stranger.sign_in(ADA, "a guess")
    assert locked.status_code == 429
    body = {"userId": user_id_of(gatehouse, ADA), "newPassword": "set by an admin"}
    assert root.post(SET_PASSWORD, body).status_code == 200
    assert gatehouse.visitor("198.51.100.99").sign_in(ADA, "set by an admin").status_code == 200


def test_a_removed_user_is_gone_with_all_that_was_theirs(any_gatehouse):
    root, ada = make_admin(any_gatehouse), any_gatehouse.member(ADA)
    ada_id, named = any_gatehouse.user_id(ADA), user_id_of(any_gatehouse, ADA)
    before = any_gatehouse.events()
    assert root.post(REMOVE, {"userId": named}).json() == {"success": True}
    assert ada.session() is None
    assert any_gatehouse.visitor().sign_in(ADA).status_code == 401
    assert any_gatehouse.rows(select(sessions.c.id).where(sessions.c.user_id == ada_id)) == []
    assert "user_deleted" in events_after(any_gatehouse, before)
    assert root.post(REMOVE, {"userId": named}).json() == refusal("USER_NOT_FOUND")
    assert emails(root.get("admin/list-users").json()) == [ROOT]


def test_admins_do_not_remove_themselves(gatehouse, root):
    refused = root.post(REMOVE, {"userId": user_id_of(gatehouse, ROOT)})
    assert (refused.status_code, refused.json()) == (400, refusal("YOU_CANNOT_REMOVE_YOURSELF"))
    assert root.session() is not None
