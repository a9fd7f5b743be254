"""What of second factors leaves with their user: told in the export, erased with the account."""

import json

import pytest
from sqlalchemy import func, select

from backend.storage.tables import (
    backup_codes,
    one_time_codes,
    sign_in_challenges,
    totp_steps,
    trusted_browsers,
    two_factors,
    users,
)
from tests.admins import make_admin, user_id_of
from tests.api.test_export import EXPORT, unpack
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.second_factor import App, enrol, first_step

ADA = "ada@example.com"
TABLES = (
    two_factors,
    backup_codes,
    totp_steps,
    trusted_browsers,
    sign_in_challenges,
    one_time_codes,
)


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def app(gatehouse) -> App:
    """Ada's app: she has codes by mail too, a trusted browser, and has begun a sign-in."""
    ada = gatehouse.member(ADA)
    app = enrol(gatehouse, ada)
    assert ada.post("two-factor/enable", {"password": PASSWORD, "method": "otp"}).is_success
    trusted = first_step(gatehouse)
    body = {"code": app.code(), "trustDevice": True}
    assert trusted.post("two-factor/verify-totp", body).is_success
    assert first_step(gatehouse).post("two-factor/send-otp").is_success
    return app


@pytest.fixture
def ada(gatehouse, app) -> Visitor:
    """Ada's browser, signed in with a backup code."""
    browser = first_step(gatehouse)
    code = {"code": app.backup_codes[0]}
    assert browser.post("two-factor/verify-backup-code", code).is_success
    return browser


def count_rows(gatehouse: Gatehouse) -> list[int]:
    counts = [gatehouse.rows(select(func.count()).select_from(table)) for table in TABLES]
    return [count for ((count,),) in counts]


def test_the_export_tells_what_there_is_and_no_secret(gatehouse, app, ada, mailbox):
    files = unpack(ada.get(EXPORT))
    assert files["second-factors.json"] == [
        {
            "enabled": True,
            "authenticatorApp": True,
            "codesByMail": True,
            "since": "2026-11-22T12:00:00.000Z",
            "backupCodesLeft": 9,
            "wrongCodesInARow": 0,
            "lockedUntil": None,
        }
    ]
    (browser,) = files["trusted-browsers.json"]
    assert (browser["ipAddress"], browser["userAgent"]) == ("203.0.113.7", "Browser/1.0")
    assert browser["expiresAt"] == "2026-12-22T12:00:00.000Z"
    (begun,) = files["begun-sign-ins.json"]
    assert (begun["method"], begun["codesTried"]) == ("password", 0)

    text = json.dumps(files)
    secrets = [app.secret, *app.backup_codes, mailbox.last("code").code + '"']
    assert [each for each in secrets if each in text] == []


@pytest.mark.parametrize("by", ["themselves", "an admin"])
def test_with_the_account_all_of_it_is_erased(gatehouse, app, ada, by):
    assert all(count_rows(gatehouse)), count_rows(gatehouse)
    if by == "themselves":
        assert ada.post("delete-user", {"password": PASSWORD}).is_success
    else:
        body = {"userId": user_id_of(gatehouse, ADA)}
        assert make_admin(gatehouse).post("admin/remove-user", body).is_success
    assert count_rows(gatehouse) == [0] * len(TABLES)


def test_the_table_of_users_tells_who_has_one(gatehouse, app):
    root = make_admin(gatehouse)
    lines = root.get("/api/admin/users.csv").text.splitlines()
    columns = lines[0].lstrip("\ufeff").split(",")
    (adas,) = (line.split(",") for line in lines[1:] if ADA in line)
    assert dict(zip(columns, adas, strict=True))['"twoFactorEnabled"'] == '"true"'


def test_sql_alone_erases_it_too(gatehouse, app):
    """A database's owner who deletes the user leaves no factor behind."""
    gatehouse.execute(users.delete().where(users.c.email == ADA), gatehouse.user_id(ADA))
    assert count_rows(gatehouse) == [0] * len(TABLES)
