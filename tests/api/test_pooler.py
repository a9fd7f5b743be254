"""PgBouncer in front of PostgreSQL is restarted, stopped or paused under a running application."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import make_url

from backend.storage.postgres.watchdog import ConnectionWatchdog
from tests.api.test_database_away import wait_until_it_answers, wait_until_it_is_missed
from tests.in_process import Gatehouse, Visitor
from tests.rig.pgbouncer import PgBouncer, own_pgbouncer
from tests.rig.postgres import PostgresServer


@pytest.fixture(scope="module")
def pooler(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler for these tests alone."""
    with own_pgbouncer(postgres) as pgbouncer:
        yield pgbouncer


@pytest.fixture
def gatehouse(
    pooler: PgBouncer, postgres_url: str, start: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gatehouse]:
    quick = ConnectionWatchdog(interval=0.02)  # 4 seconds otherwise
    monkeypatch.setattr("backend.storage.engine.ConnectionWatchdog", lambda: quick)
    pooled = make_url(postgres_url).set(port=pooler.port)
    started = start(
        database_url=pooled.render_as_string(hide_password=False), database_url_direct=postgres_url
    )
    started.wait_for_the_feed()
    yield started
    pooler.stop()
    pooler.start()


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    visitor = gatehouse.member()
    assert visitor.session() is not None
    return visitor


def check_everything_is_503(gatehouse: Gatehouse, ada: Visitor) -> None:
    """Check that no session is called invalid, and that `/ready` reports the fault."""
    gatehouse.clock.advance(seconds=3)  # the proof that changes reach us has run out
    wait_until_it_is_missed(gatehouse)
    assert ada.get("get-session").status_code == 503
    assert gatehouse.visitor().sign_in().status_code == 503
    response = gatehouse.visitor().get("/ready")
    assert (response.status_code, response.json()["database"]) == (503, "away")


def check_everything_works(gatehouse: Gatehouse, ada: Visitor) -> None:
    wait_until_it_answers(ada, gatehouse.clock)
    assert ada.session()["user"]["email"] == "ada@example.com"
    assert gatehouse.visitor().sign_in().status_code == 200
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 200


def test_a_restart_between_two_requests_is_noticed_by_nobody(gatehouse, ada, pooler):
    for _ in range(2):
        pooler.stop()
        pooler.start()
        assert gatehouse.visitor().sign_in().status_code == 200
    pooler.stop()
    pooler.start()
    assert len(ada.get("list-sessions").json()) == 3


def test_while_it_is_stopped_everybody_hears_503(gatehouse, ada, pooler):
    pooler.stop()
    check_everything_is_503(gatehouse, ada)
    pooler.start()
    check_everything_works(gatehouse, ada)


def test_while_it_is_paused_nobody_waits_for_ever(gatehouse, ada, pooler):
    pooler.command("PAUSE")
    check_everything_is_503(gatehouse, ada)
    pooler.command("RESUME")
    check_everything_works(gatehouse, ada)
