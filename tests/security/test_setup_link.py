"""A stranger wants to be the first admin by the link that the log of a fresh server has."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from backend.main import open_setup_link
from backend.storage.tables import users
from tests.admins import give_role
from tests.at_the_hub import NO_ADMIN, list_admins, list_created
from tests.in_process import Gatehouse
from tests.make import PASSWORD
from tests.scene import refusal

OWNER, MALLORY = "owner@example.com", "mallory@example.com"
ENDPOINT = "/api/admin/first-admin"


@pytest.fixture
def fresh(start_on) -> Gatehouse:
    """A server with a panel, to which nobody has come yet."""
    return start_on(panel=True)


def open_link(gatehouse: Gatehouse) -> str:
    """The token of the link that a start prints."""
    url = open_setup_link(gatehouse.app)
    assert url is not None
    return parse_qs(urlsplit(url).query)["token"][0]


def body(token: str, email: str = OWNER, **others: str) -> dict[str, str]:
    return {"token": token, "email": email, "password": PASSWORD, **others}


def list_refusals(gatehouse: Gatehouse) -> list[str]:
    events = gatehouse.events()
    return [each.detail["reason"] for each in events if each.kind == "first_admin_refused"]


def test_whoever_has_the_link_becomes_the_first_admin(fresh: Gatehouse):
    token = open_link(fresh)
    visitor = fresh.visitor()
    assert visitor.post(ENDPOINT, body(token, "Owner@Example.com")).json() == {"status": True}
    assert list_created(fresh) == ["set-up link"]
    assert visitor.sign_in(OWNER).status_code == 200
    user = visitor.session()["user"]
    assert (user["role"], user["emailVerified"], user["name"]) == ("admin", True, "Admin")


def test_it_works_once(fresh: Gatehouse):
    token, visitor = open_link(fresh), fresh.visitor()
    assert visitor.post(ENDPOINT, body(token)).status_code == 200
    response = visitor.post(ENDPOINT, body(token, MALLORY))
    assert (response.status_code, response.json()) == (400, refusal("INVALID_TOKEN"))
    assert list_admins(fresh) == [OWNER]


def test_it_is_over_with_the_first_admin_however_there_came_to_be_one(fresh: Gatehouse):
    token = open_link(fresh)
    fresh.member("root@example.com")
    give_role(fresh, "root@example.com", "admin")
    for password in (PASSWORD, "short"):  # which nobody looks at any more
        response = fresh.visitor().post(ENDPOINT, body(token) | {"password": password})
        assert (response.status_code, response.json()) == (400, refusal("INVALID_TOKEN"))
    assert list_admins(fresh) == ["root@example.com"]
    assert list_refusals(fresh) == ["there is an admin"] * 2


def test_of_two_at_the_same_moment_one_becomes_admin(fresh: Gatehouse):
    token = open_link(fresh)
    addresses = [f"admin{number}@example.com" for number in range(4)]
    sent = (fresh.visitor().send_async("POST", ENDPOINT, body(token, each)) for each in addresses)
    answers = fresh.gather(*sent)
    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400]
    assert len(list_admins(fresh)) == 1
    assert fresh.rows(select(func.count()).select_from(users)) == [(1,)]


def test_a_guess_opens_nothing_and_is_recorded(fresh: Gatehouse):
    token, visitor = open_link(fresh), fresh.visitor()
    guesses = ["", "x", token[:-1], token + "x", token.swapcase(), "\u202e" + token]
    for guess in guesses:
        response = visitor.post(ENDPOINT, body(guess, MALLORY))
        assert (response.status_code, response.json()) == (400, refusal("INVALID_TOKEN"))
    assert list_refusals(fresh) == ["wrong link"] * len(guesses)
    assert list_admins(fresh) == NO_ADMIN


def test_guessing_is_limited(start):
    gatehouse = start(panel=True, rate_limits=True)
    token = open_link(gatehouse)
    visitor = gatehouse.visitor()
    answers = [visitor.post(ENDPOINT, body("x" * 32)).status_code for _ in range(4)]
    assert answers == [400, 400, 400, 429]
    assert visitor.post(ENDPOINT, body(token)).status_code == 429
    assert gatehouse.visitor("198.51.100.7").post(ENDPOINT, body(token)).status_code == 200


def test_a_restart_ends_it_and_prints_another(start_on):
    first = start_on(panel=True)
    token = open_link(first)
    first.close()
    second = start_on(panel=True)
    newer = open_link(second)
    assert newer != token
    assert second.visitor().post(ENDPOINT, body(token)).status_code == 400
    assert second.visitor().post(ENDPOINT, body(newer)).status_code == 200


def test_there_is_none_where_there_is_an_admin(start):
    gatehouse = start(panel=True, admin_email=OWNER, admin_password=PASSWORD)
    assert open_setup_link(gatehouse.app) is None
    assert gatehouse.visitor().post(ENDPOINT, body("")).status_code == 400


def test_a_server_that_has_printed_none_takes_none(start):
    gatehouse = start(panel=True)
    assert gatehouse.visitor().post(ENDPOINT, body("")).status_code == 400


def test_without_the_panel_there_is_no_such_way_in(start):
    assert start().visitor().post(ENDPOINT, body("")).status_code == 404


def test_another_site_cannot_use_it_through_the_owners_browser(fresh: Gatehouse):
    token = open_link(fresh)
    visitor = fresh.visitor(origin="https://evil.example")
    visitor.cookies["any"] = "cookie"
    assert visitor.post(ENDPOINT, body(token, MALLORY)).status_code == 403
    assert list_admins(fresh) == NO_ADMIN


BAD = {
    "no address": ({"email": "owner"}, 400),
    "a short password": ({"password": "short"}, 400),
    "a common one": ({"password": "password123"}, 400),
    "one made from the address": ({"password": "owner@example.com"}, 400),
    "a very long one": ({"password": "x" * 5000}, 400),
    "a name of 10 kB": ({"name": "x" * 10_000}, 400),
    "an address of 10 kB": ({"email": "x" * 10_000 + "@example.com"}, 400),
}


@pytest.mark.parametrize(("changes", "status"), BAD.values(), ids=BAD)
def test_what_cannot_be_an_admin_is_refused_and_the_link_stays(start, changes, status):
    gatehouse = start(panel=True)
    token, visitor = open_link(gatehouse), gatehouse.visitor()
    assert visitor.post(ENDPOINT, body(token) | changes).status_code == status
    assert list_admins(gatehouse) == NO_ADMIN
    assert visitor.post(ENDPOINT, body(token)).status_code == 200


def test_who_has_the_address_already_keeps_their_account(fresh: Gatehouse):
    token, member = open_link(fresh), fresh.member(OWNER)
    response = fresh.visitor().post(ENDPOINT, body(token))
    code = "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"
    assert (response.status_code, response.json()) == (422, refusal(code))
    assert member.session()["user"]["role"] == "user"
    assert fresh.visitor().post(ENDPOINT, body(token, "other@example.com")).status_code == 200


def test_neither_the_trail_nor_the_log_has_the_token(fresh: Gatehouse, caplog, capfd):
    token = open_link(fresh)
    fresh.visitor().post(ENDPOINT, body(token[:-1] + "~"))
    fresh.visitor().post(ENDPOINT, body(token))
    trail = json.dumps([each.detail for each in fresh.events()])
    output = capfd.readouterr()
    assert token[:-1] not in trail + caplog.text + output.out + output.err
