"""Fixtures for all tests: databases, servers and browsers."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from playwright.sync_api import Browser

from tests.rig.chromium import chromium
from tests.rig.database_pool import database_pool
from tests.rig.migrated_databases import put_sqlite
from tests.rig.openid_provider import OpenIdProvider
from tests.rig.pgbouncer import shared_pgbouncer
from tests.rig.postgres import PostgresServer, shared_server
from tests.rig.space import Space


@dataclass(frozen=True)
class DatabaseTarget:
    """Where a server keeps its data; `direct` goes round the pooler, and is empty for SQLite."""

    kind: str
    url: str
    direct: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The settings that name this database."""
        return {"DATABASE_URL": self.url, "DATABASE_URL_DIRECT": self.direct}


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """The PostgreSQL of this run."""
    return shared_server()


@pytest.fixture
def migrated() -> bool:
    """Whether a new database has its tables already; tests of the migrations say no."""
    return True


@pytest.fixture
def postgres_url(postgres: PostgresServer, migrated: bool) -> Iterator[str]:
    """The address of a PostgreSQL database of this test's own, in which nobody is."""
    if migrated:
        pool = database_pool(postgres)
        name = pool.acquire()
        yield postgres.url(name)
        pool.release(name)
    else:
        name = postgres.create_database()
        yield postgres.url(name)
        postgres.drop_database(name)


@pytest.fixture
def psql(postgres_url: str) -> Iterator[Callable[[str], None]]:
    """Executes SQL in this test's PostgreSQL database, as psql does; THIS is its name."""
    with closing(psycopg2.connect(postgres_url)) as connection:
        connection.autocommit = True
        name = connection.info.dbname
        yield lambda statement: connection.cursor().execute(statement.replace("THIS", name))


ON_SQLITE = pytest.mark.parametrize("database_target", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_target", ["postgresql"], indirect=True)
ON_A_SERVER = pytest.mark.parametrize("database_target", ["postgresql", "pgbouncer"], indirect=True)


def make_database_target(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: bool
) -> Iterator[DatabaseTarget]:
    """A database of this test's own, of the kind that is the fixture's parameter."""
    if request.param == "sqlite":
        if migrated:
            put_sqlite(tmp_path / "gatehouse.db")
        yield DatabaseTarget("sqlite", f"sqlite:///{tmp_path}/gatehouse.db")
        return
    direct: str = request.getfixturevalue("postgres_url")
    if request.param == "postgresql":
        yield DatabaseTarget("postgresql", direct, direct)
        return
    server = request.getfixturevalue("postgres")
    pooler = shared_pgbouncer(server)
    yield DatabaseTarget(
        "pgbouncer", direct.replace(f":{server.port}/", f":{pooler.port}/"), direct
    )
    pooler.forget(direct.rpartition("/")[2])


database_target = pytest.fixture(
    params=["sqlite", "postgresql", "pgbouncer"], name="database_target"
)(make_database_target)
"""The three kinds we promise to run on; `conftest.py` in `api` and `security` takes two of them."""


@pytest.fixture
def database_url(database_target: DatabaseTarget) -> str:
    """The DATABASE_URL of `database_target`."""
    return database_target.url


@pytest.fixture(scope="session")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A running Gatehouse on SQLite; every test of this worker talks to the same one."""
    with Space(tmp_path_factory.mktemp("space")) as running:
        yield running


@pytest.fixture(scope="session")
def openid_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    """The OpenID providers of this worker; a test opens a `realm` of its own."""
    with closing(OpenIdProvider(tmp_path_factory.mktemp("openid-provider"))) as running:
        yield running


# Not for the session: while Playwright is open, an event loop runs in this thread, and other tests
# could not start theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file; each test has a profile of its own in it, or several."""
    with chromium() as running:
        yield running
