"""GET /admin/list-users: search, filter, order, pages."""

from dataclasses import asdict
from urllib.parse import urlencode

import pytest
from sqlalchemy import insert

from backend.storage.tables import users
from tests.admins import emails, make_admin
from tests.make import make_user
from tests.scene import refusal

LIST = "admin/list-users"
PEOPLE = [
    ("Ada Lovelace", "ada@example.com", {"email_verified": True}),
    ("Grace Hopper", "grace.hopper@navy.example", {"role": "admin"}),
    ("Anna 100% Sure", "anna_s@example.com", {"banned": True, "ban_reason": "spam"}),
    ("anna lowercase", "annas@example.com", {}),
    ("Zoë Ōta", "zoe@example.org", {}),
]


@pytest.fixture
def root(any_gatehouse):
    """An admin's browser; beside the admin, Noor, there are the people above."""
    root = make_admin(any_gatehouse, "noor@admin.example")
    for number, (name, email, more) in enumerate(PEOPLE, 1):
        user = make_user(number, name=name, email=email, **more)
        any_gatehouse.execute(insert(users).values(asdict(user)))
    return root


def search(root, **query):
    response = root.get(f"{LIST}?{urlencode(query, doseq=True)}")
    assert response.status_code == 200, response.text
    assert response.json()["total"] >= len(response.json()["users"])
    return [email.partition("@")[0] for email in emails(response.json())]


def test_who_is_found(root):
    assert search(root, searchValue="ANNA") == ["anna_s", "annas"]
    assert search(root, searchValue="anna_") == ["anna_s"]
    assert search(root, searchValue="example.com", searchOperator="ends_with", limit=1) == ["ada"]
    assert search(root, searchValue="gr", searchOperator="starts_with") == ["grace.hopper"]
    assert search(root, searchField="name", searchValue="LOVE") == ["ada"]
    assert search(root, searchField="name", searchValue="100%") == ["anna_s"]
    assert search(root, searchField="name", searchValue="a", searchOperator="starts_with") == [
        "ada",
        "anna_s",
        "annas",
        "noor",
    ]
    assert search(root, searchField="name", searchValue="Ōta") == ["zoe"]
    assert search(root, searchValue="' OR 1=1 --") == []
    assert len(search(root, searchValue="")) == 6


def test_who_passes_a_filter(root):
    assert search(root, filterValue="ADA@example.com") == ["ada"]
    assert search(root, filterField="role", filterValue="admin") == ["grace.hopper", "noor"]
    assert search(root, filterField="banned", filterValue="true") == ["anna_s"]
    assert search(root, filterField="emailVerified", filterValue="true") == ["ada"]
    several = {"filterValue": ["ada@example.com", "annas@example.com"]}
    assert search(root, **several, filterOperator="in") == ["ada", "annas"]
    assert len(search(root, **several, filterOperator="not_in")) == 4
    assert search(root, filterValue="annas@example.com", filterOperator="in") == ["annas"]
    assert len(search(root, filterField="role", filterValue="user", filterOperator="ne")) == 2
    named = {"filterField": "name", "filterValue": "HOPPER", "filterOperator": "contains"}
    assert search(root, **named) == ["grace.hopper"]
    noon = {"filterField": "createdAt", "filterValue": "2026-11-22T12:00:00Z"}
    assert len(search(root, **noon)) == 6
    assert search(root, **noon, filterOperator="lt") == []
    assert search(root, searchValue="anna", filterField="banned", filterValue="false") == ["annas"]


@pytest.mark.parametrize("field", ["id", "_id"])
def test_who_has_an_id_or_another_one(root, field):
    ada = root.get("admin/list-users?filterValue=ada@example.com").json()["users"][0]["id"]
    assert search(root, filterField=field, filterValue=ada) == ["ada"]
    others = search(root, filterField=field, filterValue=ada, filterOperator="ne")
    assert len(others) == 5
    assert "ada" not in others


def test_in_which_order(root):
    assert search(root, sortBy="email") == ["ada", "anna_s", "annas", "grace.hopper", "noor", "zoe"]
    assert search(root, sortBy="email", sortDirection="desc", limit=2) == ["zoe", "noor"]
    assert search(root, sortBy="role", limit=2) == ["grace.hopper", "noor"]
    # Where all are alike the id decides, in the same direction.
    assert search(root, sortBy="createdAt") == search(root, sortBy="id")
    assert search(root, sortBy="createdAt", sortDirection="desc") == search(root, sortBy="id")[::-1]


def test_page_by_page(root):
    first = root.get(f"{LIST}?limit=2&sortBy=email").json()
    assert (first["total"], first["limit"], "offset" in first) == (6, 2, False)
    last = root.get(f"{LIST}?limit=4&offset=5&sortBy=email").json()
    assert (emails(last), last["total"], last["offset"]) == (["zoe@example.org"], 6, 5)
    beyond = root.get(f"{LIST}?offset=6").json()
    assert beyond == {"users": [], "total": 6, "offset": 6}


def test_a_page_has_at_most_five_hundred_users_and_says_so(root):
    assert root.get(f"{LIST}?limit=99999999999999999999").json()["limit"] == 500


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "sortBy=passwordHash",
            "[query.sortBy] Invalid option: expected one of "
            '"id"|"name"|"email"|"username"|"role"|"createdAt"|"updatedAt"',
        ),
        (
            "searchField=role",
            '[query.searchField] Invalid option: expected one of "email"|"name"|"username"',
        ),
        ("limit=-1", "[query.limit] Too small: expected number to be >=0"),
        ("limit=x", "[query.limit] Invalid input: expected number, received string"),
        ("offset=9999999999", "[query.offset] Too big: expected number to be <=1000000000"),
        (
            "filterField=banned&filterValue=yes",
            "[query.filterValue] Invalid input: expected boolean, received string",
        ),
        (
            "filterField=createdAt&filterValue=soon",
            "[query.filterValue] Invalid input: expected date, received string",
        ),
        (
            "filterField=id&filterValue=7",
            "[query.filterValue] Invalid input: expected id, received string",
        ),
        (
            "filterField=banned&filterValue=t&filterOperator=contains",
            "[query.filterOperator] banned can only be compared as a whole",
        ),
        (
            "filterValue=a&filterValue=b",
            "[query.filterValue] Invalid input: expected string, received array",
        ),
        ("searchValue=%00", "[query.searchValue] Invalid input"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(gatehouse, query, message):
    root = make_admin(gatehouse)
    response = root.get(f"{LIST}?{query}")
    assert (response.status_code, response.json()) == (400, refusal("VALIDATION_ERROR", message))


def test_no_list_carries_what_is_secret(root):
    text = root.get(LIST).text
    assert "password" not in text.lower()
    assert "$bcrypt" not in text
