"""PostgreSQL runs and refuses connections: none is left, or the password has changed."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from tests.api.test_database_away import wait_until_it_answers, wait_until_it_is_missed
from tests.in_process import Gatehouse, Visitor
from tests.rig.postgres import WITH_PASSWORD


@pytest.fixture
def migrated() -> bool:
    """Whether the database comes migrated: no, the tenant makes the tables, and owns them."""
    return False


@pytest.fixture
def tenant(psql: Callable[[str], None], postgres_url: str) -> str:
    """The address of the database for its owner, who is no master of the server: with a password,
    and with few connections, as providers give them."""
    psql(f"CREATE ROLE tenant_of_THIS LOGIN IN ROLE {WITH_PASSWORD}")
    psql("ALTER ROLE tenant_of_THIS PASSWORD 'first' CONNECTION LIMIT 6")
    psql("ALTER DATABASE THIS OWNER TO tenant_of_THIS")
    address = make_url(postgres_url)
    tenant_url = address.set(username=f"tenant_of_{address.database}", password="first")
    return tenant_url.render_as_string(hide_password=False)


@pytest.fixture
def gatehouse(tenant: str, start: Any) -> Gatehouse:
    started = start(database_url=tenant)
    started.wait_for_the_feed()
    return started


@pytest.fixture
def ada(gatehouse: Gatehouse) -> Visitor:
    return gatehouse.member()


@pytest.fixture
def drop_connections(psql: Callable[[str], None]) -> Callable[[], None]:
    """End every connection of the tenant, as a failover does."""
    return lambda: psql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE usename = 'tenant_of_THIS'"
    )


def check_everybody_gets_503(gatehouse: Gatehouse, ada: Visitor, because: str) -> None:
    """Check it twice, also between two attempts to connect; the log has the reason in one line."""
    wait_until_it_is_missed(gatehouse)
    for _ in range(2):
        gatehouse.clock.advance(seconds=0.6)
        with capture_logs() as log:
            assert ada.get("get-session").status_code == 503
            assert gatehouse.visitor().sign_in().status_code == 503
            gatehouse.clock.advance(seconds=2.4)
            response = gatehouse.visitor().get("/ready")
        assert (response.status_code, response.json()["database"]) == (503, "away")
        reasons = [line["reason"] for line in log if "reason" in line]
        assert len(reasons) == 3
        assert all(because in reason and "\n" not in reason for reason in reasons), reasons


def check_everything_works(gatehouse: Gatehouse, ada: Visitor) -> None:
    wait_until_it_answers(ada, gatehouse.clock)
    assert ada.session()["user"]["email"] == "ada@example.com"
    assert gatehouse.visitor().sign_in().status_code == 200


def test_without_a_connection_left_it_is_503_until_there_is_one(
    gatehouse, ada, tenant, drop_connections
):
    drop_connections()
    with ExitStack() as others:
        with pytest.raises(psycopg2.OperationalError, match="too many connections"):
            for _ in range(7):
                others.enter_context(closing(psycopg2.connect(tenant)))
        check_everybody_gets_503(gatehouse, ada, "too many connections")
    check_everything_works(gatehouse, ada)


def test_another_password_counts_from_the_next_connection_on(
    gatehouse, ada, psql, drop_connections
):
    psql("ALTER ROLE tenant_of_THIS PASSWORD 'second'")
    assert gatehouse.visitor().sign_in().status_code == 200
    drop_connections()
    check_everybody_gets_503(gatehouse, ada, "password authentication failed")
    psql("ALTER ROLE tenant_of_THIS PASSWORD 'first'")
    check_everything_works(gatehouse, ada)
