"""What one test leaves in its PostgreSQL database is nothing that the next one finds."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from sqlalchemy import create_engine, insert, make_url
from sqlalchemy.pool import NullPool

from backend.storage.tables import metadata
from tests.rig.database_pool import DatabasePool
from tests.rig.pgbouncer import shared_pgbouncer
from tests.rig.postgres import WITH_PASSWORD, PostgresServer

VALUES: dict[str, Any] = {
    "Uuid": UUID(int=1),
    "String": "",
    "Text": "",
    "Boolean": False,
    "Integer": 0,
    "BigInteger": 0,
    "LargeBinary": b"",
    "JSON": {},
    "UtcDateTime": datetime(2026, 1, 1, tzinfo=UTC),
}
MANY = (
    "INSERT INTO users (id, email, name, created_at, updated_at)"
    " SELECT gen_random_uuid(), n, n, now(), now() FROM generate_series(1, 1000) AS n"
)
CHANGES = {
    "a trigger that is off": "ALTER TABLE users DISABLE TRIGGER USER",
    "a trigger that is on again": "ALTER TABLE users DISABLE TRIGGER USER;"
    " ALTER TABLE users ENABLE TRIGGER USER",
    "functions and their triggers that are gone": "DROP FUNCTION {function} CASCADE",
    "a setting": "ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'",
    "a setting of one role": "ALTER ROLE gatehouse IN DATABASE {name} SET timezone = 'Asia/Tokyo'",
    "a setting under which nobody can ask": "ALTER DATABASE {name} SET statement_timeout = 1",
    "an owner": f"ALTER DATABASE {{name}} OWNER TO {WITH_PASSWORD}",
    "few connections": "ALTER DATABASE {name} CONNECTION LIMIT 7",
    "a right": f"GRANT SELECT ON users TO {WITH_PASSWORD}",
    "row security": "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "a remark": "COMMENT ON TABLE users IS 'people'",
    "a right to connect": "REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",
    "statistics": "ANALYZE users",
    "statistics of rows": f"{MANY}; ANALYZE users; DELETE FROM users",
    "statistics to be made": "CREATE STATISTICS more ON name, role FROM users",
    "many rows": MANY,
    "many dead rows": f"{MANY}; DELETE FROM users",
    "a table": "CREATE TABLE more ()",
    "a table fewer": "DROP TABLE outbox",
    "another table in its place": "ALTER TABLE outbox RENAME TO old;"
    " CREATE TABLE outbox (LIKE old INCLUDING ALL); DROP TABLE old",
    "a column": "ALTER TABLE users ADD more int",
    "a default": "ALTER TABLE users ALTER role SET DEFAULT 'admin'",
    "an index": "CREATE INDEX ON users (image)",
    "an index fewer": "DROP INDEX users_name_id_idx",
    "a constraint": "ALTER TABLE users ADD CHECK (name <> 'Ada')",
    "a rule": "CREATE RULE nobody AS ON INSERT TO users DO INSTEAD NOTHING",
    "a function": "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a type": "CREATE TYPE mood AS ENUM ('happy')",
    "a sequence": "CREATE SEQUENCE numbers",
    "a schema": "CREATE SCHEMA more",
    "a schema that was emptied": "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    "an extension fewer": "DROP EXTENSION pg_trgm CASCADE",
    "another step of the migrations": "UPDATE alembic_version SET version_num = '0001'",
    "no step of the migrations": "DELETE FROM alembic_version",
}


@pytest.fixture(scope="module")
def pool(postgres: PostgresServer) -> Iterator[DatabasePool]:
    """A pool of these tests' own; at the end it drops what was given back."""
    with closing(DatabasePool(postgres)) as made:
        yield made


@pytest.fixture
def used(postgres: PostgresServer, pool: DatabasePool) -> Iterator[str]:
    """The name of a database that tests have used before."""
    name = pool.acquire()
    assert is_handed_on(pool, name)
    yield name
    if exists(postgres, name):
        pool.release(name)


def is_handed_on(pool: DatabasePool, name: str) -> bool:
    """Whether the next test uses it too."""
    pool.release(name)
    acquired = pool.acquire()
    if acquired != name:
        pool.release(acquired)
    return acquired == name


def fetch_one(postgres: PostgresServer, name: str, query: str) -> Any:
    with closing(psycopg2.connect(postgres.url(name))) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return cursor.fetchone()


def test_rows_of_every_table_are_gone_and_the_step_stays(postgres, pool, used):
    url = make_url(postgres.url(used)).set(drivername="postgresql+psycopg2")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for table in metadata.sorted_tables:
            row = {column.name: VALUES[type(column.type).__name__] for column in table.columns}
            connection.execute(insert(table), row)
    step = "SELECT version_num FROM alembic_version"
    before = fetch_one(postgres, used, step)

    assert is_handed_on(pool, used)
    assert fetch_one(postgres, used, step) == before
    for table in metadata.sorted_tables:
        assert fetch_one(postgres, used, f"SELECT count(*) FROM {table}") == (0,)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_database_that_was_changed_is_dropped(postgres, pool, used, change):
    find = "SELECT tgfoid::regproc FROM pg_trigger WHERE NOT tgisinternal"
    postgres.execute(change.format(name=used, function=fetch_one(postgres, used, find)[0]), used)
    assert not is_handed_on(pool, used)
    assert not exists(postgres, used)


def test_so_is_one_in_which_somebody_stays(postgres, pool, used):
    with closing(psycopg2.connect(postgres.url(used))):
        assert not is_handed_on(pool, used)
    assert not exists(postgres, used)


def test_so_is_one_that_lets_nobody_in(postgres, pool, used):
    postgres.execute(f"ALTER DATABASE {used} ALLOW_CONNECTIONS false")
    assert not is_handed_on(pool, used)
    assert not exists(postgres, used)


def test_the_connections_that_a_pooler_keeps_are_closed(postgres, pool, used):
    pooler = shared_pgbouncer(postgres)
    pooler.forget(used)  # nobody has come this way yet
    for _ in range(2):
        with closing(psycopg2.connect(postgres.url(used), port=pooler.port)) as connection:
            connection.cursor().execute("SET timezone = 'Asia/Tokyo'")
            connection.commit()
        pooler.forget(used)
        assert is_handed_on(pool, used)
    with closing(psycopg2.connect(postgres.url(used), port=pooler.port)) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW timezone")
        assert cursor.fetchone() != ("Asia/Tokyo",)


def test_nobody_changes_what_new_databases_are_copied_from(postgres):
    assert fetch_one(postgres, "postgres", "SHOW autovacuum") == ("off",)


def exists(postgres: PostgresServer, name: str) -> bool:
    query = f"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{name}')"
    return bool(fetch_one(postgres, "postgres", query)[0])
