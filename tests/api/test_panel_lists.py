"""GET /api/admin/users and /api/admin/sessions: the lists of the panel."""

from dataclasses import asdict
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import insert, update

from backend.features.admin import user_listing
from backend.storage.queries import user_list
from backend.storage.tables import sessions, users
from tests.admins import ADA, BOB, ROOT, emails, make_admin, user_id_of
from tests.clocks import NOON
from tests.make import make_session, make_user
from tests.scene import refusal

USERS, SESSIONS = "/api/admin/users", "/api/admin/sessions"
DAY = timedelta(days=1)
PEOPLE = [
    ("Ada Lovelace", "ada@example.com", {"email_verified": True}),
    ("Grace Hopper", "grace@navy.example", {"role": "admin,user"}),
    ("Anna Spam", "anna@example.com", {"banned": True, "ban_reason": "spam"}),
    ("Bert Soon", "bert@example.com", {"banned": True, "ban_expires": NOON + DAY}),
    ("Cleo Past", "cleo@example.com", {"banned": True, "ban_expires": NOON}),
    ("Zoë Example", "zoe@navy.example", {"role": "user", "email_verified": True}),
]


@pytest.fixture
def root(any_gatehouse):
    """An admin's browser; beside the admin, Noor, there are the people above, the latest last."""
    root = make_admin(any_gatehouse, "noor@admin.example")
    for number, (name, email, more) in enumerate(PEOPLE, 1):
        user = make_user(number, name=name, email=email, created_at=NOON + number * DAY, **more)
        any_gatehouse.execute(insert(users).values(asdict(user)))
    return root


def get_page(root, path, **query):
    response = root.get(f"{path}?{urlencode(query)}")
    assert response.status_code == 200, response.text
    return response.json()


def search(root, **query):
    response = get_page(root, USERS, **query)
    assert (response["total"], response["totalIsEstimate"]) == (len(response["users"]), False)
    return [email.partition("@")[0] for email in emails(response)]


def test_a_search_looks_in_address_and_name_and_takes_an_id(any_gatehouse, root):
    assert search(root, search="EXAMPLE.COM") == ["cleo", "bert", "anna", "ada"]
    assert search(root, search="example", verified="true") == ["zoe", "ada"]
    assert search(root, search=" love ") == ["ada"]
    assert search(root, search=user_id_of(any_gatehouse, "zoe@navy.example")) == ["zoe"]
    assert search(root, search="00000000-0000-7000-8000-000000000000") == []
    assert search(root, search="' OR 1=1 --") == []
    assert len(search(root, search=" ")) == 7


def test_filters_narrow_it_and_all_of_them_hold(root):
    assert search(root, role="admin") == ["grace", "noor"]
    assert search(root, role="user") == ["zoe", "cleo", "bert", "anna", "grace", "ada"]
    assert search(root, verified="true") == ["zoe", "ada"]
    assert search(root, role="user", verified="false", search="navy") == ["grace"]


def test_a_ban_that_has_ended_is_none(any_gatehouse, root):
    assert search(root, banned="true") == ["bert", "anna"]
    assert search(root, banned="false") == ["zoe", "cleo", "grace", "ada", "noor"]
    (cleo,) = get_page(root, USERS, search="cleo")["users"]
    assert (cleo["banned"], cleo["banExpires"]) == (False, None)
    any_gatehouse.clock.advance(days=1)
    assert search(root, banned="true") == ["anna"]


def test_the_order_is_as_asked_and_the_latest_come_first_unless_it_is(root):
    newest = ["zoe", "cleo", "bert", "anna", "grace", "ada", "noor"]
    assert search(root) == newest
    assert search(root, sortDirection="asc") == newest[::-1]
    assert search(root, sortBy="email", sortDirection="asc")[:3] == ["ada", "anna", "bert"]
    assert search(root, sortBy="role", sortDirection="asc")[:2] == ["noor", "grace"]
    assert search(root, sortBy="name", banned="true") == ["bert", "anna"]


