"""A second factor: setting it up, the second step of a sign-in, and removing it."""

from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from sqlalchemy import select, update

from backend.features.sessions.service import WHILE_IMPERSONATING
from backend.storage.tables import sign_in_challenges, users
from tests.admins import make_admin
from tests.in_process import Gatehouse, Visitor, cookie_lines
from tests.make import PASSWORD
from tests.scene import cookies_of, events_after, refusal
from tests.second_factor import App, enrol, first_step

CHALLENGED = {"twoFactorRedirect": True, "twoFactorMethods": ["totp"]}


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.member()


@pytest.fixture
def app(gatehouse, ada) -> App:
    """Ada's authenticator app, enrolled."""
    return enrol(gatehouse, ada)


# Setting up


def test_enrolment_shows_what_an_app_reads_and_ten_codes(ada):
    payload = ada.post("two-factor/enable", {"password": PASSWORD}).json()
    assert payload["method"] == "totp"
    uri = urlsplit(payload["totpURI"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Gatehouse:ada@example.com"
    query = parse_qs(uri.query)
    assert {name: query[name] for name in ("issuer", "digits", "period")} == {
        "issuer": ["Gatehouse"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert len(pyotp.parse_uri(payload["totpURI"]).byte_secret()) == 20
    assert len(set(payload["backupCodes"])) == 10


def test_before_the_first_code_nothing_changes(gatehouse, ada):
    ada.post("two-factor/enable", {"password": PASSWORD})
    assert ada.session()["user"]["twoFactorEnabled"] is False
    assert "token" in gatehouse.visitor().sign_in().json()


def test_the_first_code_turns_it_on_and_replaces_the_session(gatehouse, ada, mailbox):
    before, former = gatehouse.events(), ada.session()["session"]["token"]
    app = App.begin(gatehouse, ada)
    response = ada.post("two-factor/verify-totp", {"code": app.code()})

    payload = response.json()
    assert payload["user"]["twoFactorEnabled"] is True
    session = ada.session()
    assert session["user"]["twoFactorEnabled"] is True
    assert session["session"]["token"] == payload["token"] != former
    assert events_after(gatehouse, before) == ["two_factor_enabled"]
    assert "authenticator app was added" in mailbox.last("notice").text


@pytest.mark.parametrize("code", ["000000", "", "12345", "1234567", "۱۲۳۴۵۶", "x" * 10_000])
def test_a_wrong_first_code_changes_nothing(gatehouse, ada, code):
    App.begin(gatehouse, ada)
    response = ada.post("two-factor/verify-totp", {"code": code})
    assert (response.status_code, response.json()) == (401, refusal("INVALID_CODE"))
    assert ada.session()["user"]["twoFactorEnabled"] is False


def test_enrolling_anew_makes_the_former_secret_void(gatehouse, ada):
    former, app = App.begin(gatehouse, ada), App.begin(gatehouse, ada)
    assert ada.post("two-factor/verify-totp", {"code": former.code()}).status_code == 401
    assert ada.post("two-factor/verify-totp", {"code": app.code()}).status_code == 200


def test_an_app_that_is_on_cannot_be_replaced_without_removing_it(ada, app):
    response = ada.post("two-factor/enable", {"password": PASSWORD})
    assert (response.status_code, response.json()) == (400, refusal("TOTP_ALREADY_ENABLED"))


def test_the_app_of_another_device_reads_the_same_secret(ada, app):
    response = ada.post("two-factor/get-totp-uri", {"password": PASSWORD})
    assert pyotp.parse_uri(response.json()["totpURI"]).secret == app.secret


@pytest.mark.parametrize("path", ["enable", "disable", "get-totp-uri", "generate-backup-codes"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"password": "wrong password"}, refusal("INVALID_PASSWORD")),
        (
            {},
            refusal(
                "VALIDATION_ERROR",
                "[body.password] Invalid input: expected string, received undefined",
            ),
        ),
    ],
)
def test_changes_need_the_password(ada, app, path, body, expected):
    response = ada.post(f"two-factor/{path}", body)
    assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.parametrize(("minutes", "status"), [(4, 200), (5, 403)])
def test_without_a_password_a_recent_sign_in_confirms(gatehouse, ada, clock, minutes, status):
    gatehouse.execute(update(users).values(password_hash=None))
    clock.advance(minutes=minutes)
    response = ada.post("two-factor/enable", {})
    assert response.status_code == status
    if status == 403:
        assert response.json() == refusal("SESSION_NOT_FRESH")


# The second step


def test_the_password_alone_gives_a_challenge_and_no_session(gatehouse, app):
    visitor, before = gatehouse.visitor(), gatehouse.events()
    response = visitor.sign_in(rememberMe=False, callbackURL="/chat")
    assert (response.status_code, response.json()) == (200, CHALLENGED)
    assert response.headers["location"] == "/chat"
    assert "set-auth-token" not in response.headers
    assert cookies_of(response) == [
        "session_token 0",
        "session_data 0",
        "two_factor 600",
        "dont_remember",
        "last_used_login_method 2592000",
    ]
    assert visitor.session() is None
    assert events_after(gatehouse, before) == ["two_factor_challenged"]


def test_the_code_completes_the_sign_in(gatehouse, app):
    visitor, before = first_step(gatehouse), gatehouse.events()
    response = visitor.post("two-factor/verify-totp", {"code": app.code()})
    session = visitor.session()
    assert response.json() == {"token": session["session"]["token"], "user": session["user"]}
    assert cookies_of(response) == ["session_token 604800", "device 34560000", "two_factor 0"]
    (event,) = [each for each in gatehouse.events() if each not in before]
    assert (event.kind, event.detail) == (
        "sign_in",
        {"method": "password", "second_factor": "totp"},
    )


@pytest.mark.parametrize("trust", [False, True])
def test_a_session_that_ends_with_the_browser_still_does(gatehouse, app, trust):
    visitor = first_step(gatehouse, rememberMe=False)
    payload = {"code": app.code(), "trustDevice": trust}
    response = visitor.post("two-factor/verify-totp", payload)
    assert cookies_of(response)[:2] == ["session_token", "dont_remember"]


@pytest.mark.parametrize(("seconds", "status"), [(-61, 401), (-30, 200), (30, 200), (61, 401)])
def test_a_phone_may_be_one_step_off(gatehouse, app, seconds, status):
    code = app.code(timedelta(seconds=seconds))
    response = first_step(gatehouse).post("two-factor/verify-totp", {"code": code})
    assert response.status_code == status


@pytest.mark.parametrize("path", ["verify-totp", "verify-otp", "verify-backup-code", "send-otp"])
def test_without_a_first_step_there_is_nothing_to_answer(gatehouse, app, path):
    response = gatehouse.visitor().post(f"two-factor/{path}", {"code": app.code()})
    assert (response.status_code, response.json()) == (401, refusal("INVALID_TWO_FACTOR_COOKIE"))


def test_a_challenge_lasts_ten_minutes(gatehouse, app, clock):
    visitor = first_step(gatehouse)
    clock.advance(minutes=10)
    response = visitor.post("two-factor/verify-totp", {"code": app.code()})
    assert response.json() == refusal("INVALID_TWO_FACTOR_COOKIE")


def test_five_wrong_codes_end_the_challenge(gatehouse, app):
    visitor = first_step(gatehouse)
    for _ in range(5):
        assert visitor.post("two-factor/verify-totp", {"code": "000000"}).status_code == 401
    response = visitor.post("two-factor/verify-totp", {"code": app.code()})
    assert (response.status_code, response.json()) == (
        400,
        refusal("TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE"),
    )
    assert cookies_of(response) == ["two_factor 0"]
    assert gatehouse.rows(select(sign_in_challenges.c.id)) == []


def test_ten_wrong_codes_lock_the_second_step_for_a_quarter_of_an_hour(
    gatehouse, app, mailbox, clock
):
    for _ in range(2):
        visitor = first_step(gatehouse)
        for _ in range(5):
            visitor.post("two-factor/verify-totp", {"code": "000000"})
    response = first_step(gatehouse).post("two-factor/verify-totp", {"code": app.code()})
    assert (response.status_code, response.json()) == (429, refusal("ACCOUNT_TEMPORARILY_LOCKED"))
    assert response.headers["x-retry-after"] == "900"
    assert "Ten wrong codes" in mailbox.last("notice").text
    assert "two_factor_locked" in {event.kind for event in gatehouse.events()}

    clock.advance(minutes=15)
    response = first_step(gatehouse).post("two-factor/verify-totp", {"code": app.code()})
    assert response.status_code == 200


def test_a_right_code_forgets_the_wrong_ones(gatehouse, app, clock):
    for _ in range(3):
        visitor = first_step(gatehouse)
        for _ in range(4):
            visitor.post("two-factor/verify-totp", {"code": "000000"})
        response = visitor.post("two-factor/verify-totp", {"code": app.code()})
        assert response.status_code == 200
        clock.advance(seconds=30)


def test_a_password_changed_between_the_steps_ends_the_sign_in(gatehouse, ada, app):
    visitor = first_step(gatehouse)
    body = {"currentPassword": PASSWORD, "newPassword": PASSWORD + "2"}
    assert ada.post("change-password", body).status_code == 200
    response = visitor.post("two-factor/verify-totp", {"code": app.code()})
    assert response.json() == refusal("INVALID_TWO_FACTOR_COOKIE")


def test_a_ban_between_the_steps_holds(gatehouse, app):
    visitor = first_step(gatehouse)
    gatehouse.ban("ada@example.com")
    response = visitor.post("two-factor/verify-totp", {"code": app.code()})
    assert (response.status_code, response.json()) == (403, refusal("BANNED_USER"))


# Backup codes


def test_a_backup_code_signs_in_once_and_its_owner_is_told(gatehouse, app, mailbox):
    code = app.backup_codes[3]
    response = first_step(gatehouse).post("two-factor/verify-backup-code", {"code": code})
    assert response.status_code == 200
    assert "You have 9 left" in mailbox.last("notice").text
    again = first_step(gatehouse).post("two-factor/verify-backup-code", {"code": code})
    assert (again.status_code, again.json()) == (401, refusal("INVALID_BACKUP_CODE"))


def test_new_backup_codes_make_the_old_ones_void(gatehouse, ada, app):
    payload = ada.post("two-factor/generate-backup-codes", {"password": PASSWORD}).json()
    assert payload["status"] is True
    visitor = first_step(gatehouse)
    former = visitor.post("two-factor/verify-backup-code", {"code": app.backup_codes[0]})
    assert former.status_code == 401
    new = visitor.post("two-factor/verify-backup-code", {"code": payload["backupCodes"][0]})
    assert new.status_code == 200


def test_a_backup_code_can_be_used_up_without_signing_in(gatehouse, app):
    visitor = first_step(gatehouse)
    body = {"code": app.backup_codes[0], "disableSession": True}
    response = visitor.post("two-factor/verify-backup-code", body)
    assert list(response.json()) == ["user"]
    assert visitor.session() is None
    assert visitor.post("two-factor/verify-backup-code", body).status_code == 401


# Removing it


def test_removing_it_needs_one_step_again(gatehouse, ada, app, mailbox):
    before, former = gatehouse.events(), ada.session()["session"]["token"]
    response = ada.post("two-factor/disable", {"password": PASSWORD})
    assert response.json() == {"status": True}
    session = ada.session()
    assert session["user"]["twoFactorEnabled"] is False
    assert session["session"]["token"] != former
    assert "token" in gatehouse.visitor().sign_in().json()
    assert "turned off" in mailbox.last("notice").text
    assert "two_factor_disabled" in events_after(gatehouse, before)


def test_a_sign_in_under_way_ends_with_it(gatehouse, ada, app):
    visitor = first_step(gatehouse)
    ada.post("two-factor/disable", {"password": PASSWORD})
    response = visitor.post("two-factor/verify-totp", {"code": app.code()})
    assert response.json() == refusal("INVALID_TWO_FACTOR_COOKIE")


def test_with_two_factor_off_it_is_not_there(start):
    gatehouse = start(two_factor=False)
    response = gatehouse.member().post("two-factor/enable", {"password": PASSWORD})
    assert (response.status_code, response.content) == (404, b"")


def test_the_challenge_cookie_has_better_auths_attributes(gatehouse, app):
    line = cookie_lines(gatehouse.visitor().sign_in())["two_factor"]
    assert line.partition("; ")[2] == "Max-Age=600; Path=/; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("enable", {"password": PASSWORD}),
        ("disable", {"password": PASSWORD}),
        ("get-totp-uri", {"password": PASSWORD}),
        ("generate-backup-codes", {"password": PASSWORD}),
        ("send-otp", {}),
        ("verify-totp", {"code": "123456"}),
        ("verify-otp", {"code": "123456"}),
        ("verify-backup-code", {"code": "x"}),
    ],
)
def test_an_impersonating_admin_touches_no_factor(gatehouse, app, path, body):
    root = make_admin(gatehouse)
    ada = {"userId": str(gatehouse.user_id("ada@example.com"))}
    assert root.post("admin/impersonate-user", ada).status_code == 200
    response = root.post(f"two-factor/{path}", body)
    assert (response.status_code, response.json()) == (403, refusal(None, WHILE_IMPERSONATING))
