"""Read-only PostgreSQL servers, and errors that are no bugs of ours."""

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url, text

from backend.kernel.client import SYSTEM
from backend.storage.engine import Database, DatabaseConflict, DatabaseUnavailable
from backend.storage.errors import Fault
from backend.storage.migrate import migrate
from backend.storage.opening.schema_version import is_current, read_schema_version
from backend.storage.work import Work, run_query
from tests.rig.fixtures import ON_POSTGRESQL
from tests.rig.postgres import PostgresServer, own_server
from tests.storage.conftest import count_rows, store_user
from tests.storage.proxy import proxy_to
from tests.storage.test_faults import runtime_for

pytestmark = ON_POSTGRESQL


@pytest.fixture(scope="module")
def new_primary() -> Iterator[PostgresServer]:
    """The server that becomes the primary."""
    with own_server() as made:
        yield made


def write(database: Database) -> None:
    runtime = runtime_for(database)
    store_user(lambda: Work(runtime, SYSTEM))


def check_readiness(database: Database) -> None:
    assert is_current(read_schema_version(database))


@pytest.mark.parametrize("operation", [write, check_readiness])
def test_after_a_failover_whoever_asks_finds_the_primary_at_once(
    postgres, postgres_url, open_database, psql, new_primary, operation
):
    with proxy_to(postgres.port) as proxy:
        address = make_url(postgres_url).set(drivername="postgresql+psycopg2", port=proxy.port)
        database = open_database(url=address)
        runtime = runtime_for(database)
        store_user(lambda: Work(runtime, SYSTEM))

        psql("ALTER DATABASE THIS SET default_transaction_read_only = on")
        database.engine.dispose()  # as a primary cuts all when it is demoted
        for each in [database.read() for _ in range(4)]:
            each.release()
        new_primary.execute(f"CREATE DATABASE {address.database}")
        migrate(
            make_url(new_primary.url(str(address.database))).set(drivername="postgresql+psycopg2")
        )
        proxy.target = new_primary.port

        operation(database)
        assert count_rows(database, "users") == (1 if operation is write else 0)


def test_a_server_that_stays_read_only_is_looked_for_once_a_second_and_answers_reads(
    open_database, postgres_url, postgres, psql, clock
):
    with proxy_to(postgres.port) as proxy:
        address = make_url(postgres_url).set(drivername="postgresql+psycopg2", port=proxy.port)
        database = open_database(url=address)
        runtime = runtime_for(database)
        psql("ALTER DATABASE THIS SET default_transaction_read_only = on")
        for _ in range(5):
            with pytest.raises(DatabaseUnavailable) as failure:
                store_user(lambda: Work(runtime, SYSTEM))
            assert failure.value.fault is Fault.READ_ONLY
            assert count_rows(database, "users") == 0
        assert proxy.accepted == 2

        with pytest.raises(DatabaseUnavailable) as failure:
            read_schema_version(database)
        assert failure.value.fault is Fault.READ_ONLY

        postgres.execute(f"ALTER DATABASE {address.database} RESET default_transaction_read_only")
        clock.advance(seconds=1)
        store_user(lambda: Work(runtime, SYSTEM))
        assert is_current(read_schema_version(database))


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("53100", Fault.FULL),
        ("53200", Fault.AWAY),
        ("55P03", Fault.AWAY),
        ("57014", Fault.AWAY),
        ("58030", Fault.UNUSABLE),
        ("XX000", Fault.UNUSABLE),
        ("XX001", Fault.DAMAGED),
        ("42P01", Fault.UNUSABLE),
        ("42501", Fault.UNUSABLE),
        ("P0001", Fault.UNUSABLE),
    ],
)
def test_what_the_server_cannot_do_is_said_of_the_server(database, work, psql, code, fault):
    psql(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'it cannot' USING ERRCODE = '{code}'; END $$"
    )
    psql("CREATE TRIGGER fails BEFORE INSERT ON users EXECUTE FUNCTION fail()")
    with pytest.raises(DatabaseUnavailable, match="it cannot") as failure:
        store_user(work)
    assert failure.value.fault is fault
    assert not isinstance(failure.value, DatabaseConflict)
    psql("DROP TRIGGER fails ON users")
    store_user(work)
    assert is_current(read_schema_version(database))


@pytest.mark.parametrize("statement", ["SELEC", "SELECT 1/0", "SELECT 'a'::uuid"])
def test_our_own_mistakes_stay_mistakes(database, statement):
    with pytest.raises(Exception, match=r"syntax|zero|invalid") as mistake:
        run_query(database, lambda db: db.execute(text(statement)))
    assert not isinstance(mistake.value, DatabaseUnavailable)


@pytest.mark.parametrize(
    "wrong",
    [
        "ALTER TABLE users RENAME TO others",
        "DROP SCHEMA public CASCADE",
        "REVOKE ALL ON users FROM PUBLIC; ALTER TABLE users DROP COLUMN name",
    ],
)
def test_tables_that_are_missing_are_unavailable(database, work, psql, wrong):
    psql(wrong)
    with pytest.raises(DatabaseUnavailable) as failure:
        store_user(work)
    assert failure.value.fault is Fault.UNUSABLE


def test_what_the_role_or_the_environment_set_otherwise_does_not_matter(
    open_database, psql, monkeypatch
):
    for name, value in {
        "client_encoding": "latin1",
        "TimeZone": "Asia/Kathmandu",
        "DateStyle": "German",
        "standard_conforming_strings": "off",
        "default_transaction_isolation": "serializable",
    }.items():
        psql(f"ALTER DATABASE THIS SET {name} = '{value}'")
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    monkeypatch.setenv("PGOPTIONS", "-c client_encoding=latin1 -c timezone=Asia/Tokyo")
    database = open_database()
    runtime = runtime_for(database)
    name = "Zoë 😀 \\' ż"
    user = store_user(lambda: Work(runtime, SYSTEM), name=name)
    row = run_query(
        database,
        lambda db: db.execute(
            text("SELECT name, created_at, current_setting('TimeZone') FROM users")
        ),
    ).one()
    assert tuple(row) == (name, user.created_at, "UTC")
    assert str(row.created_at.tzinfo) in ("UTC", "UTC+00:00")
