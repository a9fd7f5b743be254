"""A unit of work: what it stores, reports and releases, whatever happens."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from backend.kernel.client import SYSTEM
from backend.kernel.events import Event, EventKind
from backend.storage.engine import DatabaseConflict, DatabaseUnavailable
from backend.storage.queries import users
from backend.storage.work import Work, run_query
from tests.storage.conftest import count_rows, make_new_user, store_user

FAILED = Event(EventKind.SIGN_IN_FAILED)
DONE = Event(EventKind.SIGN_UP)


class Refused(Exception):
    """A service refuses."""


def test_what_is_done_is_stored_told_and_logged_in_that_order(runtime, database, effects):
    observed = []
    user = make_new_user()
    with Work(runtime, SYSTEM) as work:
        users.insert(work.db, user, None)
        work.db.changed_users.add(user.id)
        work.record(DONE)
        work.after_commit(
            lambda: observed.append((count_rows(database, "users"), list(effects.logged)))
        )
        assert effects.logged == []

    assert observed == [(1, [DONE])]
    assert effects.forgotten == [{user.id}]


def test_a_refusal_undoes_everything_but_what_is_kept(runtime, database, effects):
    done_afterwards = []
    with pytest.raises(Refused), Work(runtime, SYSTEM) as work:
        users.insert(work.db, make_new_user(), None)
        work.record(DONE)
        work.keep(FAILED)
        work.after_commit(lambda: done_afterwards.append(1))
        raise Refused

    assert count_rows(database, "users") == 0
    assert run_query(
        database, lambda db: db.execute(text("SELECT kind FROM audit_events")).all()
    ) == [("sign_in_failed",)]
    assert (effects.logged, done_afterwards) == ([FAILED], [])


def test_what_is_kept_is_stored_once_when_nothing_goes_wrong(runtime, database, effects):
    with Work(runtime, SYSTEM) as work:
        work.keep(FAILED)
    assert count_rows(database, "audit_events") == 1
    assert effects.logged == [FAILED]


def test_work_that_never_asks_the_database_borrows_nothing(runtime, database):
    with Work(runtime, SYSTEM):
        assert database.engine.pool.checkedout() == 0


def test_something_slow_waits_without_a_transaction(runtime, database):
    with Work(runtime, SYSTEM) as work:
        users.email_exists(work.db, "a@example.com")

        def slow(number: int) -> int:
            other = Work(runtime, SYSTEM)  # on SQLite this would wait for itself
            with other:
                users.insert(other.db, make_new_user(email="a@example.com"), None)
            return number + 1

        assert work.run_outside_transaction(slow, 41) == 42
        assert users.email_exists(work.db, "a@example.com")


def test_something_slow_after_a_write_is_a_mistake_of_ours(runtime):
    with pytest.raises(RuntimeError, match="nothing slow"), Work(runtime, SYSTEM) as work:
        users.insert(work.db, make_new_user(), None)
        work.run_outside_transaction(lambda: None)


def test_a_conflict_keeps_nothing_because_the_work_is_run_again(runtime, database, effects):
    attempts = []

    def once():
        with Work(runtime, SYSTEM) as work:
            users.insert(work.db, make_new_user(email="again@example.com"), None)
            work.record(DONE)
            work.keep(FAILED)
            attempts.append(1)
            if len(attempts) < 3:
                raise DatabaseConflict("lost against another")

    for _ in range(2):
        with pytest.raises(DatabaseConflict):
            once()
    once()

    assert (count_rows(database, "users"), count_rows(database, "audit_events")) == (1, 2)
    assert effects.logged == [DONE, FAILED]


def test_an_event_that_cannot_be_kept_leaves_the_connection_usable(runtime, database, work):
    unstorable = Event(EventKind.SIGN_IN_FAILED, detail={"what": object()})
    with (
        pytest.raises(Exception, match="not JSON serializable"),
        Work(runtime, SYSTEM) as mine,
    ):
        mine.keep(unstorable)
    store_user(work)
    assert count_rows(database, "users") == 1


def test_a_thousand_failures_leak_nothing(runtime, database, work):
    def fail(number: int) -> None:
        with (
            pytest.raises(Exception, match=r"no such|does not exist|refused"),
            Work(runtime, SYSTEM) as mine,
        ):
            users.insert(mine.db, make_new_user(), None)
            if number % 2:
                mine.db.execute(text("SELECT * FROM nowhere"))
            raise RuntimeError("refused")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fail, range(1000)))

    lent_for_ever = 1 if database.kind == "sqlite" else 0  # SQLite's one writer stays open
    assert database.engine.pool.checkedout() == lent_for_ever
    store_user(work)
    assert count_rows(database, "users") == 1


def test_a_statement_that_failed_and_was_ignored_does_not_end_in_a_quiet_commit(runtime, database):
    if database.kind == "sqlite":  # there one failed statement spoils nothing else
        with Work(runtime, SYSTEM) as work:
            with pytest.raises(Exception, match="no such table"):
                work.db.execute(text("SELECT * FROM nowhere"))
            users.insert(work.db, make_new_user(), None)
        assert count_rows(database, "users") == 1
        return

    with (
        pytest.raises(DatabaseConflict, match="already failed"),
        Work(runtime, SYSTEM) as work,
    ):
        users.insert(work.db, make_new_user(), None)
        with pytest.raises(Exception, match="does not exist"):
            work.db.execute(text("SELECT * FROM nowhere"))
    assert count_rows(database, "users") == 0
    assert database.engine.pool.checkedout() == 0


def test_sixteen_writers_at_once_all_get_their_turn(work, database):
    start = threading.Barrier(16)

    def write(_: int) -> None:
        start.wait()
        for _ in range(5):
            store_user(work)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(write, range(16)))
    assert count_rows(database, "users") == 80


@pytest.mark.usefixtures("short_timeouts")
def test_a_write_that_takes_too_long_makes_the_next_one_fail_and_not_wait(
    runtime, open_database, work
):
    if runtime.database.kind == "sqlite":
        with Work(runtime, SYSTEM) as first:
            users.email_exists(first.db, "x")
            with pytest.raises(DatabaseUnavailable, match="takes too long"):
                runtime.database.write()
    else:
        small = open_database(connections=1)
        lent = [small.read(), small.read()]
        with pytest.raises(DatabaseUnavailable, match="in use"):
            small.read()
        lent.pop().release()
        small.read().release()
        lent.pop().release()
    store_user(work)
