"""POST /change-email, and the links it mails."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from backend.storage.tables import sessions, users
from tests.in_process import cookie_lines
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import Scene, ada_signed_up, events_after, refusal, scenes

CHANGE = "change-email"
ADA, NEW = "ada@example.com", "lovelace@example.com"
NOT_VALID, NOT_YOURS = "/?error=INVALID_TOKEN", "/?error=INVALID_USER"

REFUSED = [
    Scene(
        name="without a session",
        path=CHANGE,
        body={"newEmail": NEW},
        status=401,
        code="UNAUTHORIZED",
    ),
    Scene(
        name="an address that is none",
        setup=ada_signed_up,
        path=CHANGE,
        body={"newEmail": "lovelace"},
        status=400,
        code="VALIDATION_ERROR",
        message="[body.newEmail] Invalid email address",
    ),
    Scene(
        name="the address one has",
        setup=ada_signed_up,
        path=CHANGE,
        body={"newEmail": "Ada@Example.com"},
        status=400,
        message="Email is the same",
    ),
    Scene(
        name="a click that would lead to a foreign site",
        setup=ada_signed_up,
        path=CHANGE,
        body={"newEmail": NEW, "callbackURL": "//evil.example"},
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
]


@scenes(*REFUSED)
def test_refused(gatehouse, scene):
    scene.play(gatehouse)


def test_refused_where_it_is_switched_off(start):
    ada = start(change_email=False).member()

    assert ada.post(CHANGE, {"newEmail": NEW}).json() == refusal("CHANGE_EMAIL_DISABLED")


def request_change(visitor, new=NEW, **more):
    response = visitor.post(CHANGE, {"newEmail": new, **more})
    assert (response.status_code, response.json()) == (200, {"status": True})


@pytest.fixture
def verified(mailing_gatehouse, mailbox):
    """Ada, signed in, her address verified."""
    ada = mailing_gatehouse.member()
    open_link(mailing_gatehouse.visitor(), mailbox.last("verify"))
    return ada


def test_an_unverified_user_clicks_at_the_new_address(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    ada, phone = gatehouse.member(), gatehouse.visitor()
    phone.sign_in()
    request_change(ada, NEW.upper(), callbackURL="/settings?tab=1")
    assert ada.session()["user"]["email"] == ADA

    before = gatehouse.events()
    response = open_link(ada, mailbox.last("verify", NEW))

    assert (response.status_code, response.headers["location"]) == (302, "/settings?tab=1")
    assert "session_token" in cookie_lines(response)
    assert events_after(gatehouse, before) == ["email_changed"]
    for browser in (ada, phone):
        user = browser.session()["user"]
        assert (user["email"], user["emailVerified"]) == (NEW, False)
    assert gatehouse.visitor().sign_in().status_code == 401
    assert gatehouse.visitor().sign_in(NEW).status_code == 200
    assert mailbox.kinds() == ["verify"]  # nobody has proved to own the old address


def test_a_verified_user_clicks_at_both(mailing_gatehouse, verified, mailbox):
    request_change(verified, callbackURL="/done")
    assert mailbox.kinds(NEW) == []

    first = open_link(mailing_gatehouse.visitor(), mailbox.last("change-email"))
    assert verified.session()["user"]["email"] == ADA
    second = mailing_gatehouse.visitor().get(
        f"verify-email?token={mailbox.last('verify', NEW).token}"
    )

    assert first.headers["location"] == "/done"
    assert second.json()["status"] is True
    assert second.json()["user"] == verified.session()["user"]
    assert (second.json()["user"]["email"], second.json()["user"]["emailVerified"]) == (NEW, True)
    assert mailbox.kinds() == ["verify", "change-email", "notice"]
    assert "set-cookie" not in second.headers


def test_the_first_step_answers_without_a_user(mailing_gatehouse, verified, mailbox):
    request_change(verified)
    token = mailbox.last("change-email").token

    responses = [
        mailing_gatehouse.visitor().get(f"verify-email?token={token}").json() for _ in range(2)
    ]

    assert responses == [{"status": True}] * 2
    assert mailbox.kinds(NEW) == ["verify"]  # the second click asked nobody


def test_a_second_click_changes_nothing_and_gives_nothing(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    request_change(ada)
    mail = mailbox.last("verify", NEW)
    mailing_gatehouse.visitor().get(f"verify-email?token={mail.token}")

    before = mailing_gatehouse.events()
    response = mailing_gatehouse.visitor().get(f"verify-email?token={mail.token}")

    assert response.json() == {"status": True, "user": None}
    assert "set-cookie" not in response.headers
    assert events_after(mailing_gatehouse, before) == []


def test_not_in_the_browser_of_another(mailing_gatehouse, mailbox):
    request_change(mailing_gatehouse.member())
    grace = mailing_gatehouse.member("grace@example.com")
    token = mailbox.last("verify", NEW).token

    assert open_link(grace, mailbox.last("verify", NEW)).headers["location"] == NOT_YOURS
    response = grace.get(f"verify-email?token={token}")
    assert (response.status_code, response.json()) == (401, refusal("INVALID_USER"))
    assert mailing_gatehouse.visitor().sign_in().status_code == 200


def test_a_taken_address_is_answered_alike(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    mailing_gatehouse.member("grace@example.com")
    assert ada.session() is not None  # read once, so that no check of it reads the row below
    statement_kinds = {}
    for new in (NEW, "grace@example.com"):
        with mailing_gatehouse.statements() as statements:
            request_change(ada, new)
        statement_kinds[new] = [each.split(" (")[0] for each in statements]

    assert statement_kinds[NEW] == statement_kinds["grace@example.com"]
    assert mailbox.kinds("grace@example.com") == ["verify"]  # of her own sign-up


def test_not_even_the_own_mailbox_tells_whether_an_address_is_taken(
    mailing_gatehouse, verified, mailbox
):
    mailing_gatehouse.member("grace@example.com")
    request_change(verified, "grace@example.com")

    open_link(mailing_gatehouse.visitor(), mailbox.last("change-email"))

    assert mailbox.kinds("grace@example.com") == ["verify"]
    assert verified.session()["user"]["email"] == ADA


def test_an_address_taken_meanwhile_stays_whose_it_is(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    ada = gatehouse.member()
    request_change(ada)
    mail = mailbox.last("verify", NEW)
    gatehouse.visitor().sign_up(NEW)

    assert open_link(ada, mail).headers["location"] == NOT_VALID
    assert ada.session()["user"]["email"] == ADA


def test_of_two_who_want_one_address_one_gets_it(any_mailing_gatehouse, mailbox):
    gatehouse = any_mailing_gatehouse
    browsers = [gatehouse.member(f"{name}@example.com") for name in ("ada", "grace")]
    for browser in browsers:
        request_change(browser)

    responses = gatehouse.gather(
        *(gatehouse.visitor().send_async("GET", mail.path) for mail in mailbox.all(NEW, "verify"))
    )

    assert sorted(response.headers["location"] for response in responses) == ["/", NOT_VALID]
    assert [browser.session()["user"]["email"] for browser in browsers].count(NEW) == 1


def test_an_expired_link_says_so(mailing_gatehouse, mailbox, clock):
    ada = mailing_gatehouse.member()
    request_change(ada)
    clock.advance(seconds=mailing_gatehouse.settings.verification_link_lifetime)

    response = open_link(ada, mailbox.last("verify", NEW))

    assert response.headers["location"] == "/?error=TOKEN_EXPIRED"


def test_a_link_that_asked_only_the_new_mailbox_ends_with_the_proof_of_the_old(
    mailing_gatehouse, mailbox
):
    """Asked for by whoever signed up with an address; then its owner proved to own it."""
    ada = mailing_gatehouse.member()
    request_change(ada)
    mailing_gatehouse.visitor().get(f"verify-email?token={mailbox.last('verify').token}")

    response = open_link(mailing_gatehouse.visitor(), mailbox.last("verify", NEW))

    assert response.headers["location"] == NOT_VALID
    assert ada.session()["user"]["email"] == ADA


def test_links_of_the_old_address_end_with_it(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    request_change(ada)
    mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})
    open_link(ada, mailbox.last("verify", NEW))

    body = {"newPassword": "battery correct horse", "token": mailbox.last("reset").token}

    assert mailing_gatehouse.visitor().post("reset-password", body).json() == refusal(
        "INVALID_TOKEN"
    )
    assert mailing_gatehouse.visitor().sign_in(NEW, PASSWORD).status_code == 200


def test_nobody_is_flooded_with_mails(start_mailing, mailbox):
    gatehouse = start_mailing(rate_limits=True)
    for at in range(6):
        browser = gatehouse.visitor(f"203.0.113.{at}")
        browser.sign_up(f"user{at}@example.com")
        request_change(browser)

    assert len(mailbox.kinds(NEW)) == 3


def test_an_admin_who_acts_as_a_user_cannot_take_the_account(mailing_gatehouse):
    ada = mailing_gatehouse.member()
    is_an_admins = update(sessions).values(impersonated_by=UUID(int=1))
    mailing_gatehouse.execute(is_an_admins, mailing_gatehouse.user_id(ADA))

    response = ada.post(CHANGE, {"newEmail": NEW})

    assert response.status_code == 403
    assert mailing_gatehouse.rows(select(users.c.email)) == [(ADA,)]


def test_a_name_that_changes_meanwhile_is_kept(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    request_change(ada)
    mailing_gatehouse.execute(update(users).values(name="Countess"), mailing_gatehouse.user_id(ADA))

    open_link(ada, mailbox.last("verify", NEW))

    assert ada.session()["user"]["name"] == "Countess"
