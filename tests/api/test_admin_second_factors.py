"""Second factors as an admin sees and removes them, and as the owner of the machine does."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.features.management.second_factors import YOURSELF
from backend.kernel.timestamps import format_timestamp
from backend.storage.tables import backup_codes, sign_in_challenges, trusted_browsers, two_factors
from tests.admins import ADA, ROOT, make_admin, user_id_of
from tests.api.test_user_transfer import run_command
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import events_after, refusal
from tests.second_factor import App, enrol, first_step

READ, REMOVE = "/api/admin/second-factors", "/api/admin/remove-two-factor"
NONE = {
    "twoFactorEnabled": False,
    "app": False,
    "mailCodes": False,
    "since": None,
    "backupCodes": 0,
    "lockedUntil": None,
    "trustedBrowsers": [],
}
OF_FACTORS = (two_factors, backup_codes, sign_in_challenges, trusted_browsers)


@pytest.fixture
def root(any_mailing_gatehouse: Gatehouse) -> Visitor:
    """A browser in which an admin is signed in."""
    return make_admin(any_mailing_gatehouse)


@pytest.fixture
def ada(any_mailing_gatehouse: Gatehouse) -> Visitor:
    """A browser in which Ada is signed in."""
    return any_mailing_gatehouse.member(ADA, address="198.51.100.1")


@pytest.fixture
def app(any_mailing_gatehouse: Gatehouse, ada: Visitor) -> App:
    """Ada's authenticator app."""
    return enrol(any_mailing_gatehouse, ada)


def read(gatehouse: Gatehouse, root: Visitor, email: str = ADA):
    response = root.get(f"{READ}?userId={user_id_of(gatehouse, email)}")
    assert response.status_code == 200, response.text
    return response.json()


def count_rows(gatehouse: Gatehouse) -> list[int]:
    return [len(gatehouse.rows(select(table))) for table in OF_FACTORS]


def test_an_admin_sees_what_there_is_and_never_a_secret(any_mailing_gatehouse, root, ada, app):
    now = any_mailing_gatehouse.clock.now()
    trusting = first_step(any_mailing_gatehouse)
    payload = {"code": app.backup_codes[0], "trustDevice": True}
    assert trusting.post("two-factor/verify-backup-code", payload).status_code == 200
    ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    seen = read(any_mailing_gatehouse, root)
    (browser,) = seen.pop("trustedBrowsers")
    assert seen == {
        "twoFactorEnabled": True,
        "app": True,
        "mailCodes": True,
        "since": format_timestamp(now),
        "backupCodes": 9,
        "lockedUntil": None,
    }
    assert browser == {
        "ipAddress": "203.0.113.7",
        "userAgent": "Browser/1.0",
        "createdAt": format_timestamp(now),
        "expiresAt": format_timestamp(now + timedelta(days=30)),
    }
    text = json.dumps(seen)
    assert not any(secret in text for secret in (app.secret, *app.backup_codes))


def test_a_lock_is_shown_as_long_as_it_lasts(any_mailing_gatehouse, root, app):
    for _ in range(2):
        guessing = first_step(any_mailing_gatehouse)
        for _ in range(5):
            guessing.post("two-factor/verify-totp", {"code": "000000"})
    until = any_mailing_gatehouse.clock.now() + timedelta(minutes=15)
    assert read(any_mailing_gatehouse, root)["lockedUntil"] == format_timestamp(until)
    any_mailing_gatehouse.clock.advance(minutes=16)
    assert read(any_mailing_gatehouse, root)["lockedUntil"] is None


def test_who_has_only_begun_has_none(any_mailing_gatehouse, root, ada):
    App.begin(any_mailing_gatehouse, ada)
    assert read(any_mailing_gatehouse, root) == NONE


def test_removing_ends_the_factor_and_what_stood_for_it_but_no_session(
    any_mailing_gatehouse, mailbox, root, ada, app
):
    gatehouse = any_mailing_gatehouse
    trusting, waiting = first_step(gatehouse), first_step(gatehouse)
    payload = {"code": app.code(), "trustDevice": True}
    assert trusting.post("two-factor/verify-totp", payload).status_code == 200
    assert 0 not in count_rows(gatehouse)
    before = gatehouse.events()
    response = root.post(REMOVE, {"userId": user_id_of(gatehouse, ADA)})
    assert (response.status_code, response.json()) == (200, {"status": True})
    assert count_rows(gatehouse) == [0, 0, 0, 0]
    assert read(gatehouse, root) == NONE
    assert events_after(gatehouse, before) == ["two_factor_disabled"]
    (event,) = [each for each in gatehouse.events() if each.kind == "two_factor_disabled"]
    assert (event.actor, event.subject) == (gatehouse.user_id(ROOT), gatehouse.user_id(ADA))
    notice = mailbox.last("notice", ADA)
    assert "An administrator turned off two-factor authentication" in notice.text
    assert ada.session()["user"]["twoFactorEnabled"] is False
    assert trusting.session() is not None
    late = waiting.post("two-factor/verify-totp", {"code": app.code()})
    assert late.json() == refusal("INVALID_TWO_FACTOR_COOKIE")
    assert "token" in gatehouse.visitor().sign_in(ADA).json()


