"""GET /api/admin/log, of a server in a process of its own: logging is set up once and for all."""

import httpx
import pytest

from tests.admins import make_admin
from tests.rig.space import Space
from tests.scene import check_like_every_answer, refusal

OWNER = {"ADMIN_EMAIL": "owner@example.com", "ADMIN_PASSWORD": "correct horse battery"}


@pytest.fixture(scope="module")
def owner(tmp_path_factory):
    """The browser of a Space's admin."""
    folder = tmp_path_factory.mktemp("log")
    with (
        Space(folder, {"RATE_LIMITS": "off", **OWNER}) as space,
        httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False) as browser,
    ):
        assert sign_in(browser, OWNER["ADMIN_PASSWORD"]).status_code == 200
        yield browser


def sign_in(browser, password):
    payload = {"email": OWNER["ADMIN_EMAIL"], "password": password}
    return browser.post("/api/auth/sign-in/email", json=payload)


def list_lines(browser, **query):
    response = browser.get("/api/admin/log", params=query)
    check_like_every_answer(response)
    return response.json()["lines"]


def test_a_request_of_the_audit_trail_finds_its_lines(owner):
    failed = sign_in(owner, "a wrong password")
    event = owner.get("/api/admin/events", params={"kind": "sign_in_failed"}).json()["events"][0]
    assert event["requestId"] == failed.headers["x-request-id"]
    (line,) = list_lines(owner, requestId=event["requestId"])
    assert (line["event"], line["level"]) == ("sign_in_failed", "info")
    assert line["requestId"] == event["requestId"]
    assert line["fields"]["address"] == event["address"]
    assert line["fields"]["subject"] == event["subject"]


def test_the_newest_is_first_and_no_more_than_asked_for(owner):
    sign_in(owner, "a wrong password")
    newest, second = list_lines(owner, limit=2)
    assert newest["event"] == "sign_in_failed"
    assert newest["at"] >= second["at"]


def test_its_start_is_in_it_too(owner):
    assert list_lines(owner, limit=1000)[-1]["event"] == "admin_created"


def test_worse_than_info_nothing_has_happened(owner):
    assert list_lines(owner, level="warning") == []


def test_a_session_check_writes_no_line(owner):
    before = list_lines(owner, limit=1000)
    for path in ("/api/auth/get-session", "/api/me", "/health"):
        assert owner.get(path).status_code == 200
    assert list_lines(owner, limit=1000) == before


@pytest.mark.parametrize("query", [{"level": "loud"}, {"limit": 0}, {"limit": 1001}], ids=str)
def test_a_query_that_means_nothing_is_refused(owner, query):
    response = owner.get("/api/admin/log", params=query)
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_it_is_for_admins_only(gatehouse):
    stranger, ada = gatehouse.visitor(), gatehouse.member()
    assert stranger.get("/api/admin/log").json() == refusal("UNAUTHORIZED")
    assert ada.get("/api/admin/log").json() == refusal("ADMINS_ONLY")
    assert make_admin(gatehouse).get("/api/admin/log").status_code == 200
