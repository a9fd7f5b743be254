"""Threat: a user name that looks like somebody else's, or is the same to one part and not another.

Only ASCII letters, digits, `_` and `.` pass, and the stored form is lower case.
"""

import unicodedata

import pytest
from sqlalchemy import select

from backend.kernel.username import find_username_problem, normalize_username
from backend.storage.tables import users
from tests.make import PASSWORD
from tests.scene import refusal

LOOK_ALIKES = {
    "Cyrillic a": "\u0430dmin",
    "Greek omicron": "r\u03bf\u03bft",
    "full width": "\uff41\uff44\uff4d\uff49\uff4e",
    "dotless i": "adm\u0131n",
    "capital I with a dot": "ADM\u0130N",
    "long s": "bo\u017fs",
    "Kelvin sign": "\u212aing",
    "ligature": "o\ufb03ce",
    "accent of its own": "admi\u0301n",
    "bold letters of mathematics": "\U0001d41a\U0001d41d\U0001d426\U0001d422\U0001d427",
    "zero-width space": "ad\u200bmin",
    "zero-width joiner": "ad\u200dmin",
    "byte order mark": "\ufeffadmin",
    "soft hyphen": "ad\u00admin",
    "right-to-left override": "\u202enimda",
    "Arabic digits": "user\u0661",
    "line break at the end": "admin\n",
    "line break of its own": "admin\u2028",
    "NUL": "ad\0min",
    "white space around": " admin ",
    "tab": "admin\t",
    "half of a pair": "admin\ud800",
    "full stop of another script": "ad\u3002min",
    "low line of full width": "ad\uff3fmin",
}


@pytest.fixture(scope="module")
def every_character():
    return [chr(number) for number in range(0x110000) if not 0xD800 <= number < 0xE000]


@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
@pytest.mark.parametrize("field", ["username", "displayUsername"])
def test_what_looks_like_another_name_is_none(gatehouse, name, field):
    gatehouse.visitor().sign_up(username="admin")
    mallory = gatehouse.visitor()

    response = mallory.sign_up("mallory@example.com", **{field: name})

    if field == "username":
        assert (response.status_code, response.json()) == (400, refusal("INVALID_USERNAME"))
    else:  # shown as it is, if it can be stored, and no user name
        storable = not set(name) & {"\0", "\ud800"}
        assert response.status_code == (200 if storable else 400)
    rows = gatehouse.rows(select(users.c.username))
    assert {username for (username,) in rows} <= {"admin", None}


@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_nor_does_it_sign_in_or_take_the_name_by_a_change(gatehouse, name):
    admin = gatehouse.visitor()
    admin.sign_up(username="admin")
    response = gatehouse.visitor().post(
        "sign-in/username", {"username": name, "password": PASSWORD}
    )
    assert (response.status_code, response.json()) == (422, refusal("INVALID_USERNAME"))
    response = admin.post("update-user", {"username": name})
    assert (response.status_code, response.json()) == (400, refusal("INVALID_USERNAME"))


def test_of_all_characters_only_64_are_part_of_a_name(every_character):
    allowed = [each for each in every_character if find_username_problem(each * 3) is None]
    assert "".join(allowed) == (".0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


def test_no_character_becomes_one_of_them_by_its_case_or_its_compatibility(every_character):
    """What another program would fold into a valid name is refused as it is."""
    for each in every_character:
        name = each * 3
        if find_username_problem(name) is None:
            assert normalize_username(name) == name.lower() == name.casefold()
            assert unicodedata.normalize("NFKC", name) == name


@pytest.mark.parametrize("name", ["admin", "ADMIN", "aDmIn", "Admin"])
def test_capitals_make_no_second_name(any_gatehouse, name):
    any_gatehouse.visitor().sign_up(username="Admin")
    mallory = any_gatehouse.visitor()
    response = mallory.sign_up("mallory@example.com", username=name)
    assert (response.status_code, response.json()) == (400, refusal("USERNAME_IS_ALREADY_TAKEN"))


def test_a_name_is_never_an_address_and_an_address_never_a_name(gatehouse):
    gatehouse.visitor().sign_up("ada@example.com", username="root")
    gatehouse.visitor().sign_up("root@example.com", password="another good password")
    visitor = gatehouse.visitor()
    assert visitor.sign_in("root").json() == refusal("INVALID_EMAIL")
    body = {"username": "root@example.com", "password": PASSWORD}
    assert visitor.post("sign-in/username", body).json() == refusal("INVALID_USERNAME")
    body = {"username": "root", "password": "another good password"}
    assert visitor.post("sign-in/username", body).status_code == 401
