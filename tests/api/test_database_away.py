"""PostgreSQL is stopped under a running application, and started again."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from backend.kernel.passwords.hasher import PasswordHasher
from tests.clocks import FixedClock
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.rig.postgres import PostgresServer, own_server
from tests.rig.processes import wait_until
from tests.scene import check_like_every_answer, refusal

AWAY = refusal("SERVICE_UNAVAILABLE")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL for these tests alone, which they may stop."""
    with own_server(durable=True) as server_process:
        yield server_process


@pytest.fixture
def gatehouse(server: PostgresServer, start: Any) -> Iterator[Gatehouse]:
    url = server.url(server.create_database())
    started = start(database_url=url)
    started.wait_for_the_feed()
    yield started
    if not server.is_running:
        server.start()


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    visitor = gatehouse.member()
    assert visitor.session() is not None
    return visitor


def wait_until_it_answers(visitor: Visitor, clock: FixedClock) -> None:
    """Ask once a second of the test's clock, which is how often the database is tried."""

    def is_database_read() -> bool:
        clock.advance(seconds=1)
        return visitor.get("get-session").status_code == 200

    wait_until(is_database_read, "an answer")


def wait_until_it_is_missed(gatehouse: Gatehouse) -> None:
    """Wait until the application has noticed that its change feed is down."""
    wait_until(lambda: not gatehouse.is_feed_live(), "the loss of the feed")


def test_a_valid_session_hears_503_and_never_that_it_is_none(gatehouse, ada, server):
    server.stop()
    wait_until_it_is_missed(gatehouse)
    for path in ("get-session", "list-sessions", "/api/me"):
        response = ada.get(path)
        assert (response.status_code, response.json()) == (503, AWAY)
        assert response.headers["retry-after"] == "2"
        check_like_every_answer(response)
    assert ada.session_cookie is not None


def test_signing_in_and_up_hear_503(gatehouse, ada, server):
    server.stop()
    assert gatehouse.visitor().sign_in().status_code == 503
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 503


def test_what_needs_no_database_is_served(gatehouse, ada, server):
    server.stop()
    stranger = gatehouse.visitor()
    assert stranger.get("/health").status_code == 200
    assert (stranger.session(), stranger.get("ok").json()) == (None, {"ok": True})
    assert stranger.get("list-sessions").status_code == 401
    assert stranger.sign_in("no address").status_code == 400


def test_ready_says_that_the_database_is_away_and_when_it_is_back(gatehouse, server, clock):
    visitor = gatehouse.visitor()
    assert visitor.get("/ready").status_code == 200
    server.stop()
    clock.advance(seconds=3)
    response = visitor.get("/ready")
    assert (response.status_code, response.json()["database"]) == (503, "away")
    server.start()

    def is_ready() -> bool:
        clock.advance(seconds=3)
        return visitor.get("/ready").status_code == 200

    wait_until(is_ready, "readiness")


@pytest.mark.parametrize("fault", ["stop", "crash"])
def test_when_it_is_back_everything_goes_on_without_a_restart(gatehouse, ada, server, clock, fault):
    getattr(server, fault)()
    assert gatehouse.visitor().sign_in().status_code == 503
    server.start()
    wait_until_it_answers(ada, clock)
    assert ada.session()["user"]["email"] == "ada@example.com"
    assert gatehouse.visitor().sign_in().status_code == 200
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 200


def test_and_what_changed_meanwhile_is_seen(gatehouse, ada, server, clock):
    name = gatehouse.context.runtime.database.url.database
    server.stop()
    wait_until_it_is_missed(gatehouse)
    server.start()
    server.execute("DELETE FROM sessions", name)
    wait_until_it_answers(ada, clock)
    assert ada.session() is None


def test_idle_connections_that_were_cut_are_noticed_by_nobody(gatehouse, ada, server, clock):
    server.stop()
    server.start()
    clock.advance(seconds=31)  # from then on a connection is tried before it is used
    wait_until_it_answers(ada, clock)
    assert gatehouse.visitor().sign_in().status_code == 200


def test_a_sign_in_whose_database_goes_away_in_the_middle_hears_503(
    gatehouse, ada, server, clock, monkeypatch
):
    verify, hashing, go_on = PasswordHasher.verify, threading.Event(), threading.Event()

    def wait_and_verify(*args: Any) -> Any:
        hashing.set()
        assert go_on.wait(30)
        return verify(*args)

    monkeypatch.setattr(PasswordHasher, "verify", wait_and_verify)
    body = {"email": "ada@example.com", "password": PASSWORD}
    sign_in = gatehouse.loop.start(gatehouse.visitor().send_async("POST", "sign-in/email", body))
    assert hashing.wait(30)
    server.stop()
    go_on.set()
    assert sign_in.result().status_code == 503
    server.start()
    wait_until_it_answers(ada, clock)
    assert [each.kind for each in gatehouse.events()] == ["sign_up"]
    assert gatehouse.visitor().sign_in().status_code == 200
