"""How a process hears of changes by others, and knows that it would."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg2
import pytest
from sqlalchemy import make_url, text

from backend.features.sessions.cache import CurrentSession, SessionCache
from backend.kernel.clock import SystemClock
from backend.kernel.secrets.secret import SessionToken
from backend.storage.change_feed import postgres as postgres_feed
from backend.storage.change_feed.feed import ChangeFeed, open_feed
from backend.storage.engine import Database
from backend.storage.queries import sessions
from backend.storage.urls import direct_url
from backend.storage.work import run_query
from tests.clocks import FixedClock
from tests.rig.fixtures import ON_A_SERVER, ON_POSTGRESQL, ON_SQLITE
from tests.storage.conftest import digest_of, store_session, store_user
from tests.storage.proxy import TcpProxy, proxy_to

pytestmark = pytest.mark.anyio
EXPIRES_AT = datetime.now(UTC) + timedelta(days=7)  # noqa: TID251  the triggers look at the server's clock


@pytest.fixture
def anyio_backend(request):
    """The server's own event loop, unless a test asks for Python's as well."""
    return "asyncio", {"use_uvloop": getattr(request, "param", True)}


async def poll_until(ready: Callable[[], bool], description: str) -> None:
    """Poll, as requests do, until `ready`; the event loop runs meanwhile."""
    async with asyncio.timeout(30):
        while not ready():
            await asyncio.sleep(0.005)
    assert ready(), description


@asynccontextmanager
async def run_feed(
    database: Database, settings, clock, forget: Callable[[UUID | None], None]
) -> AsyncIterator[ChangeFeed]:
    """A live feed."""
    feed = open_feed(database, direct_url(settings), clock, forget)
    await feed.start()
    try:
        await poll_until(feed.is_live, "the first proof")
        yield feed
    finally:
        await feed.stop()


@pytest.fixture
def forgotten() -> list[UUID | None]:
    return []


@pytest.fixture
def clock(database_target) -> FixedClock | SystemClock:
    """SQLite is polled in real time; with PostgreSQL the tests set the clock."""
    return SystemClock() if database_target.kind == "sqlite" else FixedClock()


class Listener:
    """Another client that LISTENs, such as psql."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg2.connect(address)
        self._connection.autocommit = True
        self.execute = self._connection.cursor().execute
        self.close = self._connection.close
        self.execute("LISTEN gatehouse_forget")

    def count_notifications(self, beginning: str) -> int:
        """How many messages with this beginning have been sent so far."""
        self.execute("SELECT 1")
        return sum(each.payload.startswith(beginning) for each in self._connection.notifies)


async def catch_up(listener: Listener, forgotten: list[UUID | None]) -> None:
    """Wait until the feed has received everything sent so far."""
    before = len(forgotten)
    listener.execute("NOTIFY gatehouse_forget, '00000000-0000-0000-0000-00000000002a'")
    await poll_until(lambda: UUID(int=42) in forgotten[before:], "what was sent")


@pytest.fixture
def listener(database_target, url) -> Iterator[Listener]:
    client = Listener(database_target.direct)
    yield client
    client.close()


def kill_listeners(postgres, url) -> None:
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'gatehouse change feed'",
        make_url(url).database,
    )


def count_listeners(postgres, url) -> int:
    connection = psycopg2.connect(postgres.url(make_url(url).database))
    cursor = connection.cursor()
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'gatehouse change feed'"
    )
    (count,) = cursor.fetchone()
    connection.close()
    return count


async def test_nothing_is_trusted_before_the_first_proof_and_everyone_forgotten_with_it(
    database, settings, clock, forgotten
):
    feed = open_feed(database, direct_url(settings), clock, forgotten.append)
    assert not feed.is_live()
    await feed.start()
    await poll_until(feed.is_live, "the first proof")
    assert forgotten == [None]
    assert not feed.state.startswith("bypassed")
    await feed.stop()
    assert not feed.is_live()
    assert feed.state.endswith("stopped")


async def test_a_feed_that_was_never_started_stops_too(database, settings, clock):
    feed = open_feed(database, direct_url(settings), clock, lambda _: None)
    await feed.stop()
    assert not feed.is_live()