def test_what_cannot_be_removed_is_refused_and_nothing_is_written(
    any_mailing_gatehouse, mailbox, root, ada
):
    gatehouse = any_mailing_gatehouse
    enrol(gatehouse, root)
    before, mails = gatehouse.events(), len(mailbox.all())
    refused = root.post(REMOVE, {"userId": user_id_of(gatehouse, ADA)})
    assert (refused.status_code, refused.json()) == (400, refusal("TWO_FACTOR_NOT_ENABLED"))
    myself = root.post(REMOVE, {"userId": user_id_of(gatehouse, ROOT)})
    assert (myself.status_code, myself.json()) == (400, {"message": YOURSELF})
    for unknown in ("x", "01a203c2-7c93-7407-ab15-d32628a133b6"):
        gone = root.post(REMOVE, {"userId": unknown})
        assert (gone.status_code, gone.json()) == (404, refusal("USER_NOT_FOUND"))
        assert root.get(f"{READ}?userId={unknown}").status_code == 404
    assert root.post(REMOVE, {}).json()["code"] == "VALIDATION_ERROR"
    assert root.get(READ).json()["code"] == "VALIDATION_ERROR"
    assert (events_after(gatehouse, before), len(mailbox.all())) == ([], mails)
    assert root.session()["user"]["twoFactorEnabled"] is True


def test_faults_are_named_in_order_the_shape_first_then_the_caller_then_the_user(
    any_mailing_gatehouse, ada
):
    gatehouse, stranger = any_mailing_gatehouse, any_mailing_gatehouse.visitor()
    nobody = {"userId": "x"}
    assert stranger.post(REMOVE, {}).json()["code"] == "VALIDATION_ERROR"
    assert stranger.post(REMOVE, nobody).json() == refusal("UNAUTHORIZED")
    assert stranger.get(f"{READ}?userId=x").json() == refusal("UNAUTHORIZED")
    assert ada.post(REMOVE, nobody).json() == refusal("ADMINS_ONLY")
    assert ada.get(f"{READ}?userId=x").json() == refusal("ADMINS_ONLY")
    assert make_admin(gatehouse).post(REMOVE, nobody).json() == refusal("USER_NOT_FOUND")


def test_two_admins_who_remove_it_together_cause_one_event_and_one_mail(
    any_mailing_gatehouse, mailbox, root, app
):
    gatehouse = any_mailing_gatehouse
    other = make_admin(gatehouse, "other@example.com")
    payload, before = {"userId": user_id_of(gatehouse, ADA)}, gatehouse.events()
    answers = gatehouse.gather(
        *(each.send_async("POST", REMOVE, payload) for each in (root, other))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert events_after(gatehouse, before) == ["two_factor_disabled"]
    assert mailbox.kinds().count("notice") == 2  # that it was added, that it was removed


def test_who_must_have_a_factor_sets_another_one_up_at_once(start):
    gatehouse = start(require_two_factor_for="everybody")
    ada, root = gatehouse.member(ADA), make_admin(gatehouse)
    enrol(gatehouse, ada)
    enrol(gatehouse, root)
    assert ada.get("/api/me").status_code == 200
    assert root.post(REMOVE, {"userId": user_id_of(gatehouse, ADA)}).status_code == 200
    assert ada.get("/api/me").json() == refusal("TWO_FACTOR_REQUIRED")
    enrol(gatehouse, ada)
    assert ada.get("/api/me").status_code == 200


def test_the_only_admin_who_lost_the_phone_is_let_in_by_a_command(start, tmp_path):
    gatehouse = start()
    root = make_admin(gatehouse)
    enrol(gatehouse, root)
    folder = gatehouse.settings.data_dir
    removed = run_command(folder, "remove-two-factor", "Root@example.com")
    assert (removed.returncode, removed.stdout) == (
        0,
        f"{ROOT} signs in without a second factor now\n",
    ), removed.stderr
    assert "token" in gatehouse.visitor().sign_in(ROOT).json()
    event = next(each for each in gatehouse.events() if each.kind == "two_factor_disabled")
    assert (event.actor, event.subject) == (None, gatehouse.user_id(ROOT))
    newest = root.get("/api/admin/outbox").json()["mails"][0]
    assert (newest["kind"], newest["to"]) == ("notice", ROOT)
    again = run_command(folder, "remove-two-factor", ROOT)
    assert (again.returncode, again.stdout) == (1, f"{ROOT} has no second factor\n")
    unknown = run_command(folder, "remove-two-factor", "nobody@example.com")
    assert (unknown.returncode, unknown.stdout) == (1, "nobody@example.com has no second factor\n")
