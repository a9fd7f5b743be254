"""GET /api/account/export."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from backend.features.own_account import export
from backend.kernel.client import SYSTEM, Client
from backend.kernel.events import Event, EventKind
from backend.storage.tables import sessions, users
from backend.storage.work import Work
from tests import magic
from tests.make import PASSWORD
from tests.rig.processes import wait_until
from tests.scene import events_after, refusal

EXPORT = "/api/account/export"
ADA = "ada@example.com"


def unpack(response):
    """The files of the zip, by name."""
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_everything_held_about_the_caller(any_mailing_gatehouse):
    gatehouse = any_mailing_gatehouse
    ada = gatehouse.member()
    gatehouse.visitor("198.51.100.9").sign_in(password="a wrong one")
    gatehouse.visitor().post("request-password-reset", {"email": ADA})
    gatehouse.member("grace@example.com")

    before = gatehouse.events()
    response = ada.get(EXPORT)

    assert (response.status_code, response.headers["content-type"]) == (200, "application/zip")
    assert response.headers["content-disposition"] == 'attachment; filename="account.zip"'
    assert response.headers["cache-control"] == "no-store"
    assert events_after(gatehouse, before) == ["data_exported"]
    files = unpack(response)
    user = ada.session()["user"]
    assert files["profile.json"] == [{**user, "hasPassword": True}]
    (session,) = files["sessions.json"]
    assert (session["ipAddress"], session["userAgent"]) == ("203.0.113.7", "Browser/1.0")
    kinds = sorted(link["kind"] for link in files["links.json"])
    assert kinds == ["reset-password", "verify-email"]
    assert sorted(mail["kind"] for mail in files["mails.json"]) == ["reset", "verify"]
    assert {mail["to"] for mail in files["mails.json"]} == {ADA}
    assert sorted(event["kind"] for event in files["events.json"]) == [
        "data_exported",
        "password_reset_requested",
        "sign_in_failed",
        "sign_up",
    ]
    assert "198.51.100.9" in {event["ipAddress"] for event in files["events.json"]}


def test_links_that_were_asked_for_before_there_was_an_account_are_in_it(
    mailing_gatehouse, mailbox
):
    for email in (ADA, "grace@example.com"):
        magic.ask(mailing_gatehouse.visitor(), mailbox, email)
    ada = magic.sign_in(mailing_gatehouse, mailbox)
    files = unpack(ada.get(EXPORT))
    assert [(link["kind"], link["email"]) for link in files["links.json"]] == [
        ("magic-link", ADA)
    ] * 2


def test_nothing_that_opens_anything_is_in_it(mailing_gatehouse, mailbox):
    ada = mailing_gatehouse.member()
    mailing_gatehouse.visitor().post("request-password-reset", {"email": ADA})
    (hashed,) = mailing_gatehouse.rows(select(users.c.password_hash))[0]

    text = json.dumps(unpack(ada.get(EXPORT)))

    token = ada.session()["session"]["token"]
    secret = [PASSWORD, hashed, token, *(mail.token for mail in mailbox.all(ADA))]
    assert [each for each in secret if each in text] == []


def test_where_an_admin_sat_is_not_told(mailing_gatehouse):
    ada = mailing_gatehouse.member()
    with Work(
        mailing_gatehouse.context.runtime, Client("198.51.100.1", "Panel", "request")
    ) as work:
        banned = Event(EventKind.USER_UPDATED, UUID(int=1), mailing_gatehouse.user_id(ADA))
        work.record(banned)

    events = unpack(ada.get(EXPORT))["events.json"]

    (by_admin,) = [each for each in events if each["kind"] == "user_updated"]
    assert (by_admin["byYou"], by_admin["aboutYou"]) == (False, True)
    assert (by_admin["ipAddress"], by_admin["userAgent"]) == (None, None)


def test_what_an_admin_did_as_the_user_is_not_said_to_be_the_users(mailing_gatehouse):
    ada, ada_id = mailing_gatehouse.member(), mailing_gatehouse.user_id(ADA)
    acting = Client("198.51.100.1", "Panel", "request", impersonated_by=UUID(int=1))
    with Work(mailing_gatehouse.context.runtime, acting) as work:
        work.record(Event(EventKind.USER_UPDATED, ada_id, ada_id))

    events = unpack(ada.get(EXPORT))["events.json"]

    (by_admin,) = [each for each in events if each["kind"] == "user_updated"]
    assert (by_admin["byYou"], by_admin["ipAddress"]) == (False, None)


@pytest.mark.parametrize("lines", [999, 1000, 2001])
def test_a_long_trail_is_complete(mailing_gatehouse, lines):
    ada, ada_id = mailing_gatehouse.member(), mailing_gatehouse.user_id(ADA)
    with Work(mailing_gatehouse.context.runtime, SYSTEM) as work:
        for _ in range(lines):
            work.record(Event(EventKind.SIGN_IN, ada_id, ada_id))

    events = unpack(ada.get(EXPORT))["events.json"]

    assert len({event["id"] for event in events}) == len(events) == lines + 2


def test_only_for_who_is_signed_in_as_themselves(mailing_gatehouse):
    ada = mailing_gatehouse.member()
    assert mailing_gatehouse.visitor().get(EXPORT).json() == refusal("UNAUTHORIZED")

    mailing_gatehouse.execute(
        update(sessions).values(impersonated_by=UUID(int=1)), mailing_gatehouse.user_id(ADA)
    )
    assert ada.get(EXPORT).status_code == 403


def test_as_often_as_any_protected_endpoint(start):
    ada = start(rate_limits=True, rate_limit_per_user="3/minute").member()

    assert [ada.get(EXPORT).status_code for _ in range(4)] == [200, 200, 200, 429]


class HeldExport:
    """An export that waits in front of its events until the test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        events = export._load_events

        def wait_and_export(*args: Any) -> Any:
            self.reached.set()
            assert self.go_on.wait(30)
            yield from events(*args)

        monkeypatch.setattr(export, "_load_events", wait_and_export)


@pytest.fixture
def held_export(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldExport]:
    held = HeldExport(monkeypatch)
    yield held
    held.go_on.set()


def test_one_at_a_time_for_each_user(mailing_gatehouse, held_export):
    ada, grace = mailing_gatehouse.member(), mailing_gatehouse.member("grace@example.com")
    first = mailing_gatehouse.loop.start(ada.send_async("GET", EXPORT))
    assert held_export.reached.wait(30)
    before = mailing_gatehouse.events()
    second = ada.get(EXPORT)
    assert (second.status_code, second.headers["retry-after"]) == (429, "10")
    assert mailing_gatehouse.events() == before  # what is refused is not on record as exported
    export_of_grace = mailing_gatehouse.loop.start(grace.send_async("GET", EXPORT))
    held_export.go_on.set()
    assert [each.result().status_code for each in (first, export_of_grace)] == [200, 200]
    assert ada.get(EXPORT).status_code == 200


def test_however_many_export_everything_else_is_served(start, held_export):
    gatehouse = start()
    people = [gatehouse.member(f"user{number}@example.com") for number in range(9)]
    running = [gatehouse.loop.start(each.send_async("GET", EXPORT)) for each in people[:8]]
    assert held_export.reached.wait(30)
    wait_until(lambda: len(gatehouse.context.downloads._running) == 8, "the downloads")
    assert people[8].get(EXPORT).status_code == 503
    assert people[8].get("list-sessions").status_code == 200
    held_export.go_on.set()
    assert [each.result().status_code for each in running] == [200] * 8
    assert people[8].get(EXPORT).status_code == 200