def test_page_by_page(root):
    page = get_page(root, USERS, limit=2, offset=3)
    assert [email.partition("@")[0] for email in emails(page)] == ["anna", "grace"]
    assert {name: page[name] for name in ("total", "totalIsEstimate", "limit", "offset")} == {
        "total": 7,
        "totalIsEstimate": False,
        "limit": 2,
        "offset": 3,
    }
    assert get_page(root, USERS, offset=7)["users"] == []


def test_a_total_that_is_not_counted_says_that_it_is_an_estimate(root, monkeypatch):
    for module in (user_listing, user_list):
        monkeypatch.setattr(module, "EXACT_COUNT_LIMIT", 3)
    monkeypatch.setattr("backend.features.management.routes.lists.EXACT_COUNT_LIMIT", 3)
    page = get_page(root, USERS, limit=2)
    assert len(page["users"]) == 2
    assert page["total"] > 3
    assert page["totalIsEstimate"] is True


def test_each_user_comes_with_their_live_sessions_and_their_last_sign_in(any_gatehouse):
    root, ada = make_admin(any_gatehouse), any_gatehouse.member(ADA)
    any_gatehouse.clock.advance(hours=1)
    any_gatehouse.visitor().sign_in(ADA)
    any_gatehouse.clock.advance(hours=1)
    any_gatehouse.visitor().sign_in(ADA, "a wrong password")
    ada.post("sign-out")
    by_email = {user["email"]: user for user in get_page(root, USERS)["users"]}
    assert (by_email[ADA]["activeSessions"], by_email[ADA]["accounts"]) == (1, ["credential"])
    assert by_email[ADA]["lastSignInAt"] == "2026-11-22T13:00:00.000Z"
    assert by_email[ROOT]["lastSignInAt"] == "2026-11-22T12:00:00.000Z"
    plain = root.get(f"admin/get-user?id={user_id_of(any_gatehouse, ADA)}").json()
    assert plain.items() <= by_email[ADA].items()
    assert by_email[ADA].keys() - plain.keys() == {"activeSessions", "lastSignInAt", "accounts"}


def test_a_page_takes_as_many_questions_for_one_user_as_for_many(root, any_gatehouse):
    counts = []
    for limit in (1, 7):
        with any_gatehouse.statements() as statements:
            get_page(root, USERS, limit=limit)
        counts.append(len([each for each in statements if "FROM sessions JOIN users" not in each]))
    assert counts == [3, 3]


@pytest.fixture
def visited(any_gatehouse):
    """An admin's browser. Ada and Bob have signed in since, an hour after each other."""
    root = make_admin(any_gatehouse)
    for email, address in ((ADA, "198.51.100.1"), (BOB, "2001:db8::7")):
        any_gatehouse.clock.advance(hours=1)
        any_gatehouse.member(email, address=address)
    return root


def list_owners(page):
    return [session["user"]["email"] for session in page["sessions"]]


def test_live_sessions_of_everybody_are_listed_newest_first(any_gatehouse, visited):
    page = get_page(visited, SESSIONS)
    assert list_owners(page) == [BOB, ADA, ROOT]
    assert page["cursor"] is None
    ada = page["sessions"][1]
    assert ada.pop("id") != any_gatehouse.user_id(ADA)
    assert ada == {
        "user": {"id": user_id_of(any_gatehouse, ADA), "email": ADA, "name": "Ada"},
        "ipAddress": "198.51.100.1",
        "userAgent": "Browser/1.0",
        "createdAt": "2026-11-22T13:00:00.000Z",
        "updatedAt": "2026-11-22T13:00:00.000Z",
        "expiresAt": "2026-11-29T13:00:00.000Z",
        "impersonatedBy": None,
    }


