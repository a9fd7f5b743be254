"""User names: chosen at sign-up, changed, and used to sign in."""

import pytest
from sqlalchemy import select, update

from backend.storage.tables import users
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import Scene, ada_exists, refusal, scenes

TAKEN = refusal("USERNAME_IS_ALREADY_TAKEN")
REFUSED = refusal("INVALID_USERNAME_OR_PASSWORD")
SIGN_UP = {"name": "Ada", "email": "new@example.com", "password": PASSWORD}
INVALID = {
    "USERNAME_TOO_SHORT": ["", "a", "ab"],
    "USERNAME_TOO_LONG": ["a" * 31, "\U0001f600" * 16],
    "INVALID_USERNAME": ["ada lovelace", "ada-l", "ada@example.com", "\U0001f600" * 15],
}
EACH_INVALID = [(code, name) for code, names in INVALID.items() for name in names]


def ada_has_a_name(gatehouse: Gatehouse, visitor: Visitor) -> None:
    """The visitor is ada@example.com, signed in, with the user name Ada_L."""
    assert visitor.sign_up(username="Ada_L").status_code == 200


def ada_is_somebody_else(gatehouse: Gatehouse, _: Visitor) -> None:
    ada_has_a_name(gatehouse, gatehouse.visitor())


def names_of(gatehouse: Gatehouse, email: str = "ada@example.com") -> tuple[str | None, ...]:
    """The user name of a user as stored, and as its owner writes it."""
    columns = (users.c.username, users.c.display_username)
    ((username, display),) = gatehouse.rows(select(*columns).where(users.c.email == email))
    return username, display


def sign_in(visitor: Visitor, username: str, password: str = PASSWORD, **fields):
    return visitor.post("sign-in/username", {"username": username, "password": password, **fields})


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"username": "Ada_L"}, ("ada_l", "Ada_L")),
        ({"username": "Ada_L", "displayUsername": "Ada the First"}, ("ada_l", "Ada the First")),
        ({"username": "Ada_L", "displayUsername": ""}, ("ada_l", "Ada_L")),
        ({"displayUsername": "Ada.L"}, ("ada.l", "Ada.L")),
        ({"displayUsername": "Ada the First"}, (None, "Ada the First")),
        ({"username": "abc"}, ("abc", "abc")),
        ({"username": "Z" * 30}, ("z" * 30, "Z" * 30)),
        ({"username": None}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_at_sign_up_each_field_stands_in_for_the_other(any_gatehouse, given, stored):
    ada = any_gatehouse.visitor()
    user = ada.sign_up(**given).json()["user"]
    assert (user["username"], user["displayUsername"]) == stored
    assert names_of(any_gatehouse) == stored
    assert ada.session()["user"]["username"] == stored[0]


@pytest.mark.parametrize(("code", "name"), EACH_INVALID)
def test_an_invalid_name_is_refused_wherever_it_is_sent(gatehouse, code, name):
    ada = gatehouse.member()
    for path, payload in (
        ("sign-up/email", {**SIGN_UP, "username": name}),
        ("update-user", {"username": name}),
    ):
        response = ada.post(path, payload)
        assert (response.status_code, response.json()) == (400, refusal(code)), path
    response = ada.post("is-username-available", {"username": name})
    expected = refusal(code if name else "INVALID_USERNAME")
    assert (response.status_code, response.json()) == (422, expected)
    response = sign_in(ada, name)
    assert (response.status_code, response.json()) == (
        (422, refusal(code)) if name else (401, REFUSED)
    )


@scenes(
    Scene(
        name="taken, in other capitals",
        path="sign-up/email",
        body={**SIGN_UP, "username": "ADA_l"},
        setup=ada_is_somebody_else,
        status=400,
        code="USERNAME_IS_ALREADY_TAKEN",
        events=("sign_up_failed",),
    ),
    Scene(
        name="taken by its way of being written",
        path="sign-up/email",
        body={**SIGN_UP, "displayUsername": "ada_L"},
        setup=ada_is_somebody_else,
        status=400,
        code="USERNAME_IS_ALREADY_TAKEN",
        events=("sign_up_failed",),
    ),
    Scene(
        name="taken, and so is the address",
        path="sign-up/email",
        body={**SIGN_UP, "email": "ada@example.com", "username": "ada_l"},
        setup=ada_is_somebody_else,
        status=400,
        code="USERNAME_IS_ALREADY_TAKEN",
        events=("sign_up_failed",),
    ),
    Scene(
        name="of another type at sign-up",
        path="sign-up/email",
        body={**SIGN_UP, "username": 5},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.username] Invalid input: expected string, received number",
    ),
    Scene(
        name="of another type in an update",
        path="update-user",
        body={"displayUsername": ["Ada"]},
        setup=ada_has_a_name,
        status=400,
        code="VALIDATION_ERROR",
        message="[body.displayUsername] Invalid input: expected string, received array",
    ),
    Scene(
        name="an unknown name",
        path="sign-in/username",
        body={"username": "nobody", "password": PASSWORD},
        setup=ada_exists,
        status=401,
        response=REFUSED,
        events=("sign_in_failed",),
    ),
    Scene(
        name="a wrong password",
        path="sign-in/username",
        body={"username": "ada_l", "password": "a wrong guess"},
        setup=ada_has_a_name,
        status=401,
        response=REFUSED,
        events=("sign_in_failed",),
    ),
    Scene(
        name="no password typed",
        path="sign-in/username",
        body={"username": "ada_l", "password": ""},
        setup=ada_has_a_name,
        status=401,
        response=REFUSED,
    ),
    Scene(
        name="a password that is too long",
        path="sign-in/username",
        body={"username": "ada_l", "password": "x" * 129},
        setup=ada_has_a_name,
        status=400,
        code="PASSWORD_TOO_LONG",
    ),
    Scene(
        name="an address in place of a name",
        path="sign-in/username",
        body={"username": "ada@example.com", "password": PASSWORD},
        setup=ada_has_a_name,
        status=422,
        code="INVALID_USERNAME",
    ),
    Scene(
        name="a name in place of an address",
        path="sign-in/email",
        body={"email": "ada_l", "password": PASSWORD},
        setup=ada_has_a_name,
        status=400,
        code="INVALID_EMAIL",
    ),
    Scene(
        name="no name at all",
        path="sign-in/username",
        body={"password": PASSWORD},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.username] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="a target that is not trusted",
        path="sign-in/username",
        body={"username": "ada_l", "password": PASSWORD, "callbackURL": "https://evil.example"},
        setup=ada_has_a_name,
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
)
def test_what_is_refused(gatehouse, scene):
    scene.play(gatehouse)


