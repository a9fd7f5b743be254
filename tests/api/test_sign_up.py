"""POST /sign-up/email."""

import pytest
from sqlalchemy import select

from backend.storage.tables import sessions, users
from tests.in_process import cookie_lines
from tests.make import PASSWORD
from tests.scene import Scene, a_stranger, ada_exists, ada_signed_up, scenes

PATH = "sign-up/email"
ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LAST_WAY = "last_used_login_method 2592000"
SIGNED_IN = ("session_token 604800", "device 34560000", LAST_WAY)
UNTIL_CLOSED = ("session_token", "dont_remember", "device 34560000", LAST_WAY)

GOOD = [
    Scene(
        name="a new address gets an account and is signed in",
        path=PATH,
        body=ADA,
        status=200,
        has=('"email":"ada@example.com"', '"name":"Ada"', '"emailVerified":false'),
        cookies=SIGNED_IN,
        events=("sign_up",),
    ),
    Scene(
        name="not remembered, the session ends with the browser",
        path=PATH,
        body={**ADA, "rememberMe": False},
        status=200,
        cookies=UNTIL_CLOSED,
        events=("sign_up",),
    ),
    Scene(
        name="the address is kept in lower case",
        path=PATH,
        body={**ADA, "email": "Ada@EXAMPLE.com"},
        status=200,
        has=('"email":"ada@example.com"',),
        cookies=SIGNED_IN,
        events=("sign_up",),
    ),
    Scene(
        name="an empty name will do",
        path=PATH,
        body={**ADA, "name": ""},
        status=200,
        has=('"name":""',),
        cookies=SIGNED_IN,
        events=("sign_up",),
    ),
    Scene(
        name="a picture is kept",
        path=PATH,
        body={**ADA, "image": "https://img.example/ada.png"},
        status=200,
        has=('"image":"https://img.example/ada.png"',),
        cookies=SIGNED_IN,
        events=("sign_up",),
    ),
    Scene(
        name="unknown fields are dropped and raise nobody's rank",
        path=PATH,
        body={**ADA, "emailVerified": True, "id": "mine", "role": "", "foo": 1},
        status=200,
        has=('"emailVerified":false', '"role":"user"'),
        lacks=("foo", "mine"),
        cookies=SIGNED_IN,
        events=("sign_up",),
    ),
    Scene(
        name="a callbackURL is checked and otherwise ignored",
        path=PATH,
        body={**ADA, "callbackURL": "/welcome"},
        status=200,
        lacks=("/welcome",),
        cookies=SIGNED_IN,
        events=("sign_up",),
    ),
    Scene(
        name="a form works too",
        path=PATH,
        raw=b"name=Ada&email=ada%40example.com&password=correct+horse+battery",
        headers={"content-type": "application/x-www-form-urlencoded"},
        status=200,
        has=('"email":"ada@example.com"',),
        cookies=SIGNED_IN,
        events=("sign_up",),
    ),
]

