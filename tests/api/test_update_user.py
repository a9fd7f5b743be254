"""POST /update-user."""

import pytest
from sqlalchemy import select, update

from backend.storage.tables import users
from tests.admins import make_admin
from tests.in_process import Gatehouse, Visitor, cookie_lines
from tests.make import PASSWORD
from tests.scene import Scene, ada_signed_up, refusal, scenes

PATH = "update-user"
BOB = {"name": "Bob", "email": "bob@example.com"}
TOO_LONG = "Too big: expected string to have <=2048 characters"
REISSUED = ("session_token 604800",)


def ada_has_a_picture(_: Gatehouse, visitor: Visitor) -> None:
    """The visitor is ada@example.com, signed in, and has a picture."""
    assert visitor.sign_up(image="/a.png").status_code == 200


GOOD = [
    Scene(
        name="a new name",
        setup=ada_signed_up,
        path=PATH,
        body={"name": "Ada King"},
        status=200,
        response={"status": True},
        cookies=REISSUED,
        events=("user_updated",),
    ),
    Scene(
        name="a picture",
        setup=ada_signed_up,
        path=PATH,
        body={"image": "https://img.example/a.png"},
        status=200,
        response={"status": True},
        cookies=REISSUED,
        events=("user_updated",),
    ),
    Scene(
        name="no picture any more",
        setup=ada_has_a_picture,
        path=PATH,
        body={"image": None},
        status=200,
        response={"status": True},
        cookies=REISSUED,
        events=("user_updated",),
    ),
    Scene(
        name="something unknown beside something known",
        setup=ada_signed_up,
        path=PATH,
        body={"name": "Ada King", "favouriteColour": "green", "emailVerified": True},
        status=200,
        response={"status": True},
        cookies=REISSUED,
        events=("user_updated",),
    ),
    Scene(
        name="what it is already",
        setup=ada_signed_up,
        path=PATH,
        body={"name": "Ada", "image": None},
        status=200,
        response={"status": True},
        cookies=REISSUED,
    ),
]

REFUSED = [
    Scene(
        name="a stranger",
        path=PATH,
        body={"name": "Ada"},
        status=401,
        code="UNAUTHORIZED",
    ),
    Scene(
        name="nothing",
        setup=ada_signed_up,
        path=PATH,
        body={},
        status=400,
        message="No fields to update",
    ),
    Scene(
        name="nothing known",
        setup=ada_signed_up,
        path=PATH,
        body={"favouriteColour": "green"},
        status=400,
        message="No fields to update",
    ),
    Scene(
        name="another address",
        setup=ada_signed_up,
        path=PATH,
        body={"email": "new@example.com", "name": "Ada"},
        status=400,
        code="EMAIL_CAN_NOT_BE_UPDATED",
    ),
    Scene(
        name="a role",
        setup=ada_signed_up,
        path=PATH,
        body={"role": "admin", "name": "Ada"},
        status=400,
        code="FIELD_NOT_ALLOWED",
        message="role is not allowed to be set",
    ),
    Scene(
        name="an array",
        setup=ada_signed_up,
        path=PATH,
        body=[],
        status=400,
        code="VALIDATION_ERROR",
        message="[body] Invalid input: expected record, received array",
    ),
    Scene(
        name="no name",
        setup=ada_signed_up,
        path=PATH,
        body={"name": None},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.name] Invalid input: expected string, received null",
    ),
    Scene(
        name="a text that is too long for a URL",
        setup=ada_signed_up,
        path=PATH,
        body={"image": "x" * 2049},
        status=400,
        code="VALIDATION_ERROR",
        message=f"[body.image] {TOO_LONG}",
    ),
    Scene(
        name="a bad body of a stranger, who hears of the body first",
        path=PATH,
        body={"name": 7},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.name] Invalid input: expected string, received number",
    ),
]


