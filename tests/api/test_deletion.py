"""POST /delete-user and GET /delete-user/callback; list-accounts and unlink-account."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from backend.features.accounts.removal import remove_user
from backend.features.accounts.service import Accounts
from backend.kernel.client import Client
from backend.storage.queries import users as stored_users
from backend.storage.tables import links, outbox, sessions, users
from backend.storage.work import Work
from tests.mailbox import open_link
from tests.make import PASSWORD
from tests.scene import Scene, ada_signed_up, cookies_of, events_after, refusal, scenes

DELETE, CALLBACK = "delete-user", "delete-user/callback"
ADA = "ada@example.com"
GONE = {"success": True, "message": "User deleted"}
CLEARED = ["session_token 0", "session_data 0", "dont_remember 0"]


def ada_signed_in_long_ago(gatehouse, visitor):
    ada_signed_up(gatehouse, visitor)
    gatehouse.clock.advance(seconds=gatehouse.settings.session_fresh_for)


REFUSED = [
    Scene(name="without a session", path=DELETE, body={}, status=401, code="UNAUTHORIZED"),
    Scene(
        name="a wrong password",
        setup=ada_signed_up,
        path=DELETE,
        body={"password": "a wrong one"},
        status=400,
        code="INVALID_PASSWORD",
        events=("password_check_failed",),
    ),
    Scene(
        name="a token nobody made",
        setup=ada_signed_up,
        path=DELETE,
        body={"token": "garbage"},
        status=404,
        code="INVALID_TOKEN",
    ),
    Scene(
        name="a sign-in that is long ago",
        setup=ada_signed_in_long_ago,
        path=DELETE,
        body={},
        status=400,
        code="SESSION_EXPIRED",
        cookies=("session_token 604800",),
    ),
    Scene(
        name="a link without a session",
        method="GET",
        path=f"{CALLBACK}?token=garbage",
        status=404,
        code="FAILED_TO_GET_USER_INFO",
    ),
    Scene(
        name="a link nobody mailed",
        setup=ada_signed_up,
        method="GET",
        path=f"{CALLBACK}?token=garbage",
        status=404,
        code="INVALID_TOKEN",
    ),
    Scene(
        name="a link to a foreign site",
        setup=ada_signed_up,
        method="GET",
        path=f"{CALLBACK}?token=garbage&callbackURL=https://evil.example",
        status=403,
        code="INVALID_CALLBACK_URL",
    ),
    Scene(
        name="giving up the only way in",
        setup=ada_signed_up,
        path="unlink-account",
        body={"accountId": "x"},
        status=400,
        code="FAILED_TO_UNLINK_LAST_ACCOUNT",
    ),
    Scene(
        name="giving up a way in, long after the sign-in",
        setup=ada_signed_in_long_ago,
        path="unlink-account",
        body={"accountId": "x"},
        status=403,
        code="SESSION_NOT_FRESH",
        cookies=("session_token 604800",),
    ),
]


@scenes(*REFUSED)
def test_refused(gatehouse, scene):
    scene.play(gatehouse)


def test_the_password_is_enough(any_mailing_gatehouse, clock):
    gatehouse = any_mailing_gatehouse
    ada, phone = gatehouse.member(), gatehouse.visitor()
    phone.sign_in()
    clock.advance(seconds=gatehouse.settings.session_fresh_for)

    response = ada.post(DELETE, {"password": PASSWORD})

    assert (response.status_code, response.json()) == (200, GONE)
    assert cookies_of(response) == CLEARED
    assert phone.session() is None
    assert gatehouse.visitor().sign_in().status_code == 401
    assert gatehouse.visitor().sign_up().status_code == 200  # the address is free


def test_a_fresh_session_is_enough(mailing_gatehouse):
    assert mailing_gatehouse.member().post(DELETE, {}).json() == GONE


def test_nothing_is_left_but_lines_that_name_nobody(any_mailing_gatehouse):
    gatehouse = any_mailing_gatehouse
    ada = gatehouse.visitor("203.0.113.99")
    ada.sign_up()
    gatehouse.visitor("203.0.113.99").sign_in(password="a wrong one")
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    ada.post("change-email", {"newEmail": "new@example.com"})
    ada_id = gatehouse.user_id(ADA)
    grace = gatehouse.member("grace@example.com")

    ada.post(DELETE, {"password": PASSWORD})

    assert gatehouse.rows(select(users.c.email)) == [("grace@example.com",)]
    assert gatehouse.rows(select(sessions.c.user_id).where(sessions.c.user_id == ada_id)) == []
    assert gatehouse.rows(select(links.c.id).where(links.c.user_id == ada_id)) == []
    assert gatehouse.rows(select(outbox.c.id).where(outbox.c.recipient == ADA)) == []
    lines = gatehouse.events()
    assert not [line for line in lines if ada_id in {line.actor, line.subject}]
    assert not [line for line in lines if line.address == "203.0.113.99"]
    kept_kinds = {line.kind for line in lines if line.subject is None}
    assert {"sign_up", "sign_in_failed", "user_deleted"} <= kept_kinds
    grace_id = gatehouse.user_id("grace@example.com")
    (event,) = [line for line in lines if line.actor == grace_id]
    assert (event.address, event.user_agent) == ("203.0.113.7", "Browser/1.0")
    assert grace.session() is not None


def test_what_an_admin_did_keeps_the_admin(mailing_gatehouse):
    mailing_gatehouse.member()
    admin, mailer = UUID(int=1), Client("198.51.100.1", "Panel", "request")
    with Work(mailing_gatehouse.context.runtime, mailer) as work:
        user = stored_users.find(work.db, mailing_gatehouse.user_id(ADA))
        assert user is not None
        assert remove_user(work, mailing_gatehouse.context.services[Accounts], user, by=admin)

    (line,) = [line for line in mailing_gatehouse.events() if line.kind == "user_deleted"]
    assert (line.actor, line.subject, line.address) == (admin, None, "198.51.100.1")


def test_an_admin_who_acts_as_a_user_cannot_delete_them(mailing_gatehouse):
    ada = mailing_gatehouse.member()
    mailing_gatehouse.execute(
        update(sessions).values(impersonated_by=UUID(int=1)), mailing_gatehouse.user_id(ADA)
    )

    assert ada.post(DELETE, {}).status_code == 403
    assert mailing_gatehouse.rows(select(users.c.email)) == [(ADA,)]


def test_where_it_is_switched_off_there_is_no_such_thing(start):
    ada = start(delete_user=False).member()

    response = ada.post(DELETE, {"password": PASSWORD})
    callback = ada.get(f"{CALLBACK}?token=x")

    assert (response.status_code, response.content) == (404, b"")
    assert (callback.status_code, callback.json()) == (404, refusal("NOT_FOUND"))


def test_of_several_at_once_all_end_well(any_mailing_gatehouse):
    gatehouse = any_mailing_gatehouse
    ada = gatehouse.member()

    responses = gatehouse.gather(
        *(ada.send_async("POST", DELETE, {"password": PASSWORD}) for _ in range(4))
    )

    codes = sorted(response.status_code for response in responses)
    assert codes[0] == 200
    assert set(codes[1:]) <= {400, 401}
    assert [line.kind for line in gatehouse.events()].count("user_deleted") == 1


class TestThroughAMailedLink:
    """DELETE_USER_NEEDS_LINK."""

    @pytest.fixture
    def asking(self, start_mailing):
        return start_mailing(delete_user_needs_link=True)

    def test_the_link_deletes_in_the_browser_one_is_signed_in_with(self, asking, mailbox):
        ada = asking.member()

        before = asking.events()
        requested = ada.post(DELETE, {"callbackURL": "/goodbye?a=1"})
        assert requested.json() == {"success": True, "message": "Verification email sent"}
        assert events_after(asking, before) == ["user_deletion_requested"]
        mail = mailbox.last("delete")
        assert open_link(asking.visitor(), mail).json() == refusal("FAILED_TO_GET_USER_INFO")
        grace = asking.member("grace@example.com")
        assert open_link(grace, mail).json() == refusal("INVALID_TOKEN")
        response = open_link(ada, mail)

        assert (response.status_code, response.headers["location"]) == (302, "/goodbye?a=1")
        assert cookies_of(response) == CLEARED
        assert ada.session() is None
        assert asking.rows(select(users.c.email)) == [("grace@example.com",)]

    def test_the_token_may_be_posted(self, asking, mailbox):
        ada = asking.member()
        ada.post(DELETE, {})

        assert ada.post(DELETE, {"token": mailbox.last("delete").token}).json() == GONE

    def test_a_wrong_password_mails_nothing(self, asking, mailbox):
        ada = asking.member()

        assert ada.post(DELETE, {"password": "a wrong one"}).json() == refusal("INVALID_PASSWORD")
        assert mailbox.kinds() == ["verify"]

    def test_it_is_open_for_a_day(self, asking, mailbox, clock):
        ada = asking.member()
        ada.post(DELETE, {})
        clock.advance(days=1)

        assert open_link(ada, mailbox.last("delete")).json() == refusal("INVALID_TOKEN")
        assert ada.session() is not None


def test_the_password_is_a_way_of_signing_in(gatehouse):
    ada = gatehouse.member()
    user = ada.session()["user"]

    (account,) = ada.get("list-accounts").json()

    assert account == {
        "id": user["id"],
        "providerId": "credential",
        "accountId": user["id"],
        "userId": user["id"],
        "createdAt": user["createdAt"],
        "updatedAt": user["updatedAt"],
        "scopes": [],
    }


def test_who_has_no_password_has_no_account_of_that_kind(gatehouse):
    ada = gatehouse.member()
    gatehouse.execute(update(users).values(password_hash=None))

    assert ada.get("list-accounts").json() == []
    assert ada.post("unlink-account", {"accountId": "x"}).json() == refusal("ACCOUNT_NOT_FOUND")
    assert gatehouse.visitor().get("list-accounts").json() == refusal("UNAUTHORIZED")