def test_what_narrows_the_list_of_sessions(any_gatehouse, visited):
    assert list_owners(get_page(visited, SESSIONS, user=user_id_of(any_gatehouse, ADA))) == [ADA]
    assert list_owners(get_page(visited, SESSIONS, address="198.51.100.1")) == [ADA]
    assert list_owners(get_page(visited, SESSIONS, address="2001:DB8:0::7")) == [BOB]
    assert list_owners(get_page(visited, SESSIONS, address="2001:db8::/64")) == [BOB]
    assert list_owners(get_page(visited, SESSIONS, address="2001:db8:1::/64")) == []
    assert list_owners(get_page(visited, SESSIONS, search="ADA@")) == [ADA]
    page = get_page(visited, SESSIONS, search="example", address="198.51.100.1")
    assert list_owners(page) == [ADA]
    first = get_page(visited, SESSIONS, limit=2)
    assert list_owners(get_page(visited, SESSIONS, limit=2, cursor=first["cursor"])) == [ROOT]


def test_a_session_that_has_ended_is_not_listed(any_gatehouse, visited):
    ends = update(sessions).where(sessions.c.user_id == any_gatehouse.user_id(ADA))
    any_gatehouse.execute(ends.values(expires_at=any_gatehouse.clock.now()))
    assert list_owners(get_page(visited, SESSIONS)) == [BOB, ROOT]


def test_an_impersonation_names_the_admin(any_gatehouse, visited):
    other = make_admin(any_gatehouse, "second@example.com")
    any_gatehouse.clock.advance(seconds=1)
    other.post("admin/impersonate-user", {"userId": user_id_of(any_gatehouse, ADA)})
    newest = get_page(visited, SESSIONS)["sessions"][0]
    assert newest["user"]["email"] == ADA
    assert newest["impersonatedBy"] == user_id_of(any_gatehouse, "second@example.com")


def test_the_id_of_a_session_ends_it_and_no_token_is_shown(any_gatehouse):
    root, ada = make_admin(any_gatehouse), any_gatehouse.member(ADA)
    token = ada.session()["session"]["token"]
    response = root.get(SESSIONS)
    assert token not in response.text
    assert "token" not in response.text.lower()
    (handle,) = [each["id"] for each in response.json()["sessions"] if each["user"]["email"] == ADA]
    assert any_gatehouse.visitor(authorization=f"Bearer {handle}").session() is None
    root.post("admin/revoke-user-session", {"sessionToken": handle})
    assert ada.session() is None


def test_the_cursor_of_a_page_leads_on_when_the_session_behind_it_has_ended(any_gatehouse, visited):
    for number in range(3):
        row = make_session(number, user_id=any_gatehouse.user_id(ADA))
        values = {name: getattr(row, name) for name in row.__slots__}
        any_gatehouse.execute(insert(sessions).values(**values, session_token=bytes([number]) * 32))
    first = get_page(visited, SESSIONS, limit=2)
    visited.post("admin/revoke-user-session", {"sessionToken": first["cursor"]})
    rest = get_page(visited, SESSIONS, cursor=first["cursor"])
    assert list_owners(rest) == [ROOT, ADA, ADA, ADA]


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        (USERS, "limit=0", "[query.limit] Too small: expected number to be >=1"),
        (USERS, "limit=201", "[query.limit] Too big: expected number to be <=200"),
        (
            USERS,
            "banned=yes",
            '[query.banned] Invalid option: expected one of "true"|"false"',
        ),
        (USERS, "role=king", '[query.role] Invalid option: expected one of "admin"|"user"'),
        (USERS, "search=%00", "[query.search] Invalid input"),
        (SESSIONS, "address=home", "[query.address] Invalid input: expected an address"),
        (
            SESSIONS,
            "address=10.0.0.0/8",
            "[query.address] Invalid input: the only networks allowed are IPv6 /64s",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(gatehouse, path, query, message):
    response = make_admin(gatehouse).get(f"{path}?{query}")
    assert (response.status_code, response.json()) == (400, refusal("VALIDATION_ERROR", message))


@pytest.mark.parametrize("query", ["user=ada", "cursor=7", "limit=201", "limit=x"])
def test_a_list_of_sessions_that_cannot_be_asked_for_is_refused(gatehouse, query):
    response = make_admin(gatehouse).get(f"{SESSIONS}?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