@pytest.mark.parametrize(
    ("path", "body", "field_path"),
    [
        ("sign-up/email", {**BOB, "password": PASSWORD, "image": "x" * 2049}, "body.image"),
        ("admin/create-user", {**BOB, "data": {"image": "x" * 2049}}, "body.data.image"),
        ("admin/update-user", {"userId": "1", "data": {"image": "x" * 2049}}, "body.data.image"),
    ],
)
def test_nor_do_others_take_a_picture_in_place_of_its_url(gatehouse, path, body, field_path):
    response = make_admin(gatehouse).post(path, body)
    assert response.json() == refusal("VALIDATION_ERROR", f"[{field_path}] {TOO_LONG}")


def test_an_image_may_have_2048_characters_of_any_kind(any_gatehouse):
    ada = any_gatehouse.member()
    assert ada.post(PATH, {"image": "🙂" * 2048}).status_code == 200
    assert ada.session()["user"]["image"] == "🙂" * 2048


@scenes(*GOOD)
def test_it_changes_the_profile(any_gatehouse, scene):
    scene.play(any_gatehouse)


@scenes(*REFUSED)
def test_it_refuses(gatehouse, scene):
    scene.play(gatehouse)


def test_every_browser_of_the_user_sees_the_change_at_once(any_gatehouse, clock):
    ada, elsewhere = any_gatehouse.member(), any_gatehouse.visitor()
    elsewhere.sign_in()
    for browser in (ada, elsewhere):
        assert browser.session()["user"]["name"] == "Ada"
    clock.advance(seconds=5)
    ada.post(PATH, {"name": "Ada King", "image": "/a.png"})
    for browser in (ada, elsewhere):
        user = browser.session()["user"]
        assert (user["name"], user["image"]) == ("Ada King", "/a.png")
        assert user["updatedAt"] == "2026-11-22T12:00:05.000Z"


def test_nobody_else_is_changed(gatehouse):
    ada, bob = gatehouse.member(), gatehouse.member("bob@example.com")
    before = bob.session()
    ada.post(PATH, {"name": "Everybody"})
    assert bob.session() == before


def test_what_was_not_named_stays(gatehouse):
    ada = gatehouse.visitor()
    ada.sign_up(image="/a.png")
    ada.post(PATH, {"name": "Ada King"})
    assert ada.session()["user"]["image"] == "/a.png"


def test_the_cookie_comes_again_with_the_same_token(gatehouse):
    ada = gatehouse.member()
    before = ada.session_cookie
    ada.post(PATH, {"name": "Ada King"})
    assert ada.session_cookie == before


def test_one_that_is_not_remembered_stays_so(gatehouse):
    ada = gatehouse.visitor()
    ada.sign_up(rememberMe=False)
    lines = cookie_lines(ada.post(PATH, {"name": "Ada King"}))
    assert list(lines) == ["session_token", "dont_remember"]
    assert "Max-Age" not in "".join(lines.values())


@pytest.mark.parametrize("field", ["banned", "banReason", "banExpires", "role"])
def test_what_only_an_admin_sets_is_refused(gatehouse, field):
    ada = gatehouse.member()
    response = ada.post(PATH, {field: "x"})
    assert response.json()["message"] == f"{field} is not allowed to be set"


def test_the_audit_trail_names_the_fields_and_not_their_values(gatehouse):
    gatehouse.member().post(PATH, {"name": "canary", "image": "canary"})
    (event,) = [each for each in gatehouse.events() if each.kind == "user_updated"]
    assert event.detail == {"fields": "image,name"}


def test_that_nothing_changes_the_database_says_not_the_memory(gatehouse):
    ada = gatehouse.member()
    gatehouse.wait_for_the_feed()
    for _ in range(2):
        assert ada.session()["user"]["name"] == "Ada"
    gatehouse.execute(update(users).values(name="Grace"))  # and nobody is told
    assert ada.post(PATH, {"name": "Ada"}).status_code == 200
    assert gatehouse.rows(select(users.c.name)) == [("Ada",)]


def test_it_takes_one_message_to_the_database(start, postgres_url):
    gatehouse = start(database_url=postgres_url)
    ada = gatehouse.member()
    gatehouse.wait_for_the_feed()
    for _ in range(2):
        assert ada.session() is not None
    with gatehouse.statements() as statements:
        assert ada.post(PATH, {"name": "Ada King"}).status_code == 200
    assert len(statements) == 1
