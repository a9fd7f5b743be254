"""A new password through a mailed link."""

import pytest
from sqlalchemy import select, update

from backend.storage.tables import links, users
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import Scene, cookies_of, events_after, refusal, scenes

REQUEST, RESET = "request-password-reset", "reset-password"
ADA, NEW = "ada@example.com", "battery correct horse"
SENT = {
    "status": True,
    "message": "If this email exists in our system, check your email for the reset link",
}

REFUSED = [
    Scene(
        name="an address that is none",
        path=REQUEST,
        body={"email": "ada"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid email address",
    ),
    Scene(
        name="an address with a NUL",
        path=REQUEST,
        body={"email": "\0ada@example.com"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid input",
    ),
    Scene(
        name="a page of a foreign site",
        path=REQUEST,
        body={"email": ADA, "redirectTo": "https://evil.example/"},
        status=403,
        code="INVALID_REDIRECT_URL",
    ),
    Scene(
        name="a page that is no text",
        path=REQUEST,
        body={"email": ADA, "redirectTo": 5},
        status=400,
        message="Invalid redirectURL: expected a string",
    ),
    Scene(
        name="opening a link to a foreign site",
        method="GET",
        path=f"{RESET}/garbage?callbackURL=https%3A//evil.example",
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
    Scene(
        name="opening a link to nowhere",
        method="GET",
        path=f"{RESET}/garbage",
        status=400,
        code="VALIDATION_ERROR",
        message="[query.callbackURL] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="no token",
        path=RESET,
        body={"newPassword": NEW},
        status=400,
        code="INVALID_TOKEN",
    ),
    Scene(
        name="an empty token",
        path=RESET,
        body={"newPassword": NEW, "token": ""},
        status=400,
        code="INVALID_TOKEN",
    ),
    Scene(
        name="a token with a NUL",
        path=RESET,
        body={"newPassword": NEW, "token": "\0" * 42},
        status=400,
        code="INVALID_TOKEN",
    ),
    Scene(
        name="a token that is no text",
        path=RESET,
        body={"newPassword": NEW, "token": ["x"]},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.token] Invalid input: expected string, received array",
    ),
    Scene(
        name="no password",
        path=RESET,
        body={"token": "x"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.newPassword] Invalid input: expected string, received undefined",
    ),
]


@scenes(*REFUSED)
def test_refused(gatehouse, scene):
    scene.play(gatehouse)


def request_reset(gatehouse, email=ADA, **more):
    return gatehouse.visitor().post(REQUEST, {"email": email, **more})


def reset_password(gatehouse, token, password=NEW):
    return gatehouse.visitor().post(RESET, {"newPassword": password, "token": token})


def test_from_the_mail_to_the_new_password(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    gatehouse.member()
    page = "http://localhost:3000/new-password?from=mail"

    assert request_reset(gatehouse, "ADA@example.com", redirectTo=page).json() == SENT
    mail = mailbox.last("reset")
    opened = open_link(gatehouse.visitor(), mail)
    before = gatehouse.events()
    response = reset_password(gatehouse, mail.token)

    assert (opened.status_code, opened.headers["location"]) == (302, f"{page}&token={mail.token}")
    assert (response.status_code, response.json(), cookies_of(response)) == (
        200,
        {"status": True},
        [],
    )
    assert events_after(gatehouse, before) == ["password_reset"]
    assert gatehouse.visitor().sign_in(password=NEW).status_code == 200
    assert gatehouse.visitor().sign_in().status_code == 401
    assert mailbox.kinds() == ["verify", "reset", "notice"]


@pytest.mark.parametrize(
    ("callback", "location"),
    [
        ("%2Fnew", "http://localhost:7860/new?{}"),
        ("%2Fnew%3Ftoken%3Dold%26a%3D1", "http://localhost:7860/new?{}&a=1"),
        ("http%3A%2F%2Flocalhost%3A3000%2Fx%23top", "http://localhost:3000/x?{}#top"),
    ],
)
def test_opening_leads_to_an_absolute_address(mailing_gatehouse, mailbox, callback, location):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse)
    token = mailbox.last("reset").token
    good = mailing_gatehouse.visitor().get(f"{RESET}/{token}?callbackURL={callback}")
    bad = mailing_gatehouse.visitor().get(f"{RESET}/{token[:-1]}?callbackURL={callback}")

    assert good.headers["location"] == location.format(f"token={token}")
    assert bad.headers["location"].endswith(("error=INVALID_TOKEN", "error=INVALID_TOKEN#top"))


def test_a_link_without_a_page_leads_to_the_error_page(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse)

    response = open_link(mailing_gatehouse.visitor(), mailbox.last("reset"))

    assert (
        response.headers["location"] == "http://localhost:7860/api/auth/error?error=INVALID_TOKEN"
    )
    assert (
        reset_password(mailing_gatehouse, mailbox.last("reset").token).status_code == 200
    )  # it still works


def test_neither_opening_nor_a_refused_password_uses_the_link_up(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse, redirectTo="/new")
    mail = mailbox.last("reset")

    for _ in range(3):
        assert open_link(mailing_gatehouse.visitor(), mail).headers["location"].endswith(mail.token)
    assert reset_password(mailing_gatehouse, mail.token, "short").json() == refusal(
        "PASSWORD_TOO_SHORT"
    )
    assert reset_password(mailing_gatehouse, mail.token, "x" * 129).json() == refusal(
        "PASSWORD_TOO_LONG"
    )
    response = reset_password(mailing_gatehouse, mail.token, "password1")
    assert response.json() == refusal("PASSWORD_COMPROMISED")
    assert reset_password(mailing_gatehouse, mail.token).status_code == 200


def test_opening_only_reads_and_waits_for_nobody_who_writes(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse, redirectTo="/new")
    mail = mailbox.last("reset")
    with mailing_gatehouse.statements() as statements:
        assert open_link(mailing_gatehouse.visitor(), mail).headers["location"].endswith(mail.token)
    assert [each for each in statements if not each.startswith("SELECT")] == []


def test_the_token_may_come_in_the_query(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse)
    token = mailbox.last("reset").token

    response = mailing_gatehouse.visitor().post(f"{RESET}?token={token}", {"newPassword": NEW})

    assert response.status_code == 200


def test_an_expired_link_is_no_link(mailing_gatehouse, mailbox, clock):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse, redirectTo="/new")
    mail = mailbox.last("reset")
    clock.advance(seconds=mailing_gatehouse.settings.reset_link_lifetime)

    opened = open_link(mailing_gatehouse.visitor(), mail).headers["location"]

    assert opened == "http://localhost:7860/new?error=INVALID_TOKEN"
    assert reset_password(mailing_gatehouse, mail.token).json() == refusal("INVALID_TOKEN")
    assert mailing_gatehouse.visitor().sign_in().status_code == 200


def test_a_verification_token_resets_nothing(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()

    assert reset_password(mailing_gatehouse, mailbox.last("verify").token).json() == refusal(
        "INVALID_TOKEN"
    )


def test_a_link_for_an_address_that_has_changed_is_refused(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse)
    mailing_gatehouse.execute(
        update(users).values(email="new@example.com"), mailing_gatehouse.user_id(ADA)
    )

    assert reset_password(mailing_gatehouse, mailbox.last("reset").token).json() == refusal(
        "INVALID_TOKEN"
    )


def test_who_had_no_password_gets_one(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    mailing_gatehouse.execute(
        update(users).values(password_hash=None), mailing_gatehouse.user_id(ADA)
    )
    request_reset(mailing_gatehouse)

    assert reset_password(mailing_gatehouse, mailbox.last("reset").token).status_code == 200
    assert mailing_gatehouse.visitor().sign_in(password=NEW).status_code == 200


@pytest.mark.parametrize(
    ("settings", "alive"),
    [
        ({}, False),
        ({"reset_revokes_sessions": False}, False),  # STRICT goes beyond
        ({"strict": False}, False),
        ({"strict": False, "reset_revokes_sessions": False}, True),
    ],
)
def test_what_becomes_of_the_sessions(start_mailing, mailbox, settings, alive):
    gatehouse = start_mailing(**settings)
    ada = gatehouse.member()
    request_reset(gatehouse)
    reset_password(gatehouse, mailbox.last("reset").token)

    assert (ada.session() is not None) is alive


def test_using_one_link_voids_the_others(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse)
    request_reset(mailing_gatehouse)
    first, second = mailbox.all(ADA, "reset")

    assert reset_password(mailing_gatehouse, second.token).status_code == 200
    assert reset_password(mailing_gatehouse, first.token).json() == refusal("INVALID_TOKEN")
    assert (
        open_link(mailing_gatehouse.visitor(), mailbox.last("verify"))
        .headers["location"]
        .endswith("TOKEN")
    )
    assert mailing_gatehouse.rows(select(links.c.id)) == []


def test_without_strict_each_link_works_once(start_mailing, mailbox):
    gatehouse = start_mailing(strict=False)
    gatehouse.member()
    request_reset(gatehouse)
    request_reset(gatehouse)
    first, second = mailbox.all(ADA, "reset")

    mails = (second, first, second, first)
    codes = [reset_password(gatehouse, mail.token).status_code for mail in mails]

    assert codes == [200, 200, 400, 400]


def test_a_reset_says_nothing_about_the_address(mailing_gatehouse, mailbox):
    """Better Auth leaves emailVerified alone."""
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse)
    reset_password(mailing_gatehouse, mailbox.last("reset").token)

    assert mailing_gatehouse.rows(select(users.c.email_verified)) == [(False,)]


def test_three_mails_an_hour_and_the_same_answer_to_all(start_mailing, mailbox, clock):
    gatehouse = start_mailing(rate_limits=True)
    gatehouse.member()

    def request_from_everywhere(times):
        return [
            gatehouse.visitor(f"203.0.113.{at}").post(REQUEST, {"email": ADA}).json()
            for at in range(times)
        ]

    assert request_from_everywhere(8) == [SENT] * 8
    assert mailbox.kinds().count("reset") == 3
    clock.advance(hours=1)
    assert request_from_everywhere(1) == [SENT]
    assert mailbox.kinds().count("reset") == 4


def test_wrong_guesses_do_not_keep_out_who_has_reset(start_mailing, mailbox):
    gatehouse = start_mailing(rate_limits=True)
    gatehouse.member()

    def guess(at, password="a wrong one"):
        return gatehouse.visitor(f"203.0.114.{at}").sign_in(password=password).status_code

    assert [guess(at) for at in range(11)][-1] == 429
    request_reset(gatehouse)
    reset_password(gatehouse, mailbox.last("reset").token)

    assert guess(99, NEW) == 200


def test_the_password_is_not_in_the_mails(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    request_reset(mailing_gatehouse)
    reset_password(mailing_gatehouse, mailbox.last("reset").token)

    assert not any(word in mailbox.file.read_text() for word in (PASSWORD, NEW))