REFUSED = [
    Scene(
        name="a taken address",
        setup=ada_exists,
        path=PATH,
        body=ADA,
        status=422,
        code="USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
        events=("sign_up_failed",),
    ),
    Scene(
        name="a taken address in other letters",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "email": "ADA@example.com"},
        status=422,
        code="USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
        events=("sign_up_failed",),
    ),
    Scene(
        name="seven characters",
        path=PATH,
        body={**ADA, "password": "7 chars"},
        status=400,
        code="PASSWORD_TOO_SHORT",
    ),
    Scene(
        name="129 characters",
        path=PATH,
        body={**ADA, "password": "x" * 129},
        status=400,
        code="PASSWORD_TOO_LONG",
    ),
    Scene(
        name="a common password",
        path=PATH,
        body={**ADA, "password": "Password123!"},
        status=400,
        code="PASSWORD_COMPROMISED",
    ),
    Scene(
        name="no address",
        path=PATH,
        body={**ADA, "email": "ada"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid email address",
    ),
    Scene(
        name="an address with a space around it",
        path=PATH,
        body={**ADA, "email": " ada@example.com"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid email address",
    ),
    Scene(
        name="everything missing",
        path=PATH,
        body={},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.name] Invalid input: expected string, received undefined; "
        "[body.email] Invalid input: expected string, received undefined; "
        "[body.password] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="no body",
        path=PATH,
        status=400,
        code="VALIDATION_ERROR",
        message="[body] Invalid input: expected object, received undefined; "
        "[body] Invalid input: expected record, received undefined",
    ),
    Scene(
        name="a role",
        path=PATH,
        body={**ADA, "role": "admin"},
        status=400,
        code="FIELD_NOT_ALLOWED",
        message="role is not allowed to be set",
    ),
    Scene(
        name="a form's rememberMe, which is a string",
        path=PATH,
        raw=b"name=Ada&email=ada%40example.com&password=correct+horse&rememberMe=false",
        headers={"content-type": "application/x-www-form-urlencoded"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.rememberMe] Invalid input: expected boolean, received string",
    ),
    Scene(
        name="a callbackURL elsewhere",
        path=PATH,
        body={**ADA, "callbackURL": "https://evil.example/"},
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
]


@scenes(*GOOD)
def test_it_makes_an_account(any_gatehouse, scene):
    scene.play(any_gatehouse)


@scenes(*REFUSED)
def test_it_refuses_and_makes_nothing(any_gatehouse, scene):
    scene.play(any_gatehouse)
    accounts = 1 if scene.setup is ada_exists else 0
    assert len(any_gatehouse.rows(select(users.c.id))) == accounts
    assert len(any_gatehouse.rows(select(sessions.c.id))) == accounts


def test_the_answer_has_exactly_these_keys(gatehouse):
    response = gatehouse.visitor().sign_up().json()
    assert list(response) == ["token", "user"]
    assert set(response["user"]) == {
        *("id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"),
        *("role", "banned", "banReason", "banExpires"),
        *("twoFactorEnabled", "username", "displayUsername"),
    }


def test_the_dates_are_the_clocks(gatehouse):
    user = gatehouse.visitor().sign_up().json()["user"]
    assert (user["createdAt"], user["updatedAt"]) == ("2026-11-22T12:00:00.000Z",) * 2


def test_the_token_is_what_the_cookie_carries_signed(gatehouse):
    visitor = gatehouse.visitor()
    token = visitor.sign_up().json()["token"]
    assert visitor.session_cookie.startswith(f"{token}.")


def test_the_cookies_attributes_stand_in_better_auths_order(gatehouse):
    lines = cookie_lines(gatehouse.visitor().sign_up())
    _, _, attributes = lines["session_token"].partition("; ")
    assert attributes == "Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"


def test_over_https_the_cookies_are_secure(start):
    visitor = start(public_url="https://auth.example.com").visitor()
    lines = cookie_lines(visitor.sign_up())
    assert lines["session_token"].startswith("__Secure-better-auth.session_token=")
    for_scripts = lines.pop("last_used_login_method")
    assert for_scripts.startswith("better-auth.last_used_login_method=email; Max-Age=2592000; ")
    assert for_scripts.endswith("; Path=/; Secure; SameSite=Lax")
    assert all(line.endswith("; HttpOnly; Secure; SameSite=Lax") for line in lines.values())
    assert visitor.session()["user"]["email"] == "ada@example.com"


def test_signing_up_can_be_switched_off(start):
    Scene(name="off", path=PATH, body=ADA, status=400, code="EMAIL_PASSWORD_SIGN_UP_DISABLED").play(
        start(sign_up=False)
    )


def test_without_strict_a_common_password_is_taken(start):
    assert start(strict=False).visitor().sign_up(password="12345678").status_code == 200


def test_the_session_presented_ends(any_gatehouse):
    visitor = any_gatehouse.member()
    old = visitor.session_cookie
    visitor.sign_up("bob@example.com")
    visitor.session_cookie = old
    assert visitor.session() is None


def test_without_strict_the_session_presented_lives_on(start):
    visitor = start(strict=False).member()
    old = visitor.session_cookie
    visitor.sign_up("bob@example.com")
    visitor.session_cookie = old
    assert visitor.session()["user"]["email"] == "ada@example.com"


@pytest.mark.parametrize("setup", [a_stranger, ada_signed_up])
def test_the_session_cookie_of_a_failed_sign_up_is_left_alone(gatehouse, setup):
    visitor = gatehouse.visitor()
    setup(gatehouse, visitor)
    before = visitor.session()
    assert visitor.sign_up("bob@example.com", "short").status_code == 400
    assert visitor.session() == before


def test_the_audit_trail_tells_who_from_where_and_in_which_request(gatehouse):
    response = gatehouse.visitor("198.51.100.4").sign_up()
    (event,) = gatehouse.events()
    assert event.actor == event.subject == gatehouse.user_id("ada@example.com")
    assert (event.address, event.user_agent) == ("198.51.100.4", "Browser/1.0")
    assert event.request_id == response.headers["x-request-id"]


def test_of_eight_letters_and_an_emoji_each_counts_one(gatehouse):
    assert gatehouse.visitor().sign_up(password="seven 🙂🙂").status_code == 200
    assert gatehouse.visitor().sign_up("b@example.com", "six  🙂🙂"[:7]).status_code == 400
