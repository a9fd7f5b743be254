"""Signing in with a mailed link, as Better Auth's client does it (wire.md 5.5)."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from backend.storage.tables import users
from tests.in_process import Gatehouse, cookie_lines
from tests.magic import ADA, FETCH, ask, click, press_button, sign_in
from tests.make import PASSWORD
from tests.scene import Scene, events_after, refusal, scenes
from tests.second_factor import enrol

NEW = "new@example.com"


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture(params=[True, False], ids=["strict", "like Better Auth"])
def either(start_mailing, request) -> Gatehouse:
    """With and without STRICT."""
    return start_mailing(strict=request.param)


def path_of(response) -> str:
    return urlsplit(response.headers["location"])._replace(scheme="", netloc="").geturl()


def test_a_link_makes_the_account_and_signs_in(gatehouse, mailbox):
    before = gatehouse.events()
    ada = gatehouse.visitor()
    mail = ask(ada, mailbox, "New@Example.com", name="Ada")
    response = click(ada, mail)

    assert (response.status_code, response.headers["location"]) == (
        302,
        f"{gatehouse.settings.base_url}/in",
    )
    user = ada.session()["user"]
    assert (user["email"], user["name"], user["emailVerified"]) == (NEW, "Ada", True)
    events = ["magic_link_requested", "sign_in", "sign_up"]
    assert events_after(gatehouse, before) == events
    assert {row.password_hash for row in gatehouse.rows(select(users))} == {None}


def test_somebody_who_has_an_account_keeps_what_it_has(gatehouse, mailbox):
    first = sign_in(gatehouse, mailbox)
    again = sign_in(gatehouse, mailbox)
    assert again.session()["user"] == first.session()["user"]
    assert len(gatehouse.rows(select(users.c.id))) == 1


@pytest.mark.parametrize(
    ("fields", "first", "second"),
    [
        ({}, "/in", "/in"),
        ({"newUserCallbackURL": "/welcome?a=b"}, "/welcome?a=b", "/in"),
        ({"callbackURL": None}, "/", "/"),
        ({"callbackURL": None, "newUserCallbackURL": "/welcome"}, "/welcome", "/"),
    ],
    ids=str,
)
def test_it_leads_to_the_page_it_was_asked_for_with(either, mailbox, fields, first, second):
    given = {"callbackURL": "/in", **fields}
    body = {name: value for name, value in given.items() if value is not None}
    for expected in (first, second):
        visitor = either.visitor()
        visitor.post("sign-in/magic-link", {"email": ADA, **body})
        response = click(visitor, mailbox.last("magic-link"))
        assert (response.status_code, path_of(response)) == (302, expected)
        assert "session_token" in cookie_lines(response)


def test_an_address_without_a_path_gets_one_as_a_browser_would_give_it(start_mailing, mailbox):
    gatehouse = start_mailing(frontend_url=("https://app.example.com",))
    visitor = gatehouse.visitor()
    mail = ask(visitor, mailbox, callbackURL="https://app.example.com")
    assert click(visitor, mail).headers["location"] == "https://app.example.com/"


def test_the_client_gets_the_session_as_json(either, mailbox):
    visitor = either.visitor()
    mail = ask(visitor, mailbox)
    payload = visitor.get(f"magic-link/verify?token={mail.token}", headers=FETCH).json()

    assert list(payload) == ["token", "user", "session"]
    session = visitor.session()
    assert payload["user"] == session["user"]
    assert payload["session"] == session["session"]
    assert payload["token"] == payload["session"]["token"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "/?error=INVALID_TOKEN"),
        ("&callbackURL=/in%3Fa%3Db", "/in?a=b&error=INVALID_TOKEN"),
        ("&callbackURL=/in&errorCallbackURL=/err%23x", "/err?error=INVALID_TOKEN#x"),
        ("&newUserCallbackURL=/welcome", "/?error=INVALID_TOKEN"),
    ],
)
def test_a_made_up_token_leads_to_the_page_for_errors(either, query, expected):
    for headers in ({}, FETCH):
        visitor = either.visitor()
        response = visitor.get(f"magic-link/verify?token=x{query}", headers=headers)
        assert (response.status_code, path_of(response)) == (302, expected)
        assert visitor.session_cookie is None


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("setting", ["sign_up", "magic_link_sign_up"])
def test_where_nobody_can_sign_up_only_users_sign_in(start_mailing, mailbox, strict, setting):
    before = start_mailing()
    before.member(ADA)
    before.close()
    gatehouse = start_mailing(strict=strict, **{setting: False})
    assert sign_in(gatehouse, mailbox).session()["user"]["email"] == ADA

    stranger = gatehouse.visitor()
    body = {"email": NEW, "callbackURL": "/in", "errorCallbackURL": "/err"}
    assert stranger.post("sign-in/magic-link", body).json() == {"status": True}
    if strict:  # not even a mail
        assert mailbox.kinds(NEW) == []
        return
    mail = mailbox.last("magic-link", NEW)
    assert path_of(click(stranger, mail)) == "/err?error=new_user_signup_disabled"
    assert path_of(click(stranger, mail)) == "/err?error=INVALID_TOKEN"
    assert stranger.session() is None


def test_it_lasts_as_long_as_the_setting_says(start_mailing, mailbox, clock):
    gatehouse = start_mailing(magic_link_lifetime=3600)
    visitor = gatehouse.visitor()
    mail = ask(visitor, mailbox)
    assert "works once, for 1 hour." in mail.text
    clock.advance(seconds=3599)
    assert path_of(click(visitor, mail)) == "/in"


def test_a_phones_app_gets_the_session_from_the_browser_that_opened_the_link(
    start_mailing, mailbox
):
    gatehouse = start_mailing(frontend_url=("myapp://",))
    app, browser = gatehouse.visitor(), gatehouse.visitor()
    mail = ask(app, mailbox, callbackURL="myapp://open")
    assert click(browser, mail).status_code == 200
    location = press_button(browser, mail).headers["location"]
    (cookie,) = parse_qs(urlsplit(location).query)["cookie"]
    assert location.startswith("myapp://open?cookie=")
    app.session_cookie = cookie.partition("session_token=")[2].partition(";")[0]
    assert app.session()["user"]["email"] == ADA


def test_after_the_button_the_second_factor_is_asked_for(gatehouse, mailbox):
    ada = gatehouse.member()
    ada.get(mailbox.last("verify").path)
    authenticator = enrol(gatehouse, ada)
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    mail, phone = ask(gatehouse.visitor(), mailbox), gatehouse.visitor()
    response = press_button(phone, mail)
    assert path_of(response) == "/in?twoFactorRedirect=true"
    assert phone.session() is None
    assert phone.post("two-factor/send-otp").json() == refusal("OTP_NOT_ENABLED")
    assert path_of(press_button(phone, mail)) == "/in?error=INVALID_TOKEN"
    code = {"code": authenticator.code()}
    assert phone.post("two-factor/verify-totp", code).status_code == 200
    assert phone.session()["user"]["email"] == ADA


def test_who_tried_without_an_account_becomes_the_user(start_mailing, mailbox):
    gatehouse = start_mailing(anonymous_sign_in=True)
    visitor = gatehouse.visitor()
    visitor.post("sign-in/anonymous")
    click(visitor, ask(visitor, mailbox))
    assert visitor.session()["user"]["email"] == ADA
    assert len(gatehouse.rows(select(users.c.id))) == 1


@pytest.mark.parametrize("strict", [True, False])
def test_without_magic_links_there_are_no_such_endpoints(start_mailing, strict):
    visitor = start_mailing(strict=strict, magic_link=False).visitor()
    for response in (
        visitor.post("sign-in/magic-link", {"email": ADA}),
        visitor.get("magic-link/verify?token=x"),
        visitor.post("magic-link/verify?token=x"),
        visitor.send("HEAD", "magic-link/verify?token=x"),
    ):
        assert (response.status_code, response.content) == (404, b"")


def test_like_better_auth_there_is_neither_a_button_nor_a_cookie(start_mailing, mailbox):
    gatehouse = start_mailing(strict=False)
    visitor = gatehouse.visitor()
    mail = ask(visitor, mailbox)
    assert visitor.cookies == {}
    assert press_button(visitor, mail).status_code == 404
    assert visitor.send("HEAD", mail.path).status_code == 404
    anybody = gatehouse.visitor()
    assert path_of(anybody.get(mail.path)) == "/in"
    assert anybody.session() is not None


def test_a_subject_of_ones_own(start_mailing, mailbox):
    gatehouse = start_mailing(mail_subjects={"magic-link": "Into {app}"}, app_name="Notes")
    assert ask(gatehouse.visitor(), mailbox).subject == "Into Notes"


def test_the_mail_has_the_targets_and_a_token_that_is_stored_nowhere(gatehouse, mailbox):
    targets = {"newUserCallbackURL": "/w?x=1&y=2", "errorCallbackURL": "/e"}
    mail = ask(gatehouse.visitor(), mailbox, metadata={"a": [1]}, **targets)
    query = {name: values[0] for name, values in parse_qs(urlsplit(mail.url).query).items()}
    assert query == {"token": mail.token, "callbackURL": "/in", **targets}


def test_five_in_ten_minutes_reach_a_mailbox(start_mailing, mailbox, clock):
    gatehouse = start_mailing(rate_limits=True)
    for at in range(7):
        visitor = gatehouse.visitor(f"198.51.100.{at}")
        response = visitor.post("sign-in/magic-link", {"email": ADA})
        assert response.json() == {"status": True}
    assert mailbox.kinds() == ["magic-link"] * 5
    clock.advance(seconds=timedelta(minutes=10).total_seconds())
    assert ask(gatehouse.visitor("198.51.100.8"), mailbox)
    assert mailbox.kinds() == ["magic-link"] * 6


@pytest.mark.parametrize("path", ["sign-in/magic-link", "magic-link/verify?token=x"])
def test_five_calls_a_minute(start_mailing, path):
    visitor = start_mailing(rate_limits=True).visitor()
    method, body = ("POST", {"email": "x"}) if "sign-in" in path else ("GET", ...)
    statuses = [visitor.send(method, path, body).status_code for _ in range(6)]
    assert statuses.count(429) == 1
    assert statuses[-1] == 429


@pytest.mark.parametrize("strict", [True, False])
def test_a_password_still_works_where_the_address_was_verified(start_mailing, mailbox, strict):
    gatehouse = start_mailing(strict=strict)
    sign_in(gatehouse, mailbox, "other@example.com")
    ada = gatehouse.member(ADA)
    ada.get(mailbox.last("verify").path)
    sign_in(gatehouse, mailbox)
    assert gatehouse.visitor().sign_in(ADA, PASSWORD).status_code == 200


@scenes(
    Scene(
        name="no address",
        path="sign-in/magic-link",
        body={},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="not an address",
        path="sign-in/magic-link",
        body={"email": "nope"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid email address",
    ),
    Scene(
        name="metadata that is no record",
        path="sign-in/magic-link",
        body={"email": ADA, "metadata": "x"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.metadata] Invalid input: expected record, received string",
    ),
    Scene(
        name="no token",
        method="GET",
        path="magic-link/verify",
        status=400,
        code="VALIDATION_ERROR",
        message="[query.token] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="a form",
        path="sign-in/magic-link",
        raw=b"email=nope",
        headers={"content-type": "application/x-www-form-urlencoded"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid email address",
    ),
)
def test_what_cannot_be_understood_is_refused_in_better_auths_words(start_mailing, scene):
    scene.play(start_mailing())


def test_a_target_elsewhere_is_refused_by_its_name_when_it_is_asked_for(start_mailing):
    visitor = start_mailing().visitor()
    for name, code in {
        "callbackURL": "INVALID_CALLBACK_URL",
        "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL",
        "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL",
    }.items():
        body = {"email": ADA, name: "https://evil.example"}
        response = visitor.post("sign-in/magic-link", body)
        assert (response.status_code, response.json()) == (403, refusal(code))
