"""POST /change-password and /verify-password."""

import pytest
from sqlalchemy import select, update

from backend.storage.tables import links, users
from tests.in_process import cookie_lines
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import Scene, ada_signed_up, cookies_of, events_after, refusal, scenes

CHANGE, VERIFY = "change-password", "verify-password"
NEW = "battery correct horse"
BOTH = {"currentPassword": PASSWORD, "newPassword": NEW}


def ada_has_no_password(gatehouse, visitor):
    ada_signed_up(gatehouse, visitor)
    gatehouse.execute(update(users).values(password_hash=None))


REFUSED = [
    Scene(name="without a session", path=CHANGE, body=BOTH, status=401, code="UNAUTHORIZED"),
    Scene(
        name="without the current password",
        setup=ada_signed_up,
        path=CHANGE,
        body={"newPassword": NEW},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.currentPassword] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="a current password that is null",
        setup=ada_signed_up,
        path=CHANGE,
        body={"newPassword": NEW, "currentPassword": None},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.currentPassword] Invalid input: expected string, received null",
    ),
    Scene(
        name="a wrong current password",
        setup=ada_signed_up,
        path=CHANGE,
        body={"currentPassword": "a wrong one", "newPassword": NEW},
        status=400,
        code="INVALID_PASSWORD",
        events=("password_check_failed",),
    ),
    Scene(
        name="a new password that is too short",
        setup=ada_signed_up,
        path=CHANGE,
        body={**BOTH, "newPassword": "short"},
        status=400,
        code="PASSWORD_TOO_SHORT",
    ),
    Scene(
        name="a new password that is too long",
        setup=ada_signed_up,
        path=CHANGE,
        body={**BOTH, "newPassword": "x" * 129},
        status=400,
        code="PASSWORD_TOO_LONG",
    ),
    Scene(
        name="a new password that everybody has",
        setup=ada_signed_up,
        path=CHANGE,
        body={**BOTH, "newPassword": "Password123"},
        status=400,
        code="PASSWORD_COMPROMISED",
    ),
    Scene(
        name="a current password longer than any",
        setup=ada_signed_up,
        path=CHANGE,
        body={**BOTH, "currentPassword": "x" * 129},
        status=400,
        code="PASSWORD_TOO_LONG",
    ),
    Scene(
        name="an account without password",
        setup=ada_has_no_password,
        path=CHANGE,
        body=BOTH,
        status=400,
        code="CREDENTIAL_ACCOUNT_NOT_FOUND",
    ),
    Scene(
        name="checking a password without a session",
        path=VERIFY,
        body={"password": PASSWORD},
        status=401,
        code="UNAUTHORIZED",
    ),
    Scene(
        name="checking a wrong password",
        setup=ada_signed_up,
        path=VERIFY,
        body={"password": "a wrong one"},
        status=400,
        code="INVALID_PASSWORD",
        events=("password_check_failed",),
    ),
    Scene(
        name="checking where there is none",
        setup=ada_has_no_password,
        path=VERIFY,
        body={"password": PASSWORD},
        status=400,
        code="INVALID_PASSWORD",
    ),
    Scene(
        name="setting a password over HTTP",
        setup=ada_signed_up,
        path="set-password",
        body={"newPassword": NEW},
        status=404,
    ),
]


@scenes(*REFUSED)
def test_refused(gatehouse, scene):
    scene.play(gatehouse)


def test_the_right_password_is_confirmed(gatehouse):
    ada = gatehouse.member()

    assert ada.post(VERIFY, {"password": PASSWORD}).json() == {"status": True}


