"""The check inside a transaction that the acting session is still live."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg2
import pytest

from backend.kernel.client import SYSTEM
from backend.storage.acting_session import ActingSession
from backend.storage.errors import SessionEnded
from backend.storage.queries import sessions, users
from backend.storage.queries.sessions import Session
from backend.storage.queries.users import User
from backend.storage.work import Runtime, Work
from tests.rig.fixtures import ON_POSTGRESQL
from tests.rig.processes import wait_until
from tests.storage.conftest import store_session, store_user


def build_acting_session(session: Session) -> ActingSession:
    return ActingSession(session.id, session.user_id)


def store_signed_in_user(work, **overrides) -> tuple[User, Session]:
    user = store_user(work, **overrides)
    return user, store_session(work, user)


def test_the_actor_is_read_anew(runtime, work):
    user, session = store_signed_in_user(work)
    with work() as another:
        users.update_profile(another.db, user.id, {"name": "Grace"}, another.now())
    with Work(runtime, SYSTEM, build_acting_session(session)) as mine:
        assert mine.actor.name == "Grace"


def test_without_a_session_nobody_acts(work):
    with pytest.raises(RuntimeError, match="nobody acts"), work() as mine:
        _ = mine.actor


def test_a_session_that_is_gone_writes_nothing(runtime, work):
    user, session = store_signed_in_user(work)
    with work() as another:
        sessions.delete_by_id(another.db, session.id)
    with pytest.raises(SessionEnded), Work(runtime, SYSTEM, build_acting_session(session)) as mine:
        users.update_profile(mine.db, user.id, {"name": "Grace"}, mine.now())
    with work() as later:
        assert users.find(later.db, user.id) == user


def test_nor_does_one_that_has_expired(runtime, work, clock):
    _, session = store_signed_in_user(work)
    clock.advance(days=7)
    with pytest.raises(SessionEnded), Work(runtime, SYSTEM, build_acting_session(session)) as mine:
        _ = mine.actor


def test_a_ban_holds_until_it_has_lapsed(runtime, work, clock):
    ban_expires = clock.now() + timedelta(hours=1)
    _, session = store_signed_in_user(work, banned=True, ban_expires=ban_expires)
    with pytest.raises(SessionEnded), Work(runtime, SYSTEM, build_acting_session(session)) as mine:
        _ = mine.actor
    clock.advance(hours=1)
    with Work(runtime, SYSTEM, build_acting_session(session)) as mine:
        assert mine.actor.banned


def test_every_transaction_of_a_work_proves_it_anew(runtime, work):
    _, session = store_signed_in_user(work)
    with pytest.raises(SessionEnded), Work(runtime, SYSTEM, build_acting_session(session)) as mine:
        assert mine.actor
        mine.run_outside_transaction(end_session, work, session)
        users.email_exists(mine.db, "x")


def end_session(work, session: Session) -> None:
    with work() as another:
        assert sessions.delete_by_id(another.db, session.id) is not None


def test_locks_come_before_the_first_write(runtime, work):
    user, session = store_signed_in_user(work)
    with (
        pytest.raises(RuntimeError, match="no lock after the first write"),
        Work(runtime, SYSTEM, build_acting_session(session)) as mine,
    ):
        users.update_profile(mine.db, user.id, {"name": "Grace"}, mine.now())
        mine.begin_with_lock(lambda db: users.lock(db, [user.id]))


# On SQLite one transaction writes at a time: what follows cannot happen there.


def is_waiting(url: str) -> bool:
    """Whether a lock is waited for in this database."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


@ON_POSTGRESQL
def test_who_begins_while_the_session_is_being_ended_waits_and_is_refused(
    runtime, work, postgres_url
):
    user, session = store_signed_in_user(work)

    def rename() -> None:
        with Work(runtime, SYSTEM, build_acting_session(session)) as mine:
            users.update_profile(mine.db, user.id, {"name": "Grace"}, mine.now())

    with ThreadPoolExecutor(1) as threads, work() as ending:
        sessions.delete_by_id(ending.db, session.id)
        renaming = threads.submit(rename)
        wait_until(lambda: is_waiting(postgres_url), "the other's wait")
        ending._commit()
        with pytest.raises(SessionEnded):
            renaming.result(30)
    with work() as later:
        assert users.find(later.db, user.id) == user


@ON_POSTGRESQL
def test_who_ends_a_session_that_is_writing_is_answered_after_the_write(
    runtime, work, postgres_url
):
    user, session = store_signed_in_user(work)
    with ThreadPoolExecutor(1) as threads:
        with Work(runtime, SYSTEM, build_acting_session(session)) as mine:
            users.update_profile(mine.db, user.id, {"name": "Grace"}, mine.now())
            ending = threads.submit(end_session, work, session)
            wait_until(lambda: is_waiting(postgres_url), "the other's wait")
            assert not ending.done()
        ending.result(30)


@ON_POSTGRESQL
def test_admins_who_change_each_other_wait_for_each_other_and_not_for_ever(
    runtime: Runtime, work, postgres, postgres_url
):
    admins = [store_signed_in_user(work, role="admin") for _ in range(3)]
    start = threading.Barrier(6)

    def rename_all(me: int, privileged: bool) -> None:
        start.wait(30)
        _, session = admins[me]
        for number in range(30):
            other = admins[(me + 1 + number % 2) % 3][0]
            ids = [session.user_id, other.id]
            with Work(runtime, SYSTEM, build_acting_session(session)) as mine:
                mine.begin_with_lock(lambda db, ids=ids: users.lock(db, ids, privileged=privileged))
                users.update_profile(mine.db, other.id, {"name": f"{number}"}, mine.now())

    with ThreadPoolExecutor(6) as threads:
        renamings = [
            threads.submit(rename_all, me, kind) for me in range(3) for kind in (True, False)
        ]
        for each in renamings:
            each.result(60)  # a deadlock would be a DatabaseConflict