@pytest.mark.parametrize("username", ["ada_l", "Ada_L", "ADA_L"])
def test_a_sign_in_is_that_with_the_address(any_gatehouse, username):
    ada_has_a_name(any_gatehouse, any_gatehouse.visitor())
    ada = any_gatehouse.visitor()
    response = sign_in(ada, username, callbackURL="/chat")
    session = ada.session()
    assert response.json() == {
        "redirect": True,
        "token": session["session"]["token"],
        "url": "/chat",
        "user": session["user"],
    }
    assert (response.status_code, response.headers["location"]) == (200, "/chat")
    assert "gatehouse.device" in ada.cookies
    (event,) = [each for each in any_gatehouse.events() if each.kind == "sign_in"]
    assert event.detail == {"method": "username"}


def test_without_a_target_and_not_to_be_remembered(gatehouse):
    ada_has_a_name(gatehouse, gatehouse.visitor())
    response = sign_in(gatehouse.visitor(), "ada_l", rememberMe=False)
    assert response.json().keys() == {"redirect", "token", "user"}
    assert "location" not in response.headers
    (line,) = [each for each in response.headers.get_list("set-cookie") if "session_token" in each]
    assert "Max-Age" not in line


def test_a_user_without_a_password_is_refused_like_anybody(gatehouse):
    ada_has_a_name(gatehouse, gatehouse.visitor())
    gatehouse.execute(update(users).values(password_hash=None))
    response = sign_in(gatehouse.visitor(), "ada_l")
    assert (response.status_code, response.json()) == (401, REFUSED)


def test_a_banned_user_learns_so_with_the_right_password_only(gatehouse):
    ada_has_a_name(gatehouse, gatehouse.visitor())
    gatehouse.ban("ada@example.com")
    assert sign_in(gatehouse.visitor(), "ada_l", "a wrong guess").json() == REFUSED
    assert sign_in(gatehouse.visitor(), "ada_l").json() == refusal("BANNED_USER")


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"username": "Grace"}, ("grace", "Ada_L")),
        ({"username": "Grace", "displayUsername": "Grace"}, ("grace", "Grace")),
        ({"displayUsername": "Ada the First"}, ("ada_l", "Ada the First")),
        ({"username": "ADA_L"}, ("ada_l", "Ada_L")),
        ({"username": "ADA_L", "displayUsername": "ADA_L"}, ("ada_l", "ADA_L")),
        ({"username": None}, (None, "Ada_L")),
        ({"username": None, "displayUsername": None}, (None, None)),
    ],
)
def test_a_name_is_changed(any_gatehouse, changes, stored):
    ada = any_gatehouse.visitor()
    ada_has_a_name(any_gatehouse, ada)
    response = ada.post("update-user", changes)
    assert (response.status_code, response.json()) == (200, {"status": True})
    assert names_of(any_gatehouse) == stored
    user = ada.session()["user"]
    assert (user["username"], user["displayUsername"]) == stored


