"""Threat: the secrets of second factors are lost with a key, or read where they must not be."""

import re

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from backend.features.housekeeping.service import Housekeeper
from backend.features.two_factor import totp
from backend.storage.tables import metadata, two_factors
from tests.in_process import Gatehouse
from tests.make import KEY, PASSWORD
from tests.rig.fixtures import DatabaseTarget
from tests.scene import refusal
from tests.second_factor import App, enrol, first_step

NEW_KEY = "another key for the signatures of today 47"
VERIFY, BY_PAPER = "two-factor/verify-totp", "two-factor/verify-backup-code"


@pytest.fixture
def app(start_on, mailbox) -> App:
    """Ada's app and codes by mail, from before the key was changed."""
    gatehouse = start_on(mailbox_file=mailbox.file)
    ada = gatehouse.member()
    app = enrol(gatehouse, ada)
    assert ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"}).is_success
    gatehouse.close()
    return app


@pytest.fixture
def restart(start_on, mailbox):
    """Start again with another key."""
    return lambda **keys: start_on(mailbox_file=mailbox.file, **keys)


def sealed(gatehouse: Gatehouse) -> bytes:
    ((secret,),) = gatehouse.rows(select(two_factors.c.totp_secret))
    return bytes(secret)


def test_after_the_key_was_changed_apps_and_backup_codes_go_on(app, restart):
    gatehouse = restart(secret_key=NEW_KEY, secret_keys_old=KEY)
    by_paper = first_step(gatehouse).post(BY_PAPER, {"code": app.backup_codes[0]})
    assert by_paper.status_code == 200
    again = first_step(gatehouse).post(BY_PAPER, {"code": app.backup_codes[0]})
    assert again.json() == refusal("INVALID_BACKUP_CODE")
    assert first_step(gatehouse).post(VERIFY, {"code": app.code()}).status_code == 200


@pytest.mark.parametrize("by", ["its use", "housekeeping"])
def test_apps_go_on_after_the_old_key_was_removed_too(app, restart, by):
    gatehouse = restart(secret_key=NEW_KEY, secret_keys_old=KEY)
    before = sealed(gatehouse)
    if by == "its use":
        assert first_step(gatehouse).post(VERIFY, {"code": app.code()}).status_code == 200
    else:
        gatehouse.context.services[Housekeeper].start_purge().result()
    after = sealed(gatehouse)
    assert after != before
    gatehouse.context.services[Housekeeper].start_purge().result()
    assert sealed(gatehouse) == after, "it was sealed with the new key already"
    gatehouse.close()

    without_the_old = restart(secret_key=NEW_KEY)
    without_the_old.clock.advance(seconds=30)
    response = first_step(without_the_old).post(VERIFY, {"code": app.code()})
    assert response.status_code == 200


def test_with_a_key_that_is_gone_the_log_says_what_to_do_and_mailed_codes_work(
    app, restart, mailbox
):
    gatehouse = restart(secret_key=NEW_KEY)
    with capture_logs() as logs:
        browsers = [first_step(gatehouse) for _ in range(4)]
        for browser in browsers:
            response = browser.post(VERIFY, {"code": app.code()})
            assert (response.status_code, response.json()) == (401, refusal("INVALID_CODE"))
    (line,) = [each for each in logs if each["event"] == "totp_secret_unreadable"]
    assert line["log_level"] == "error"
    assert "SECRET_KEYS_OLD" in line["fix"]

    browsers[0].post("two-factor/send-otp")
    code = mailbox.last("code").code
    assert browsers[0].post("two-factor/verify-otp", {"code": code}).status_code == 200


def test_no_secret_is_in_the_database_or_the_log(
    start_on, mailbox, database_target: DatabaseTarget, tmp_path
):
    with capture_logs() as logs:
        gatehouse = start_on(mailbox_file=mailbox.file)
        ada = gatehouse.member()
        app = enrol(gatehouse, ada)
        ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
        browser = first_step(gatehouse)
        browser.post("two-factor/send-otp")
        mailed = mailbox.last("code").code
        browser.post(BY_PAPER, {"code": "wrong-paper"})
        browser.post(VERIFY, {"code": app.code(), "trustDevice": True})
        trust = browser.cookies["better-auth.trust_device"]

    stored = "".join(
        repr([bytes(each) if isinstance(each, memoryview) else each for each in row])
        for table in metadata.sorted_tables
        for row in gatehouse.rows(select(table))
    )
    raw = b"".join(each.read_bytes() for each in tmp_path.glob("gatehouse.db*"))
    assert database_target.kind != "sqlite" or b"ada@example.com" in raw
    token = trust.removeprefix("trust-device-").partition(".")[0]
    for secret in [app.secret, *app.backup_codes, app.code(), mailed, token]:
        whole = re.compile(rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])")
        assert not whole.search(stored), secret
        assert not whole.search(repr(logs)), secret
        assert not re.search(whole.pattern.encode(), raw), secret


def test_a_crash_tells_no_code(start, monkeypatch):
    gatehouse = start()
    app = enrol(gatehouse, gatehouse.member())
    browser = first_step(gatehouse)

    def crash(secret, code, _):
        raise RuntimeError(f"{secret.reveal()} does not like {code}")

    monkeypatch.setattr(totp, "find_step", crash)
    code = app.code()
    with capture_logs() as logs:
        response = browser.post(VERIFY, {"code": code})
    assert response.status_code == 500
    (line,) = [each for each in logs if each["event"] == "request_crashed"]
    assert "RuntimeError" in line["exception"]
    assert [each for each in (code, app.secret) if each in line["exception"]] == []
