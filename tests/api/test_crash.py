"""Unexpected errors: a bug in an endpoint, and transactions that the database loses."""

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from backend.features.sessions.dependencies import Protected, SignedIn
from backend.storage.engine import DatabaseConflict, DatabaseUnavailable
from backend.storage.queries import sessions as stored_sessions
from backend.storage.tables import audit_events, sessions, users
from tests.in_process import Gatehouse
from tests.scene import check_like_every_answer, cookies_of, refusal


def make_failing(error: Exception):
    def broken(*_, **__):
        raise error

    return broken


@pytest.fixture
def broken(gatehouse: Gatehouse, monkeypatch) -> Gatehouse:
    """An application that cannot add a session."""
    failing = make_failing(RuntimeError("canary of the inside"))
    monkeypatch.setattr(stored_sessions, "insert", failing)
    return gatehouse


def test_the_caller_hears_500_in_json_with_a_request_id_and_no_more(broken):
    response = broken.visitor().sign_up()
    assert (response.status_code, response.json()) == (500, refusal("INTERNAL_SERVER_ERROR"))
    assert "canary" not in response.text
    check_like_every_answer(response)


def test_it_has_the_security_headers_too(broken):
    headers = broken.visitor().sign_up().headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-frame-options"] == "DENY"


def test_a_trusted_origin_may_read_it(start, monkeypatch):
    app = "https://app.example.test"
    gatehouse = start(frontend_url=app)
    monkeypatch.setattr(stored_sessions, "insert", make_failing(RuntimeError()))
    response = gatehouse.visitor(origin=app).sign_up()
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (500, app)


def test_the_log_has_the_traceback_under_the_same_id(broken):
    with capture_logs() as logs:
        response = broken.visitor().sign_up()
    (line,) = [each for each in logs if each["event"] == "request_crashed"]
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["path"] == "/api/auth/sign-up/email"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("RuntimeError: canary of the inside")


def test_nothing_of_the_request_is_stored_not_even_its_event(start_on, monkeypatch):
    gatehouse = start_on()
    monkeypatch.setattr(stored_sessions, "insert", make_failing(RuntimeError()))
    with capture_logs() as logs:
        assert gatehouse.visitor().sign_up().status_code == 500
    for table in (users, sessions, audit_events):
        assert gatehouse.rows(select(table.c.id)) == []
    assert "sign_up" not in [each["event"] for each in logs]


def test_no_cookie_is_set(broken):
    assert cookies_of(broken.visitor().sign_up()) == []


def test_the_next_request_is_served(gatehouse, monkeypatch):
    with monkeypatch.context() as for_now:
        for_now.setattr(stored_sessions, "insert", make_failing(RuntimeError()))
        assert gatehouse.visitor().sign_up().status_code == 500
    assert gatehouse.visitor().sign_up().status_code == 200


def test_a_lost_transaction_is_run_again_and_nobody_notices(any_gatehouse, monkeypatch):
    insert, failures = stored_sessions.insert, []

    def lose_twice(*args):
        if len(failures) < 2:
            failures.append(1)
            raise DatabaseConflict("deadlock detected")
        insert(*args)

    monkeypatch.setattr(stored_sessions, "insert", lose_twice)
    assert any_gatehouse.visitor().sign_up().status_code == 200
    assert [each.kind for each in any_gatehouse.events()] == ["sign_up"]
    assert len(any_gatehouse.rows(select(users.c.id))) == 1


@pytest.mark.parametrize("error", [DatabaseConflict("deadlock"), DatabaseUnavailable("gone")])
def test_one_that_stays_lost_is_503(gatehouse, monkeypatch, error):
    monkeypatch.setattr(stored_sessions, "insert", make_failing(error))
    response = gatehouse.visitor().sign_up()
    assert (response.status_code, response.json()) == (503, refusal("SERVICE_UNAVAILABLE"))
    assert response.headers["retry-after"] == "2"
    check_like_every_answer(response)


@pytest.fixture
def extended(gatehouse: Gatehouse) -> Gatehouse:
    """An application with endpoints of its owner's, in plain FastAPI."""

    @gatehouse.app.get("/mine")
    async def mine(current: SignedIn) -> dict[str, str]:
        return {"email": current.user.email}

    @gatehouse.app.post("/mine")
    def change_mine(current: Protected) -> dict[str, str]:
        return {"email": current.user.email}

    return gatehouse


def test_an_endpoint_in_plain_fastapi_knows_who_is_asking(extended):
    ada = extended.member()
    assert ada.get("/mine").json() == {"email": "ada@example.com"}
    assert ada.post("/mine").json() == {"email": "ada@example.com"}


def test_and_refuses_strangers_and_foreign_origins_like_every_other(extended):
    assert extended.visitor().get("/mine").json() == refusal("UNAUTHORIZED")
    response = extended.member().post("/mine", headers={"origin": "https://evil.example"})
    assert (response.status_code, response.json()) == (403, refusal("INVALID_ORIGIN"))
    check_like_every_answer(response)


def test_and_prolongs_the_session_of_who_uses_it(extended, clock):
    ada = extended.member()
    clock.advance(days=1)
    assert cookies_of(ada.get("/mine")) == ["session_token 604800"]


def test_and_is_503_when_the_database_is_away(extended, monkeypatch):
    ada = extended.member()
    failing = make_failing(DatabaseUnavailable("gone"))
    monkeypatch.setattr(stored_sessions, "find_all_with_user", failing)
    response = ada.get("/mine")
    assert (response.status_code, response.json()) == (503, refusal("SERVICE_UNAVAILABLE"))