async def test_what_one_server_changes_reaches_the_other(
    database, open_database, settings, clock, work, forgotten
):
    user = store_user(work)
    session = store_session(work, user, expires_at=EXPIRES_AT)
    other = open_database()
    async with (
        run_feed(database, settings, clock, lambda _: None),
        run_feed(other, settings, clock, forgotten.append) as feed,
    ):
        del forgotten[:]
        with work() as mine:
            sessions.delete_by_digest(mine.db, digest_of(session))
        await poll_until(lambda: feed.is_live() and forgotten != [], "the change")
    assert forgotten[0] == (None if database.kind == "sqlite" else user.id)


async def test_a_session_that_was_read_just_before_it_ended_does_not_come_back(
    database, open_database, settings, clock, work
):
    user = store_user(work)
    session = store_session(work, user, expires_at=EXPIRES_AT)
    cache = SessionCache(10)
    entry = CurrentSession(session, user, SessionToken("x"), digest_of(session), EXPIRES_AT)
    async with run_feed(open_database(), settings, clock, cache.forget) as feed:
        generation = cache.generation
        assert run_query(database, lambda db: sessions.find_with_user(db, digest_of(session)))
        with work() as mine:
            sessions.delete_by_digest(mine.db, digest_of(session))
        await poll_until(lambda: feed.is_live() and cache.generation > generation, "the change")
        cache.fill(entry, generation)
        assert len(cache) == 0


async def test_a_session_that_was_kept_just_before_the_news_goes_with_the_news(
    database, open_database, settings, clock, work
):
    user = store_user(work)
    session = store_session(work, user, expires_at=EXPIRES_AT)
    cache = SessionCache(10)
    entry = CurrentSession(session, user, SessionToken("x"), digest_of(session), EXPIRES_AT)
    async with run_feed(open_database(), settings, clock, cache.forget) as feed:
        with work() as mine:
            sessions.delete_by_digest(mine.db, digest_of(session))
        cache.fill(entry, cache.generation)
        await poll_until(lambda: feed.is_live() and len(cache) == 0, "the news")


@ON_A_SERVER
@pytest.mark.parametrize("anyio_backend", [True, False], ids=["uvloop", "asyncio"], indirect=True)
async def test_a_lost_connection_is_noticed_everyone_forgotten_and_listening_resumed(
    database, settings, clock, forgotten, postgres, url
):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        for _ in range(3):
            del forgotten[:]
            kill_listeners(postgres, url)
            await poll_until(lambda: forgotten == [None], "the loss")
            assert not feed.is_live()
            assert feed.state == "bypassed: the LISTEN connection was lost"
            clock.advance(seconds=1)
            await poll_until(feed.is_live, "the next proof")
            assert forgotten == [None, None]
    assert count_listeners(postgres, url) == 0


@ON_A_SERVER
async def test_an_old_proof_is_worth_nothing_and_is_renewed_by_the_next_request(
    database, settings, clock, forgotten
):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        clock.advance(seconds=2)
        assert not feed.is_live()
        await poll_until(feed.is_live, "the next proof")
        assert forgotten == [None]


@ON_A_SERVER
async def test_what_changed_while_the_proof_was_old_is_heard_before_the_next(
    database, settings, clock, forgotten, listener
):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        clock.advance(seconds=3600)
        somebody = UUID(int=7)
        listener.execute(f"NOTIFY gatehouse_forget, '{somebody}'")
        await poll_until(feed.is_live, "the next proof")
        assert forgotten == [None, somebody]


@ON_A_SERVER
async def test_steady_traffic_never_sees_a_gap(database, settings, clock, forgotten, listener):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        for renewals in range(5):
            clock.advance(seconds=1)

            def is_renewed(feed=feed, renewals=renewals) -> bool:
                assert feed.is_live()
                return listener.count_notifications("proof") == renewals + 2

            await poll_until(is_renewed, "a renewal")
            await catch_up(listener, forgotten)
        assert None not in forgotten[1:]


@ON_A_SERVER
async def test_silence_sends_nothing(database, settings, clock, listener):
    async with run_feed(database, settings, clock, lambda _: None):
        for _ in range(100):
            clock.advance(seconds=60)
            await asyncio.sleep(0)
        assert listener.count_notifications("proof") == 1


