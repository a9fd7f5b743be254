"""The recent activity of users, on every database."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import event

from backend.kernel.client import SYSTEM
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import SystemRandomness, uuid7
from backend.storage.queries import audit
from backend.storage.queries.user_activity import UserActivity, find_activity
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.rig.fixtures import ON_SQLITE
from tests.storage.conftest import store_session, store_user

HOUR = timedelta(hours=1)


def record_event(work, kind, user_id, at):
    with work() as mine:
        audit.insert(
            mine.db, Event(kind, user_id, user_id), uuid7(SystemRandomness(), at), at, SYSTEM
        )


def test_live_sessions_are_counted_and_the_last_sign_in_is_found(database, work):
    ada, bob = store_user(work), store_user(work)
    for ends in (-HOUR, timedelta(0), HOUR, 2 * HOUR):
        store_session(work, ada, expires_at=NOON + ends)
    store_session(work, ada, impersonated_by=bob.id)
    record_event(work, EventKind.SIGN_UP, bob.id, NOON - 3 * HOUR)
    record_event(work, EventKind.SIGN_UP, ada.id, NOON - 3 * HOUR)
    record_event(work, EventKind.SIGN_IN, ada.id, NOON - 2 * HOUR)
    record_event(work, EventKind.SIGN_IN_FAILED, ada.id, NOON - HOUR)
    activity = run_query(
        database, lambda db: find_activity(db, [ada.id, bob.id, UUID(int=0)], NOON)
    )
    assert activity == {
        ada.id: UserActivity(3, NOON - 2 * HOUR, True),
        bob.id: UserActivity(0, NOON - 3 * HOUR, True),
    }


def test_nothing_is_asked_about_nobody(database):
    assert run_query(database, lambda db: find_activity(db, [], NOON)) == {}


@ON_SQLITE
def test_on_sqlite_the_last_sign_in_is_found_without_reading_the_failures_since(database, work):
    ada, plans = store_user(work), []

    def explain(connection, _, statement, parameters, *__):
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plans.extend(row[3] for row in cursor.fetchall())

    event.listen(database.engine, "before_cursor_execute", explain)
    run_query(database, lambda db: find_activity(db, [ada.id], NOON))
    event.remove(database.engine, "before_cursor_execute", explain)
    assert any("audit_events_signed_in_idx" in line for line in plans), plans
    assert not any(line.startswith("SCAN") for line in plans), plans