def test_the_new_one_counts_from_now_on(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    ada, phone = gatehouse.member(), gatehouse.visitor()
    phone.sign_in()

    before = gatehouse.events()
    response = ada.post(CHANGE, BOTH)

    assert (response.status_code, response.json()["token"]) == (200, None)
    assert response.json()["user"] == ada.session()["user"]
    assert cookies_of(response) == ["device 34560000"]  # those of all other browsers are void
    assert events_after(gatehouse, before) == ["password_changed"]
    assert phone.session() is None
    assert gatehouse.visitor().sign_in(password=NEW).status_code == 200
    assert gatehouse.visitor().sign_in().status_code == 401
    assert "password of your account was changed" in mailbox.last("notice").text


def test_without_strict_the_others_stay_unless_told_otherwise(start_mailing):
    gatehouse = start_mailing(strict=False)
    ada, phone = gatehouse.member(), gatehouse.visitor()
    phone.sign_in()

    ada.post(CHANGE, BOTH)

    assert phone.session() is not None


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "not strict"])
def test_on_request_all_sessions_end_and_a_new_one_begins(start_mailing, strict):
    gatehouse = start_mailing(strict=strict)
    ada, phone = gatehouse.member(), gatehouse.visitor()
    phone.sign_in()
    old = ada.session_cookie

    response = ada.post(CHANGE, {**BOTH, "revokeOtherSessions": True})

    assert response.json()["token"] == ada.session()["session"]["token"]
    assert "Max-Age=604800" in cookie_lines(response)["session_token"]
    assert phone.session() is None
    ada.session_cookie = old
    assert ada.session() is None


def test_a_session_that_is_not_remembered_stays_so(mailing_gatehouse):
    ada = mailing_gatehouse.visitor()
    ada.sign_up(rememberMe=False)

    response = ada.post(CHANGE, {**BOTH, "revokeOtherSessions": True})

    assert cookies_of(response) == ["session_token", "dont_remember", "device 34560000"]


def test_links_that_were_on_their_way_are_void(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    mailing_gatehouse.visitor().post("request-password-reset", {"email": "ada@example.com"})

    ada.post(CHANGE, BOTH)

    token = mailbox.last("reset").token
    response = mailing_gatehouse.visitor().post(
        "reset-password", {"newPassword": PASSWORD, "token": token}
    )
    assert response.json() == refusal("INVALID_TOKEN")
    assert (
        open_link(mailing_gatehouse.visitor(), mailbox.last("verify"))
        .headers["location"]
        .endswith("TOKEN")
    )
    assert mailing_gatehouse.rows(select(links.c.id)) == []


def test_of_several_changes_at_once_one_wins(any_mailing_gatehouse):
    gatehouse = any_mailing_gatehouse
    ada = gatehouse.member()
    passwords = [f"battery correct horse {each}" for each in range(6)]

    responses = gatehouse.gather(
        *(ada.send_async("POST", CHANGE, {**BOTH, "newPassword": each}) for each in passwords)
    )

    won = [
        new
        for new, response in zip(passwords, responses, strict=True)
        if response.status_code == 200
    ]
    assert len(won) == 1
    assert {response.json()["code"] for response in responses if response.status_code != 200} == {
        "INVALID_PASSWORD"
    }
    assert [new for new in passwords if gatehouse.visitor().sign_in(password=new).is_success] == won


def test_a_stolen_session_is_no_place_to_guess(start, clock):
    gatehouse = start(rate_limits=True)
    ada = gatehouse.member()
    del ada.cookies["gatehouse.device"]  # the thief has the session's cookie only

    def guess(path, at):
        thief = gatehouse.visitor(f"203.0.114.{at}")
        thief.cookies = dict(ada.cookies)
        body = {"password": "a guess", "currentPassword": "a guess", "newPassword": NEW}
        clock.advance(seconds=10)  # or the limit of what hashes would come before that of guesses
        return thief.post(path, body).status_code

    guesses = [guess(path, at) for at, path in enumerate((CHANGE, VERIFY) * 6)]

    assert guesses == [400] * 10 + [429] * 2
    assert gatehouse.visitor().sign_in().status_code == 429


def test_right_passwords_are_not_counted(start, clock):
    gatehouse = start(rate_limits=True)
    ada = gatehouse.member()

    for _ in range(15):
        assert ada.post(VERIFY, {"password": PASSWORD}).status_code == 200
        clock.advance(seconds=10)