@ON_POSTGRESQL
async def test_the_proofs_of_others_disturb_nobody_and_strange_messages_forget_everyone(
    database, settings, clock, forgotten, listener
):
    async with run_feed(database, settings, clock, forgotten.append):
        del forgotten[:]
        listener.execute("NOTIFY gatehouse_forget, 'proof 1 for somebody else'")
        listener.execute("NOTIFY gatehouse_forget, 'what is this?'")
        listener.execute("NOTIFY gatehouse_forget")
        await catch_up(listener, forgotten)
    assert forgotten[:3] == [None, None, UUID(int=42)]


@pytest.mark.parametrize("database_target", ["pgbouncer"], indirect=True)
async def test_through_a_pooler_alone_nothing_is_ever_proven(
    database, clock, forgotten, monkeypatch
):
    monkeypatch.setattr(postgres_feed, "_HEARTBEAT_TIMEOUT", 0.2)
    feed = open_feed(database, None, clock, forgotten.append)
    await feed.start()
    for _ in range(3):
        await poll_until(lambda: not feed.is_live() and feed.state != "starting", "a verdict")
        clock.advance(seconds=60)
    assert feed.state == "bypassed: cannot LISTEN through this host; set DATABASE_URL_DIRECT"
    assert forgotten == []
    await feed.stop()


@ON_POSTGRESQL
async def test_a_connection_that_falls_silent_is_given_up(
    database, settings, clock, forgotten, postgres, url, monkeypatch
):
    monkeypatch.setattr(postgres_feed, "_HEARTBEAT_TIMEOUT", 0.2)
    with proxy_to(postgres.port) as proxy:
        feed = open_feed(database, url.set(port=proxy.port), clock, forgotten.append)
        await feed.start()
        await poll_until(feed.is_live, "the first proof")
        proxy.freeze()
        clock.advance(seconds=1)
        assert feed.is_live()
        await poll_until(lambda: forgotten == [None, None], "the end of patience")
        assert not feed.is_live()
        assert feed.state == "bypassed: notifications do not arrive"
        proxy.thaw()
        clock.advance(seconds=5)
        await poll_until(feed.is_live, "the next proof")
        await feed.stop()


@ON_POSTGRESQL
async def test_a_start_without_the_database_neither_fails_nor_waits(
    open_database, clock, forgotten, postgres, url
):
    proxy = TcpProxy(1)  # nobody listens there
    away = open_database(url=url.set(port=proxy.port))
    feed = open_feed(away, None, clock, forgotten.append)
    await feed.start()
    await poll_until(lambda: not feed.is_live() and feed.state != "starting", "a verdict")
    assert feed.state.startswith("bypassed: ")
    assert "\n" not in feed.state

    proxy.target = postgres.port
    clock.advance(seconds=10)
    await poll_until(feed.is_live, "the first proof")
    await feed.stop()
    proxy.close()


@ON_POSTGRESQL
async def test_a_direct_host_that_refuses_leaves_the_pool_alone(database, clock, forgotten, url):
    feed = open_feed(database, url.set(port=1), clock, forgotten.append)
    await feed.start()
    await poll_until(lambda: not feed.is_live() and feed.state != "starting", "a verdict")
    assert "refused" in feed.state
    assert run_query(database, lambda db: db.execute(text("SELECT 1")).scalar()) == 1
    await feed.stop()


@ON_SQLITE
async def test_on_sqlite_a_change_by_hand_is_noticed_and_our_own_are_not(
    database, settings, clock, work, forgotten
):
    connection = sqlite3.connect(database.url.database)
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        for number in range(2, 5):
            for _ in range(20):
                store_user(work)
            with connection:
                connection.execute("UPDATE users SET banned = 1")
            await poll_until(lambda n=number: feed.is_live() and len(forgotten) == n, "the change")
        assert feed.state == "watching the file"
    connection.close()


@ON_SQLITE
async def test_on_sqlite_nothing_is_proven_while_the_file_cannot_be_looked_at(
    database, settings, clock, forgotten
):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        long_write = database.write()
        await poll_until(lambda: not feed.is_live(), "the end of the proof")
        assert feed.state == "bypassed: a write of this process takes long"
        long_write.rollback()
        long_write.release()
        await poll_until(feed.is_live, "the next look")
        assert forgotten == [None]


@ON_SQLITE
async def test_on_sqlite_a_new_writer_connection_starts_from_nothing(
    database, settings, clock, forgotten
):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        broken = database.write()
        broken.discard()
        broken.release()
        await poll_until(lambda: feed.is_live() and forgotten == [None, None], "the new connection")
