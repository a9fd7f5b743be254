"""Proving that an address is one's own: POST /send-verification-email, GET /verify-email."""

import pytest
from sqlalchemy import select, update

from backend.features.mail.service import Mailer
from backend.storage.tables import links, outbox, users
from tests.in_process import cookie_lines
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import Scene, ada_signed_up, cookies_of, events_after, refusal, scenes

SEND = "send-verification-email"
VERIFY = "verify-email"
ADA = "ada@example.com"

REFUSED = [
    Scene(
        name="an address that is none",
        path=SEND,
        body={"email": "ada"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.email] Invalid email address",
    ),
    Scene(
        name="no body",
        path=SEND,
        status=400,
        code="VALIDATION_ERROR",
        message="[body] Invalid input: expected object, received undefined",
    ),
    Scene(
        name="a link that would lead to a foreign site",
        path=SEND,
        body={"email": ADA, "callbackURL": "https://evil.example/"},
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
    Scene(
        name="somebody else's address, signed in",
        setup=ada_signed_up,
        path=SEND,
        body={"email": "grace@example.com"},
        status=400,
        code="EMAIL_MISMATCH",
    ),
    Scene(
        name="no token",
        method="GET",
        path=VERIFY,
        status=400,
        code="VALIDATION_ERROR",
        message="[query.token] Invalid input: expected string, received undefined",
    ),
    Scene(
        name="two tokens",
        method="GET",
        path=f"{VERIFY}?token=a&token=b",
        status=400,
        code="VALIDATION_ERROR",
        message="[query.token] Invalid input: expected string, received array",
    ),
    Scene(
        name="a token nobody made",
        method="GET",
        path=f"{VERIFY}?token=garbage",
        status=401,
        code="INVALID_TOKEN",
    ),
    Scene(
        name="a token with a NUL",
        method="GET",
        path=f"{VERIFY}?token=%00",
        status=401,
        code="INVALID_TOKEN",
    ),
    Scene(
        name="a click that would lead to a foreign site",
        method="GET",
        path=f"{VERIFY}?token=garbage&callbackURL=//evil.example",
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
]


@scenes(*REFUSED)
def test_refused(gatehouse, scene):
    scene.play(gatehouse)


def test_a_sign_up_mails_a_link_that_verifies(any_mailing_gatehouse, mailbox):
    ada = any_mailing_gatehouse.visitor()
    ada.sign_up(callbackURL="/welcome?first=yes")

    response = open_link(any_mailing_gatehouse.visitor(), mailbox.last("verify"))

    assert (response.status_code, response.headers["location"]) == (302, "/welcome?first=yes")
    assert (response.content, cookies_of(response)) == (b"", [])
    assert ada.session()["user"]["emailVerified"] is True


def test_without_a_callback_the_answer_is_json(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    token = mailbox.last("verify").token

    before = mailing_gatehouse.events()
    response = mailing_gatehouse.visitor().get(f"{VERIFY}?token={token}")

    assert response.json() == {"status": True, "user": None}
    assert events_after(mailing_gatehouse, before) == ["email_verified"]


def test_a_second_click_is_a_quiet_success(start_mailing, mailbox):
    gatehouse = start_mailing(sign_in_after_verification=True)
    gatehouse.visitor().sign_up()
    mail = mailbox.last("verify")
    first = open_link(gatehouse.visitor(), mail)

    before = gatehouse.events()
    second = open_link(gatehouse.visitor(), mail)

    assert cookies_of(first) == ["session_token 604800", "device 34560000"]
    assert (second.status_code, second.headers["location"]) == (302, "/")
    assert cookies_of(second) == []
    assert events_after(gatehouse, before) == []


def test_a_second_click_that_is_no_longer_true_is_refused(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    token = mailbox.last("verify").token
    mailing_gatehouse.visitor().get(f"{VERIFY}?token={token}")
    mailing_gatehouse.execute(
        update(users).values(email_verified=False), mailing_gatehouse.user_id(ADA)
    )

    assert mailing_gatehouse.visitor().get(f"{VERIFY}?token={token}").json() == refusal(
        "INVALID_TOKEN"
    )


@pytest.mark.parametrize(
    ("callback", "location"),
    [
        ("/w?a=b", "/w?a=b&error=INVALID_TOKEN"),
        ("/w%23here", "/w?error=INVALID_TOKEN#here"),
        ("http%3A//localhost%3A3000/w", "http://localhost:3000/w?error=INVALID_TOKEN"),
    ],
)
def test_what_is_wrong_is_told_where_the_browser_goes(gatehouse, callback, location):
    response = gatehouse.visitor().get(f"{VERIFY}?token=garbage&callbackURL={callback}")

    assert (response.status_code, response.headers["location"]) == (302, location)
    assert response.content == b""


def test_an_expired_link_says_so(mailing_gatehouse, mailbox, clock):
    ada = mailing_gatehouse.member()
    mail = mailbox.last("verify")
    clock.advance(seconds=mailing_gatehouse.settings.verification_link_lifetime)

    location = open_link(mailing_gatehouse.visitor(), mail).headers["location"]
    plain = mailing_gatehouse.visitor().get(f"{VERIFY}?token={mail.token}")

    assert location == "/?error=TOKEN_EXPIRED"
    assert (plain.status_code, plain.json()) == (401, refusal("TOKEN_EXPIRED"))
    assert ada.session()["user"]["emailVerified"] is False


def test_of_several_clicks_at_once_one_gives_a_session(start_on, mailbox):
    gatehouse = start_on(mailbox_file=mailbox.file, sign_in_after_verification=True)
    gatehouse.visitor().sign_up()
    path = mailbox.last("verify").path

    responses = gatehouse.gather(*(gatehouse.visitor().send_async("GET", path) for _ in range(6)))

    assert {response.headers["location"] for response in responses} == {"/"}
    assert ["session_token" in cookie_lines(response) for response in responses].count(True) == 1


@pytest.mark.parametrize("verified", [True, False], ids=["verified", "unverified"])
def test_a_link_of_an_address_that_has_changed_is_refused(mailing_gatehouse, mailbox, verified):
    mailing_gatehouse.member()
    token = mailbox.last("verify").token
    change_address = update(users).values(email="new@example.com", email_verified=verified)
    mailing_gatehouse.execute(change_address, mailing_gatehouse.user_id(ADA))

    assert mailing_gatehouse.visitor().get(f"{VERIFY}?token={token}").json() == refusal(
        "INVALID_TOKEN"
    )


def test_a_link_of_a_user_who_is_gone_is_refused(mailing_gatehouse, mailbox):
    mailing_gatehouse.member().post("delete-user", {"password": PASSWORD})

    response = open_link(mailing_gatehouse.visitor(), mailbox.last("verify"))

    assert response.headers["location"] == "/?error=INVALID_TOKEN"


def test_a_reset_token_verifies_nothing(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})
    token = mailbox.last("reset").token

    assert mailing_gatehouse.visitor().get(f"{VERIFY}?token={token}").json() == refusal(
        "INVALID_TOKEN"
    )


def test_another_link_for_oneself(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()

    assert ada.post(SEND, {"email": "ADA@example.com", "callbackURL": "/w"}).json() == {
        "status": True
    }
    assert mailbox.kinds() == ["verify", "verify"]
    assert (
        open_link(mailing_gatehouse.visitor(), mailbox.last("verify")).headers["location"] == "/w"
    )
    assert ada.post(SEND, {"email": ADA}).json() == refusal("EMAIL_ALREADY_VERIFIED")
    assert open_link(mailing_gatehouse.visitor(), mailbox.all()[0]).headers["location"] == "/"


@pytest.mark.parametrize("verified", [True, False], ids=["verified", "unverified"])
def test_a_stranger_learns_nothing_from_asking_for_a_link(mailing_gatehouse, mailbox, verified):
    mailing_gatehouse.member()
    mailing_gatehouse.execute(
        update(users).values(email_verified=verified), mailing_gatehouse.user_id(ADA)
    )
    results = {}
    for name in ("ada", "nobody"):
        with mailing_gatehouse.statements() as statements:
            response = mailing_gatehouse.visitor().post(SEND, {"email": f"{name}@example.com"})
        results[name] = (
            response.status_code,
            response.text,
            [each.partition(" (")[0] for each in statements],
        )

    assert results["ada"] == results["nobody"]
    assert mailbox.kinds() == ["verify"] * (1 if verified else 2)
    assert mailbox.kinds("nobody@example.com") == []


def test_links_are_built_from_the_public_url_alone(start_mailing, mailbox):
    gatehouse = start_mailing(public_url="https://auth.example.com")
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    body = {"name": "Ada", "email": ADA, "password": PASSWORD}
    gatehouse.visitor().post("sign-up/email", body, headers=evil)

    assert mailbox.last("verify").url.startswith("https://auth.example.com/api/auth/verify-email?")


def test_nothing_that_opens_a_link_is_stored_in_the_clear(mailing_gatehouse, mailbox):
    mailing_gatehouse.member()
    token = mailbox.last("verify").token.encode()

    rows = [*mailing_gatehouse.rows(select(*links.c)), *mailing_gatehouse.rows(select(*outbox.c))]

    assert [row for row in rows if token in repr(tuple(row)).encode()] == []
    mailer: Mailer = mailing_gatehouse.context.services[Mailer]
    (sealed,) = mailing_gatehouse.rows(select(outbox.c.sealed))
    assert token.decode() in (mailer.sealer.open(sealed[0]) or "")


class TestWhereTheClickSignsIn:
    """SIGN_IN_AFTER_VERIFICATION."""

    @pytest.fixture
    def welcoming(self, start_mailing):
        return start_mailing(require_verified_email=True, sign_in_after_verification=True)

    def test_the_first_click_gives_a_session(self, welcoming, mailbox):
        welcoming.visitor().sign_up(callbackURL="/hi")
        browser = welcoming.visitor()

        before = welcoming.events()
        response = open_link(browser, mailbox.last("verify"))

        assert response.headers["location"] == "/hi"
        assert "session_token" in cookie_lines(response)
        assert browser.session()["user"]["emailVerified"] is True
        assert events_after(welcoming, before) == ["email_verified", "sign_in"]

    def test_a_banned_user_gets_none_and_stays_unverified(self, welcoming, mailbox):
        welcoming.visitor().sign_up()
        welcoming.ban(ADA)

        response = open_link(welcoming.visitor(), mailbox.last("verify"))

        assert (response.status_code, response.json()["code"]) == (403, "BANNED_USER")
        assert welcoming.rows(select(users.c.email_verified)) == [(False,)]

    def test_whoever_is_signed_in_stays_who_they_are(self, welcoming, mailbox):
        """Any page can send a browser to a link of its own: login CSRF."""
        browser = welcoming.visitor()
        browser.sign_up("grace@example.com")
        open_link(browser, mailbox.last("verify", "grace@example.com"))
        graces = browser.session_cookie
        welcoming.visitor().sign_up()

        response = open_link(browser, mailbox.last("verify"))

        assert (response.status_code, cookies_of(response)) == (302, [])
        assert browser.session_cookie == graces
        assert browser.session()["user"]["email"] == "grace@example.com"
        assert welcoming.visitor().sign_in(ADA).status_code == 200  # it is verified all the same


def test_who_is_signed_in_keeps_that_session(start_mailing, mailbox):
    gatehouse = start_mailing(sign_in_after_verification=True)
    ada = gatehouse.member()

    assert cookies_of(open_link(ada, mailbox.last("verify"))) == []
    assert ada.session()["user"]["emailVerified"] is True
