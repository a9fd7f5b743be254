"""PostgreSQL that goes away, hangs, loses responses or has conflicts."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url, text, update

from backend.kernel.client import SYSTEM
from backend.kernel.clock import SystemClock
from backend.kernel.events import Event, EventKind
from backend.storage import tables
from backend.storage.engine import Database, DatabaseConflict, DatabaseUnavailable
from backend.storage.postgres.watchdog import ConnectionWatchdog
from backend.storage.queries import users
from backend.storage.work import Runtime, Work, run_query
from tests.clocks import FixedClock
from tests.make import make_settings
from tests.rig.fixtures import ON_POSTGRESQL
from tests.rig.postgres import PostgresServer
from tests.rig.processes import wait_until
from tests.storage.conftest import WorkEffects, build_runtime, count_rows, make_new_user, store_user
from tests.storage.proxy import TcpProxy, proxy_to

pytestmark = ON_POSTGRESQL


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[TcpProxy]:
    with proxy_to(postgres.port) as proxy:
        yield proxy


@pytest.fixture
def open_through_proxy(
    proxy: TcpProxy, postgres_url: str, open_database: Callable[..., Database]
) -> Callable[..., Database]:
    """Opens databases through the proxy."""
    address = make_url(postgres_url).set(drivername="postgresql+psycopg2", port=proxy.port)
    return lambda **options: open_database(url=address, **options)


def runtime_for(database: Database) -> Runtime:
    return build_runtime(database, FixedClock(), make_settings(Path()), WorkEffects())


def kill_all(postgres: PostgresServer, postgres_url: str) -> None:
    """Cut all other connections to this database, as Neon does when it suspends."""
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        make_url(postgres_url).database,
    )


def test_twenty_pauses_of_the_server_show_no_error(database, work, postgres, postgres_url):
    for _ in range(20):
        store_user(work)
        kill_all(postgres, postgres_url)
        assert run_query(database, lambda db: db.execute(text("SELECT 1")).scalar()) == 1
        kill_all(postgres, postgres_url)
        store_user(work)
    assert count_rows(database, "users") == 40


def test_many_broken_connections_are_replaced_at_once(database, work, postgres, postgres_url):
    connections = [database.read() for _ in range(8)]
    for each in connections:
        each.release()
    kill_all(postgres, postgres_url)

    store_user(work)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: count_rows(database, "users"), range(8))) == [1] * 8


def test_an_idle_connection_is_asked_first_and_replaced(
    open_database, clock, postgres, postgres_url
):
    database = open_database()
    database.read().release()
    kill_all(postgres, postgres_url)
    clock.advance(seconds=31)

    db = database.read()  # no second attempt is made here, as `run_query` would
    assert db.execute(text("SELECT 1")).scalar() == 1
    db.release()


def test_a_connection_lost_before_commit_is_a_conflict_and_nothing_happened(
    database, runtime, postgres, postgres_url
):
    with pytest.raises(DatabaseConflict), Work(runtime, SYSTEM) as work:
        users.insert(work.db, make_new_user(), None)
        kill_all(postgres, postgres_url)
        users.insert(work.db, make_new_user(), None)

    assert count_rows(database, "users") == 0
    assert database.engine.pool.checkedout() == 0


def test_a_service_that_overlooks_the_loss_does_not_commit_half_of_its_work(
    database, runtime, postgres, postgres_url
):
    with pytest.raises(DatabaseConflict), Work(runtime, SYSTEM) as work:
        users.insert(work.db, make_new_user(), None)
        kill_all(postgres, postgres_url)
        for _ in range(2):
            with pytest.raises(DatabaseConflict):
                users.insert(work.db, make_new_user(), None)

    assert count_rows(database, "users") == 0
    assert database.engine.pool.checkedout() == 0


def test_a_write_and_its_event_are_two_messages(proxy, open_through_proxy):
    work = Work(runtime_for(open_through_proxy()), SYSTEM)
    messages = []
    users.email_exists(work.db, "before@example.com")  # the connection is there, and has begun
    proxy.on_bytes = messages.append
    with work:
        users.insert(work.db, make_new_user(), None)
        work.record(Event(EventKind.SIGN_UP))
    assert [b"INSERT INTO users" in messages[0], b"COMMIT" in messages[-1]] == [True, True]
    assert len(messages) == 2


def test_work_that_asked_nothing_says_nothing(proxy, open_through_proxy):
    runtime = runtime_for(open_through_proxy())
    store_user(lambda: Work(runtime, SYSTEM))
    messages = []
    proxy.on_bytes = messages.append
    with Work(runtime, SYSTEM) as work:
        assert work.db
    with pytest.raises(RuntimeError), Work(runtime, SYSTEM) as work:
        assert work.db
        raise RuntimeError
    assert messages == []


def test_an_event_before_anything_else_is_stored_with_many_rows_after_it(runtime, database):
    with Work(runtime, SYSTEM) as work:
        work.record(Event(EventKind.SIGN_UP))
        work.record(Event(EventKind.SIGN_UP))
    with Work(runtime, SYSTEM) as work:
        work.db.execute(text("DELETE FROM audit_events WHERE kind = :kind"), [{"kind": "sign_up"}])
    assert count_rows(database, "audit_events") == 0


def test_a_statement_in_a_broken_transaction_is_not_committed_with_it(runtime, database):
    with pytest.raises(Exception, match="aborted"), Work(runtime, SYSTEM) as work:
        users.insert(work.db, make_new_user(), None)
        with pytest.raises(Exception, match="does not exist"):
            work.db.execute(text("SELECT * FROM nowhere"))
        work.record(Event(EventKind.SIGN_UP))
    assert (count_rows(database, "users"), count_rows(database, "audit_events")) == (0, 0)
    assert database.engine.pool.checkedout() == 0


@pytest.mark.parametrize("statements", [0, 1], ids=["alone", "with the last statement"])
@pytest.mark.parametrize(("cut", "stored"), [("before", 0), ("after", 1)])
def test_a_connection_lost_during_commit_is_no_conflict_for_its_outcome_is_unknown(
    proxy, open_through_proxy, database, cut, stored, statements
):
    shaky = open_through_proxy()
    runtime = runtime_for(shaky)
    user = make_new_user()

    with pytest.raises(DatabaseUnavailable) as failure, Work(runtime, SYSTEM) as work:
        users.insert(work.db, user, None)
        work.db.changed_users.add(user.id)
        for _ in range(statements):
            work.record(Event(EventKind.SIGN_UP))
        proxy.on_bytes = lambda sent: cut if b"COMMIT" in sent else None

    assert not isinstance(failure.value, DatabaseConflict)
    wait_until(lambda: count_rows(database, "users") == stored, "the outcome")
    assert shaky.engine.pool.checkedout() == 0
    proxy.on_bytes = lambda _: None
    store_user(lambda: Work(runtime, SYSTEM))


def test_what_was_touched_is_forgotten_even_if_the_outcome_is_unknown(proxy, open_through_proxy):
    effects = WorkEffects()
    runtime = build_runtime(open_through_proxy(), FixedClock(), make_settings(Path()), effects)
    user = make_new_user()
    with pytest.raises(DatabaseUnavailable), Work(runtime, SYSTEM) as work:
        users.insert(work.db, user, None)
        work.db.changed_users.add(user.id)
        proxy.on_bytes = lambda sent: "after" if b"COMMIT" in sent else None
    assert effects.forgotten == [{user.id}]


def test_two_transactions_that_block_each_other_both_succeed_when_run_again(runtime, work):
    first, second = store_user(work), store_user(work)
    both_hold_one = threading.Barrier(2)
    attempts = []

    def rename(mine, theirs):
        for _ in range(6):
            try:
                with Work(runtime, SYSTEM) as work:
                    attempts.append(1)
                    users.update_profile(work.db, mine.id, {"name": "locked"}, work.now())
                    if len(attempts) <= 2:
                        both_hold_one.wait()
                    return users.update_profile(work.db, theirs.id, {"name": "done"}, work.now())
            except DatabaseConflict:
                pass
        raise AssertionError("six times in vain")

    with ThreadPoolExecutor(2) as threads:
        first_renaming, second_renaming = (
            threads.submit(rename, first, second),
            threads.submit(rename, second, first),
        )
        assert {first_renaming.result().id, second_renaming.result().id} == {first.id, second.id}
    assert len(attempts) >= 3  # more, where the loser is quicker than the winner once again


def test_a_serialization_failure_is_a_conflict(runtime, work):
    user = store_user(work)
    change = update(tables.users).where(tables.users.c.id == user.id).values(name="x")
    with pytest.raises(DatabaseConflict), Work(runtime, SYSTEM) as mine:
        mine.db.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        users.email_exists(mine.db, "x")
        with Work(runtime, SYSTEM) as other:
            other.db.execute(change)
        mine.db.execute(change)


@pytest.mark.usefixtures("short_timeouts")
def test_a_row_held_by_somebody_else_is_not_waited_for_long(runtime, work, postgres_url):
    user = store_user(work)
    connection = psycopg2.connect(postgres_url)
    connection.cursor().execute("UPDATE users SET name = 'held'")
    try:
        with (
            pytest.raises(DatabaseUnavailable, match="lock timeout"),
            Work(runtime, SYSTEM) as mine,
        ):
            users.update_profile(mine.db, user.id, {"name": "mine"}, mine.now())
    finally:
        connection.close()


def test_a_server_that_is_down_is_asked_once_a_second(postgres_url, open_database, clock):
    with proxy_to(1) as proxy:  # accepts, then cuts: a server that starts up or is full
        address = make_url(postgres_url).set(drivername="postgresql+psycopg2", port=proxy.port)
        database = open_database(url=address)
        for _ in range(3):
            for _ in range(20):
                with pytest.raises(DatabaseUnavailable):
                    database.read()
            clock.advance(seconds=1)
        assert proxy.accepted == 3
        assert database.engine.pool.checkedout() == 0


def test_a_server_that_stands_still_is_left_after_a_while_and_used_again_when_it_moves(
    proxy, open_through_proxy, monkeypatch
):
    quick = ConnectionWatchdog(interval=0.02)
    monkeypatch.setattr("backend.storage.engine.ConnectionWatchdog", lambda: quick)
    database = open_through_proxy(clock=SystemClock())
    runtime = runtime_for(database)
    store_user(lambda: Work(runtime, SYSTEM))

    proxy.freeze()
    with pytest.raises(DatabaseUnavailable, match="did not answer") as failure:
        run_query(database, lambda db: db.execute(text("SELECT 1")))
    assert not isinstance(failure.value, DatabaseConflict)

    proxy.thaw()
    wait_until(lambda: _is_usable(database), "the database")
    store_user(lambda: Work(runtime, SYSTEM))
    assert count_rows(database, "users") == 2
    assert database.engine.pool.checkedout() == 0


def _is_usable(database: Database) -> bool:
    try:
        return bool(run_query(database, lambda db: db.execute(text("SELECT 1")).scalar()))
    except DatabaseUnavailable:
        return False


def test_a_wrong_password_or_name_says_so_in_one_line(postgres_url, open_database):
    address = make_url(postgres_url).set(drivername="postgresql+psycopg2", database="nowhere")
    with pytest.raises(DatabaseUnavailable, match='database "nowhere" does not exist') as failure:
        open_database(url=address).read()
    assert "\n" not in str(failure.value)


def test_a_read_only_server_is_unavailable_for_writes_and_still_answers_reads(
    database, work, postgres, postgres_url
):
    name = make_url(postgres_url).database
    store_user(work)
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    kill_all(postgres, postgres_url)
    with pytest.raises(DatabaseUnavailable, match="read-only"):
        store_user(work)
    assert count_rows(database, "users") == 1
