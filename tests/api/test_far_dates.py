"""Dates at the ends of the calendar: no row, whatever wrote it, breaks a response."""

import json
import re
from io import StringIO
from urllib.parse import urlencode

import psycopg2
import pytest
from sqlalchemy import text

from backend.features.user_transfer.exporting import export_users
from tests.admins import ADA, BOB, make_admin, user_id_of
from tests.api.test_user_transfer import import_text
from tests.make import PASSWORD

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BY_HAND = {
    "postgresql": ["infinity", "-infinity", "20000-01-01", "0044-03-15 BC"],
    "sqlite": ["infinity", 2**63 - 1, -(2**63), 10**18],
}
LISTS = [
    "/api/auth/admin/list-users",
    "/api/auth/admin/list-users?sortBy=createdAt&sortDirection=desc",
    "/api/admin/users",
    "/api/admin/users?banned=true",
    "/api/admin/users?banned=false",
    "/api/admin/users.csv",
    "/api/admin/sessions",
    "/api/admin/events",
    "/api/auth/list-sessions",
    "/api/auth/get-session",
]


@pytest.fixture
def far_east(start_on, database_target):
    """A Gatehouse whose database lives in a time zone east of UTC."""
    if database_target.direct:
        with psycopg2.connect(database_target.direct) as connection, connection.cursor() as cursor:
            name = database_target.direct.rpartition("/")[2]
            cursor.execute(f"ALTER DATABASE {name} SET timezone TO 'Asia/Kolkata'")
    return start_on()


def import_user(gatehouse, **payload):
    """Import one user; returns the errors of the line."""
    problems, _ = import_text(gatehouse, json.dumps({"email": BOB, **payload}))
    return problems


def find_dates(value):
    """Every date in a response, recognised by its key."""
    if isinstance(value, dict):
        dates = (
            each for key, each in value.items() if key.endswith(("At", "Expires", "at")) if each
        )
        yield from dates
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from find_dates(inner)


def check_all_lists(visitor):
    for path in LISTS:
        response = visitor.get(path)
        assert response.status_code == 200, (path, response.text)
        if not path.endswith(".csv"):
            for date in find_dates(response.json()):
                assert DATE.fullmatch(date), (path, date)


def test_the_last_second_of_the_calendar_is_moved_in_and_harms_no_list(far_east):
    root = make_admin(far_east)
    assert import_user(far_east, banned=True, ban_expires="9999-12-31T23:59:59Z") == []
    check_all_lists(root)
    response = root.get(f"/api/auth/admin/get-user?id={user_id_of(far_east, BOB)}")
    assert response.json()["banExpires"] == "9999-12-31T23:59:59.000Z"


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_a_date_that_nobody_could_read_back_is_refused_on_every_way_in(far_east, date):
    root = make_admin(far_east)
    far_east.member(ADA, address="198.51.100.1")
    (line, _) = import_user(far_east, created_at=date)
    assert line == "line 1: created_at: is not between the years 1 and 9999 in UTC"
    payload = {"userId": user_id_of(far_east, ADA), "data": {"banned": True, "banExpires": date}}
    assert root.post("/api/auth/admin/update-user", payload).status_code == 400
    query = {"filterField": "createdAt", "filterOperator": "lt", "filterValue": date}
    assert root.get(f"/api/auth/admin/list-users?{urlencode(query)}").status_code == 400
    assert root.get(f"/api/admin/events?{urlencode({'from': date})}").status_code == 400
    check_all_lists(root)


def test_a_row_written_by_hand_harms_no_list(far_east):
    root, ada = make_admin(far_east), far_east.member(ADA, address="198.51.100.1")
    database = far_east.context.runtime.database
    for timestamp in BY_HAND[database.kind]:
        ada_id = f"(SELECT id FROM users WHERE email = '{ADA}')"
        for statement in (
            f"UPDATE users SET created_at = :at, updated_at = :at WHERE email = '{ADA}'",
            f"UPDATE sessions SET created_at = :at, updated_at = :at WHERE user_id = {ada_id}",
            f"UPDATE audit_events SET at = :at WHERE subject_id = {ada_id}",
        ):
            far_east.execute(text(statement).bindparams(at=timestamp), far_east.user_id(ADA))
        check_all_lists(root)
        assert ada.session() is not None, timestamp
        assert ada.get("/api/account/export").status_code == 200
        assert export_users(database, StringIO(), ".csv", lambda _: None) == 2
        payload = {"userId": user_id_of(far_east, ADA)}
        assert root.post("/api/auth/admin/list-user-sessions", payload).status_code == 200


def test_a_session_without_end_in_the_database_still_ends_for_whoever_asks(far_east):
    ada = far_east.member(ADA)
    kind = far_east.context.runtime.database.kind
    ada_id = far_east.user_id(ADA)
    for timestamp in BY_HAND[kind][:1]:
        statement = text("UPDATE sessions SET expires_at = :at, created_at = :at")
        far_east.execute(statement.bindparams(at=timestamp), ada_id)
        assert DATE.fullmatch(ada.session()["session"]["expiresAt"])
    assert ada.post("/api/auth/revoke-sessions", {}).status_code == 200
    assert ada.session() is None


@pytest.mark.parametrize(
    "seconds", ["1e999", "-1", "NaN", "Infinity", "1e18", '"60"', "3153600001"]
)
def test_a_ban_for_a_time_that_cannot_be_is_refused(gatehouse, seconds):
    root = make_admin(gatehouse)
    gatehouse.member(ADA, address="198.51.100.1")
    body = f'{{"userId":"{user_id_of(gatehouse, ADA)}","banExpiresIn":{seconds}}}'.encode()
    response = root.post("/api/auth/admin/ban-user", raw=body)
    assert response.status_code == 400, response.text


@pytest.mark.parametrize(
    ("seconds", "end"),
    [
        (0.001, "2026-11-22T12:00:00.001Z"),
        (1e-9, "2026-11-22T12:00:00.000Z"),
        (0.5, "2026-11-22T12:00:00.500Z"),
        (3_153_600_000, "2126-10-29T12:00:00.000Z"),
        (0, None),
    ],
)
def test_a_ban_for_a_fraction_of_a_second_or_a_century_is_taken_at_its_word(
    gatehouse, seconds, end
):
    root = make_admin(gatehouse)
    gatehouse.member(ADA, address="198.51.100.1")
    payload = {"userId": user_id_of(gatehouse, ADA), "banExpiresIn": seconds}
    response = root.post("/api/auth/admin/ban-user", payload)
    assert response.json()["user"]["banExpires"] == end


def test_the_longest_lifetimes_that_settings_allow_work(start):
    century = 3_153_600_000
    names = ("session_lifetime", "session_max_age", "reset_link_lifetime", "session_fresh_for")
    gatehouse = start(**dict.fromkeys(names, century), audit_retention_days=36_500)
    ada = gatehouse.member(ADA)
    assert ada.session()["session"]["expiresAt"] == "2126-10-29T12:00:00.000Z"
    assert ada.post("/api/auth/request-password-reset", {"email": ADA}).status_code == 200
    assert gatehouse.visitor().sign_in(ADA, PASSWORD).status_code == 200
