"""The outbox as an admin reads it."""

import pytest

from backend.kernel.secrets.secret import Password
from tests.api.mail_helpers import LINK, enqueue_reset_mail, smtp_settings, wait_for_state
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.rig.smtp import SmtpServer

PATH = "/api/admin/outbox"
ADMIN = {"admin_email": "admin@example.com", "admin_password": Password(PASSWORD)}


def sign_in_admin(gatehouse: Gatehouse) -> Visitor:
    visitor = gatehouse.visitor()
    assert visitor.sign_in("admin@example.com").status_code == 200
    return visitor


@pytest.fixture
def gatehouse(start):
    """An application with an admin and without a mailer."""
    return start(**ADMIN)


def test_without_a_mailer_the_admin_reads_every_mail_with_its_link(gatehouse):
    admin = sign_in_admin(gatehouse)
    enqueue_reset_mail(gatehouse)

    response = admin.get(PATH)

    assert response.status_code == 200
    assert response.json()["sends"] is False
    assert response.json()["nextCursor"] is None
    (mail,) = response.json()["mails"]
    assert mail.pop("id")
    assert LINK in mail.pop("text")
    assert mail == {
        "kind": "reset",
        "to": "ada@example.com",
        "state": "held",
        "attempts": 0,
        "createdAt": "2026-11-22T12:00:00.000Z",
        "dueAt": None,
        "sentAt": None,
        "lastError": None,
        "subject": "Choose a new password for Gatehouse",
        "url": LINK,
    }


def test_with_a_mailer_no_link_is_shown_even_while_a_mail_waits(start, tmp_path):
    with SmtpServer(tmp_path) as smtp:
        gatehouse = start(**ADMIN, **smtp_settings(smtp))
        enqueue_reset_mail(gatehouse, "later@example.com")
        enqueue_reset_mail(gatehouse, "unknown@example.com")
        admin = sign_in_admin(gatehouse)

        response = admin.get(PATH)

    assert response.json()["sends"] is True
    assert [mail["to"] for mail in response.json()["mails"]] != []
    assert {(mail["subject"], mail["text"], mail["url"]) for mail in response.json()["mails"]} == {
        (None, None, None)
    }
    assert "a-live-token" not in response.text


def test_the_newest_come_first_page_by_page(gatehouse):
    admin = sign_in_admin(gatehouse)
    for number in range(5):
        gatehouse.clock.advance(seconds=1)
        enqueue_reset_mail(gatehouse, f"user{number}@example.com")

    recipients, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"{PATH}?limit=2{cursor and '&cursor=' + cursor}").json()
        assert len(page["mails"]) <= 2
        recipients += [mail["to"].partition("@")[0] for mail in page["mails"]]
        cursor = page["nextCursor"]

    assert recipients == ["user4", "user3", "user2", "user1", "user0"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x"])
def test_a_page_that_cannot_be_is_refused(gatehouse, query):
    response = sign_in_admin(gatehouse).get(f"{PATH}?{query}")

    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_nobody_else_reads_it(gatehouse):
    enqueue_reset_mail(gatehouse)

    assert gatehouse.visitor().get(PATH).status_code == 401
    response = gatehouse.member("eve@example.com").get(PATH)
    assert response.status_code == 403
    assert "a-live-token" not in response.text


def test_what_was_sent_is_listed_without_what_it_said(start, tmp_path):
    with SmtpServer(tmp_path) as smtp:
        gatehouse = start(**ADMIN, **smtp_settings(smtp))
        enqueue_reset_mail(gatehouse)
        wait_for_state(gatehouse, "sent")

        (mail,) = sign_in_admin(gatehouse).get(PATH).json()["mails"]

    assert (mail["state"], mail["attempts"], mail["text"]) == ("sent", 1, None)
    assert mail["sentAt"] == "2026-11-22T12:00:00.000Z"