def test_the_name_of_somebody_else_is_not_taken_over(any_gatehouse):
    ada_has_a_name(any_gatehouse, any_gatehouse.visitor())
    grace = any_gatehouse.member("grace@example.com")
    response = grace.post("update-user", {"username": "ADA_L"})
    assert (response.status_code, response.json()) == (400, TAKEN)
    assert names_of(any_gatehouse, "grace@example.com") == (None, None)


def test_a_name_given_up_is_free(gatehouse):
    ada = gatehouse.visitor()
    ada_has_a_name(gatehouse, ada)
    ada.post("update-user", {"username": "countess"})
    assert sign_in(gatehouse.visitor(), "ada_l").status_code == 401
    assert gatehouse.visitor().sign_up("b@example.com", username="ada_l").status_code == 200
    ada.post("delete-user", {"password": PASSWORD})
    assert gatehouse.visitor().sign_up("c@example.com", username="countess").status_code == 200


def test_a_changed_name_is_recorded_without_its_value(gatehouse):
    ada = gatehouse.visitor()
    ada_has_a_name(gatehouse, ada)
    ada.post("update-user", {"username": "countess"})
    (event,) = [each for each in gatehouse.events() if each.kind == "user_updated"]
    assert event.detail == {"fields": "username"}


def test_availability(any_gatehouse):
    visitor = any_gatehouse.visitor()
    before = visitor.post("is-username-available", {"username": "ADA_L"})
    ada_has_a_name(any_gatehouse, any_gatehouse.visitor())
    after = visitor.post("is-username-available", {"username": "ADA_L"})
    assert (before.json(), after.json()) == ({"available": True}, {"available": False})


@pytest.mark.parametrize(("strict", "allowed"), [(True, 20), (False, 25)])
def test_availability_is_limited_by_address(start, strict, allowed):
    visitor = start(rate_limits=True, strict=strict).visitor()
    statuses = [
        visitor.post("is-username-available", {"username": "ada_l"}).status_code for _ in range(25)
    ]
    assert statuses.count(200) == allowed


def test_without_user_names_there_is_nothing_of_it(start):
    gatehouse = start(username=False)
    ada = gatehouse.visitor()
    user = ada.sign_up(username=5, displayUsername="Ada").json()["user"]
    assert (user["username"], user["displayUsername"]) == (None, None)
    assert ada.post("update-user", {"username": "x"}).json() == refusal(None, "No fields to update")
    assert ada.post("update-user", {"name": "Ada", "username": "ada_l"}).status_code == 200
    assert names_of(gatehouse) == (None, None)
    for path in ("sign-in/username", "is-username-available"):
        response = ada.post(path, {"username": "ada_l", "password": PASSWORD})
        assert (response.status_code, response.content) == (404, b"")


SIGN_UPS = 20


def test_of_many_sign_ups_with_one_name_at_once_one_has_it(any_gatehouse):
    visitors = [any_gatehouse.visitor(f"198.51.100.{number}") for number in range(SIGN_UPS)]
    bodies = [
        {**SIGN_UP, "email": f"{number}@example.com", "username": "Wanted"}
        for number in range(SIGN_UPS)
    ]
    responses = any_gatehouse.gather(
        *(
            visitor.send_async("POST", "sign-up/email", body)
            for visitor, body in zip(visitors, bodies, strict=True)
        )
    )
    statuses = [response.status_code for response in responses]
    assert statuses.count(200) == 1
    refused = [response.json() for response in responses if response.status_code != 200]
    assert refused == [TAKEN] * (SIGN_UPS - 1)
    assert len(any_gatehouse.rows(select(users.c.id))) == 1


def test_of_many_who_change_to_one_name_at_once_one_has_it(any_gatehouse):
    members = [any_gatehouse.member(f"{number}@example.com") for number in range(8)]
    responses = any_gatehouse.gather(
        *(each.send_async("POST", "update-user", {"username": "Wanted"}) for each in members)
    )
    assert [response.status_code for response in responses].count(200) == 1
    refused = [response.json() for response in responses if response.status_code != 200]
    assert refused == [TAKEN] * 7
