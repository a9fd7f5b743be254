"""POST /sign-in/email."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from backend.storage.tables import sessions, users
from tests.clocks import NOON
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import Scene, ada_exists, scenes

PATH = "sign-in/email"
ADA = {"email": "ada@example.com", "password": PASSWORD}
WRONG = {**ADA, "password": "not the password"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
LAST_WAY = "last_used_login_method 2592000"
SIGNED_IN = ("session_token 604800", "device 34560000", LAST_WAY)


def ada_is_banned(gatehouse: Gatehouse, _: Visitor) -> None:
    """ada@example.com has an account, and is banned for good."""
    gatehouse.member()
    gatehouse.ban("ada@example.com")


def ada_was_banned(gatehouse: Gatehouse, _: Visitor) -> None:
    """ada@example.com was banned until now."""
    gatehouse.member()
    gatehouse.ban("ada@example.com", ban_expires=NOON, ban_reason="spam")


def ada_has_no_password(gatehouse: Gatehouse, _: Visitor) -> None:
    """ada@example.com signs in by other means."""
    gatehouse.member()
    gatehouse.execute(update(users).values(password_hash=None))


GOOD = [
    Scene(
        name="address and password let in",
        setup=ada_exists,
        path=PATH,
        body=ADA,
        status=200,
        has=('"redirect":false', '"email":"ada@example.com"'),
        lacks=('"url"',),
        cookies=SIGNED_IN,
        events=("sign_in",),
    ),
    Scene(
        name="the address in other letters",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "email": "ADA@Example.COM"},
        status=200,
        cookies=SIGNED_IN,
        events=("sign_in",),
    ),
    Scene(
        name="not remembered",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "rememberMe": False},
        status=200,
        cookies=("session_token", "dont_remember", "device 34560000", LAST_WAY),
        events=("sign_in",),
    ),
    Scene(
        name="with a callbackURL it says where to go",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "callbackURL": "/dashboard?tab=1"},
        status=200,
        has=('"redirect":true', '"url":"/dashboard?tab=1"'),
        cookies=SIGNED_IN,
        events=("sign_in",),
    ),
    Scene(
        name="a form works too",
        setup=ada_exists,
        path=PATH,
        raw=b"email=ada%40example.com&password=correct+horse+battery",
        headers=FORM,
        status=200,
        cookies=SIGNED_IN,
        events=("sign_in",),
    ),
    Scene(
        name="a ban that has run out is lifted",
        setup=ada_was_banned,
        path=PATH,
        body=ADA,
        status=200,
        cookies=SIGNED_IN,
        events=("sign_in", "user_unbanned"),
    ),
]

REFUSED = [
    Scene(
        name="a wrong password",
        setup=ada_exists,
        path=PATH,
        body=WRONG,
        status=401,
        code="INVALID_EMAIL_OR_PASSWORD",
        events=("sign_in_failed",),
    ),
    Scene(
        name="an unknown address",
        path=PATH,
        body=ADA,
        status=401,
        code="INVALID_EMAIL_OR_PASSWORD",
        events=("sign_in_failed",),
    ),
    Scene(
        name="an account without password",
        setup=ada_has_no_password,
        path=PATH,
        body=ADA,
        status=401,
        code="INVALID_EMAIL_OR_PASSWORD",
        events=("sign_in_failed",),
    ),
    Scene(
        name="a banned user with the right password",
        setup=ada_is_banned,
        path=PATH,
        body=ADA,
        status=403,
        code="BANNED_USER",
        events=("sign_in_failed",),
    ),
    Scene(
        name="a banned user with a wrong password",
        setup=ada_is_banned,
        path=PATH,
        body=WRONG,
        status=401,
        code="INVALID_EMAIL_OR_PASSWORD",
        events=("sign_in_failed",),
    ),
    Scene(
        name="no address", path=PATH, body={**ADA, "email": "ada"}, status=400, code="INVALID_EMAIL"
    ),
    Scene(
        name="an empty address",
        path=PATH,
        body={**ADA, "email": ""},
        status=400,
        code="INVALID_EMAIL",
    ),
    Scene(
        name="129 characters",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "password": "x" * 129},
        status=400,
        code="PASSWORD_TOO_LONG",
    ),
    Scene(
        name="a number for an address",
        path=PATH,
        body={**ADA, "email": 7},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid input: expected string, received number",
    ),
    Scene(
        name="an operator for a password",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "password": {"$ne": ""}},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.password] Invalid input: expected string, received object",
    ),
    Scene(
        name="null for rememberMe",
        path=PATH,
        body={**ADA, "rememberMe": None},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.rememberMe] Invalid input: expected boolean, received null",
    ),
    Scene(
        name="a callbackURL elsewhere",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "callbackURL": "https://evil.example/"},
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
    Scene(
        name="a callbackURL that is no string",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "callbackURL": ["/x"]},
        status=400,
        message="Invalid callbackURL: expected a string",
    ),
    Scene(
        name="an errorCallbackURL elsewhere",
        setup=ada_exists,
        path=PATH,
        body={**ADA, "errorCallbackURL": "//evil.example"},
        status=403,
        code="INVALID_ERROR_CALLBACK_URL",
    ),
    Scene(
        name="a callbackURL elsewhere in the query",
        setup=ada_exists,
        path=f"{PATH}?callbackURL=https://evil.example/",
        body=ADA,
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
]


@scenes(*GOOD)
def test_it_lets_in(any_gatehouse, scene):
    scene.play(any_gatehouse)


@scenes(*REFUSED)
def test_it_refuses_and_opens_nothing(any_gatehouse, scene):
    scene.play(any_gatehouse)
    # A ban has ended what the sign-up opened.
    signed_up = 0 if scene.setup in {Scene.setup, ada_is_banned} else 1
    assert len(any_gatehouse.rows(select(sessions.c.id))) == signed_up


def test_the_answer_has_exactly_these_keys(gatehouse):
    gatehouse.member()
    visitor = gatehouse.visitor()
    assert list(visitor.sign_in().json()) == ["redirect", "token", "user"]
    assert list(visitor.sign_in(callbackURL="/x").json()) == ["redirect", "token", "url", "user"]


def test_a_location_comes_with_the_callback_url_and_the_status_stays_200(gatehouse):
    gatehouse.member()
    assert gatehouse.visitor().sign_in(callbackURL="/x").headers["location"] == "/x"
    assert "location" not in gatehouse.visitor().sign_in().headers


def test_a_location_is_fit_for_a_header(gatehouse):
    gatehouse.member()
    response = gatehouse.visitor().sign_in(callbackURL="/grüße/🙂?a=%20")
    assert response.headers["location"] == "/gr%C3%BC%C3%9Fe/%F0%9F%99%82?a=%20"
    assert response.json()["url"] == "/grüße/🙂?a=%20"


def test_a_trusted_origin_may_be_the_target(start):
    gatehouse = start(frontend_url="https://app.example.test")
    gatehouse.member()
    response = gatehouse.visitor().sign_in(callbackURL="https://app.example.test/chat")
    assert response.headers["location"] == "https://app.example.test/chat"


def test_each_sign_in_has_a_token_of_its_own(gatehouse):
    gatehouse.member()
    tokens = {gatehouse.visitor().sign_in().json()["token"] for _ in range(16)}
    assert len(tokens) == 16


def test_the_session_remembers_from_where_it_came(gatehouse):
    gatehouse.member()
    visitor = gatehouse.visitor("2001:db8::7", **{"user-agent": "Other/2.0"})
    visitor.sign_in()
    session = visitor.session()["session"]
    assert (session["ipAddress"], session["userAgent"]) == ("2001:db8::7", "Other/2.0")


def test_a_browser_without_a_name_has_an_empty_one(gatehouse):
    visitor = gatehouse.visitor(**{"user-agent": ""})
    visitor.sign_up()
    assert visitor.session()["session"]["userAgent"] == ""


def test_a_long_agent_is_cut(gatehouse):
    visitor = gatehouse.visitor(**{"user-agent": "Browser " * 700})
    visitor.sign_up()
    assert visitor.session()["session"]["userAgent"] == "Browser " * 64


def test_a_remembered_sign_in_clears_the_mark_of_one_that_was_not(gatehouse):
    visitor = gatehouse.member()
    visitor.sign_in(rememberMe=False)
    assert "better-auth.dont_remember" in visitor.cookies
    visitor.sign_in()
    assert "better-auth.dont_remember" not in visitor.cookies


def test_the_session_presented_ends(any_gatehouse):
    visitor = any_gatehouse.member()
    old = visitor.session_cookie
    assert visitor.sign_in().status_code == 200
    visitor.session_cookie = old
    assert visitor.session() is None


def test_without_strict_it_lives_on(start):
    visitor = start(strict=False).member()
    old = visitor.session_cookie
    visitor.sign_in()
    visitor.session_cookie = old
    assert visitor.session() is not None


def test_a_failed_sign_in_leaves_the_session_presented_alone(gatehouse):
    visitor = gatehouse.member()
    assert visitor.sign_in(password="wrong wrong").status_code == 401
    assert visitor.session() is not None


def test_other_browsers_stay_signed_in(gatehouse):
    first, second = gatehouse.member(), gatehouse.visitor()
    second.sign_in()
    assert first.session() is not None


def test_the_hundred_and_first_session_ends_the_oldest(gatehouse, clock):
    oldest = gatehouse.member()
    others = []
    for _ in range(100):
        clock.advance(seconds=1)
        others.append(gatehouse.visitor())
        others[-1].sign_in()
    assert oldest.session() is None
    assert others[0].session() is not None
    assert len(gatehouse.rows(select(sessions.c.id))) == 100


def test_a_lifted_ban_leaves_no_trace_on_the_user(any_gatehouse):
    any_gatehouse.member()
    long_ago = NOON - timedelta(days=3650)  # by the database's clock too
    any_gatehouse.ban("ada@example.com", ban_expires=long_ago, ban_reason="spam")
    visitor = any_gatehouse.visitor()
    visitor.sign_in()
    user = visitor.session()["user"]
    assert (user["banned"], user["banReason"], user["banExpires"]) == (False, None, None)


def test_the_answer_to_the_sign_in_that_lifts_a_ban_knows_of_it(gatehouse):
    gatehouse.member()
    gatehouse.ban("ada@example.com", ban_expires=NOON, ban_reason="spam")
    assert gatehouse.visitor().sign_in().json()["user"]["banned"] is False


def test_a_ban_with_a_moment_to_go_holds(gatehouse):
    gatehouse.member()
    gatehouse.ban("ada@example.com", ban_expires=NOON + timedelta(microseconds=1))
    assert gatehouse.visitor().sign_in().status_code == 403


def test_an_outdated_hash_is_replaced_by_a_sign_in(any_gatehouse):
    from backend.kernel.passwords.hasher import PasswordHasher
    from backend.kernel.secrets.secret import Password

    any_gatehouse.member()
    old = PasswordHasher(5).hash(Password(PASSWORD))
    any_gatehouse.execute(update(users).values(password_hash=old))
    assert any_gatehouse.visitor().sign_in().status_code == 200
    ((new,),) = any_gatehouse.rows(select(users.c.password_hash))
    assert new.startswith("$bcrypt-sha256$v=2,t=2b,r=4$")
    assert any_gatehouse.visitor().sign_in().status_code == 200


@pytest.mark.parametrize("known", [True, False])
def test_a_failure_is_recorded_with_whom_it_hit_but_not_with_what_was_typed(gatehouse, known):
    gatehouse.member()
    typed = "ada@example.com" if known else "canary@example.com"
    gatehouse.visitor().sign_in(typed, "canary password")
    (event,) = [each for each in gatehouse.events() if each.kind == "sign_in_failed"]
    assert event.actor is None
    assert event.subject == (gatehouse.user_id("ada@example.com") if known else None)
    assert "canary" not in str(event)
