"""GET /api/admin/users.csv: all users that match the filters, for a spreadsheet."""

import csv
from dataclasses import asdict
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from backend.features.admin import user_listing
from backend.features.admin.user_listing import iterate_batches
from backend.features.admin.user_query import FilterUsers
from backend.features.management import user_export
from backend.features.management.routes import lists
from backend.features.user_transfer.records import read_records
from backend.kernel.csv_cells import escape_formula, unescape_formula
from backend.storage.queries import user_list
from backend.storage.tables import users
from tests.admins import ADA, ROOT, emails, make_admin, user_id_of
from tests.make import make_user
from tests.scene import check_like_every_answer, events_after

FILE = "/api/admin/users.csv"
FORMULAS = [
    *("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\uff1d1", "\t=1", "\r=1", "\n1"),
    *(" =1", "\u00a0=1", "\ufeff=1", "\u200b+1", " \ufeff \u00a0@x", "\x01=1", "'=1", "''+1"),
]
TEXTS = ["", "O'Neil", "'tis", "a=1", "Zoë", "'", "''", "1-1", "\u00a0x"]


def read_rows(response):
    """The rows of the file as a spreadsheet reads them, each as a dictionary."""
    assert response.status_code == 200, response.text
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"), newline="")))


def add_users(gatehouse, count):
    for number in range(count):
        user = make_user(number, banned=number % 2 == 0, name=f"Person {number % 3}")
        gatehouse.execute(insert(users).values(asdict(user)))


def test_the_file_says_what_an_owner_expects_and_nothing_that_is_secret(any_gatehouse):
    root = make_admin(any_gatehouse)
    any_gatehouse.member(ADA, address="198.51.100.1")
    any_gatehouse.ban(ADA, ban_reason='spam,\nand "more"')
    response = root.get(f"{FILE}?banned=true")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    message = 'attachment; filename="users-2026-11-22.csv"'
    assert response.headers["content-disposition"] == message
    check_like_every_answer(response)
    assert read_rows(response) == [
        {
            "id": user_id_of(any_gatehouse, ADA),
            "email": ADA,
            "name": "Ada",
            "emailVerified": "false",
            "username": "",
            "displayUsername": "",
            "twoFactorEnabled": "false",
            "isAnonymous": "false",
            "role": "user",
            "banned": "true",
            "banReason": 'spam,\nand "more"',
            "banExpires": "",
            "createdAt": "2026-11-22T12:00:00.000Z",
            "updatedAt": "2026-11-22T12:00:00.000Z",
            "lastSignInAt": "2026-11-22T12:00:00.000Z",
        }
    ]
    assert "$bcrypt" not in root.get(FILE).text


@pytest.mark.parametrize("query", ["", "sortBy=name&sortDirection=asc", "banned=true&search=son"])
@pytest.mark.parametrize("batch", [1, 4, 1000])
def test_it_has_everybody_once_in_the_order_of_the_list(any_gatehouse, monkeypatch, query, batch):
    root = make_admin(any_gatehouse)
    add_users(any_gatehouse, 9)
    monkeypatch.setattr(user_export, "BATCH", batch)
    listed = root.get(f"/api/admin/users?{query}").json()
    assert [row["email"] for row in read_rows(root.get(f"{FILE}?{query}"))] == emails(listed)


def test_the_trail_says_who_took_how_many_with_which_filters(gatehouse):
    root, before = make_admin(gatehouse), gatehouse.events()
    add_users(gatehouse, 3)
    root.get(f"{FILE}?verified=false&search=user")
    assert events_after(gatehouse, before) == ["users_exported"]
    (event,) = [each for each in gatehouse.events() if each.kind == "users_exported"]
    assert (event.actor, event.subject) == (gatehouse.user_id(ROOT), None)
    assert event.detail == {"users": 3, "filters": "search,verified"}


def test_nobody_waits_in_the_shared_threads_until_all_who_match_are_counted(
    any_gatehouse, monkeypatch
):
    root = make_admin(any_gatehouse)
    add_users(any_gatehouse, 9)
    for module in (user_listing, user_list, lists):
        monkeypatch.setattr(module, "EXACT_COUNT_LIMIT", 3)
    records = read_rows(root.get(FILE))
    assert len(records) == 10
    (event,) = [each for each in any_gatehouse.events() if each.kind == "users_exported"]
    assert event.detail["is_estimate"] is True
    assert event.detail["users"] > 3


def test_who_matches_nothing_gets_the_header(gatehouse):
    response = make_admin(gatehouse).get(f"{FILE}?search=nobody")
    assert (
        response.content.decode("utf-8-sig")
        == ",".join(f'"{name}"' for name in user_export.COLUMNS) + "\r\n"
    )


def test_no_cell_is_a_formula_to_a_spreadsheet_and_each_is_read_back_as_it_was(gatehouse):
    root = make_admin(gatehouse)
    for number, name in enumerate(FORMULAS + TEXTS):
        user = make_user(number, email=f"+{number:02}@example.com", name=name)
        gatehouse.execute(insert(users).values(asdict(user)))
    response = root.get(f"{FILE}?sortBy=email&sortDirection=asc&role=user")
    records = read_rows(response)
    assert [row["name"] for row in records] == [f"'{name}" for name in FORMULAS] + TEXTS
    assert records[0]["email"] == "'+00@example.com"
    imported = [record.fields for record in read_records(BytesIO(response.content))]
    assert [each["name"] for each in imported] == FORMULAS + TEXTS
    assert imported[0]["email"] == "+00@example.com"


def test_the_file_begins_with_the_mark_by_which_spreadsheets_know_utf_8(gatehouse):
    content = make_admin(gatehouse).get(FILE).content
    assert content.startswith(b'\xef\xbb\xbf"id","email"')
    assert content.count(b"\xef\xbb\xbf") == 1


@given(st.text(st.sampled_from("'=+-@ \t\r\n\u00a0\ufeffa\uff1d")))
def test_what_was_guarded_can_be_told_from_what_was_there(text):
    assert unescape_formula(escape_formula(text)) == text
    assert not escape_formula(text).lstrip(" \t\r\n\u00a0\ufeff").startswith(("=", "+", "-", "@"))


def test_who_goes_while_the_file_is_written_is_not_in_what_is_left_of_it(any_gatehouse):
    add_users(any_gatehouse, 5)
    now, database = any_gatehouse.clock.now(), any_gatehouse.context.runtime.database
    by_address = FilterUsers(sort_by="email", sort_direction="asc").to_query(now, 2)
    batches = iterate_batches(database, by_address, now)
    first = next(batches)
    assert [each.user.email for each in first] == ["user0@example.com", "user1@example.com"]
    any_gatehouse.execute(delete(users).where(users.c.email == "user2@example.com"))
    rest = [each.user.email for batch in batches for each in batch]
    assert rest == ["user3@example.com", "user4@example.com"]
