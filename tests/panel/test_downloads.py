"""The list of users as a file: the API makes it, the panel passes it through to its owner."""

import csv
import io

import pytest

from panel.ui import words
from tests.panel.conftest import OWNER_EMAIL

PATH = "/admin/users.csv"


def parse_rows(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.text)))


def test_the_owner_takes_the_filtered_list_along(panel):
    panel.gatehouse.member("ada@example.com")
    panel.gatehouse.member("bob@example.com")
    owner = panel.owner()
    response = owner.get(f"{PATH}?search=ada%40&sortBy=email&sortDirection=asc&evil=1")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["cache-control"] == "no-store"
    assert [row["email"] for row in parse_rows(response)] == ["ada@example.com"]
    assert {row["email"] for row in parse_rows(owner.get(PATH))} >= {OWNER_EMAIL, "bob@example.com"}


def test_a_download_hands_out_none_of_the_apis_cookies(panel):
    assert "set-cookie" not in panel.owner().get(PATH).headers


def test_a_stranger_gets_no_file(shared_panel):
    assert shared_panel.visitor().get(PATH).status_code == 401


def test_a_user_without_the_role_gets_no_file(panel):
    user = panel.gatehouse.member("ada@example.com")
    browser = panel.visitor()
    browser.cookies["gatehouse_panel"] = user.session_cookie
    assert browser.get(PATH).status_code == 401


def test_the_session_of_another_site_gets_no_file_by_writing(panel):
    assert panel.owner().post(PATH, {}).status_code == 404


def test_what_the_api_refuses_is_passed_on(panel):
    response = panel.owner().get(f"{PATH}?role=emperor")
    assert response.status_code == 400
    assert response.json()["code"] == "VALIDATION_ERROR"


def test_a_filter_that_cannot_be_read_is_refused_instead_of_dropped(panel):
    response = panel.owner().get(f"{PATH}?search=ada%0A&role=admin")
    assert response.status_code == 400
    assert response.json() == {"message": words.UNUSED_FILTER.format("search")}


@pytest.mark.parametrize("name", ["=1+1", "<img src=x onerror=alert(1)>"])
def test_hostile_names_stay_text(panel, name):
    panel.gatehouse.visitor().sign_up("ada@example.com", name=name)
    (row,) = parse_rows(panel.owner().get(f"{PATH}?search=ada%40example.com"))
    assert name in row["name"]
    assert not row["name"].startswith("=")
