"""Which changes the triggers notify, as received by another client."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg2
import pytest

from backend.storage.queries import sessions, users
from backend.storage.work import Work
from tests.clocks import NOON
from tests.rig.fixtures import ON_POSTGRESQL
from tests.storage.conftest import digest_of, store_session, store_user

pytestmark = ON_POSTGRESQL


@pytest.fixture
def read_notifications(postgres_url: str, psql) -> Iterator[Callable[[], list[str]]]:
    """Returns the notifications since the last call."""
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("LISTEN gatehouse_forget")

    def read_new() -> list[str]:
        psql("NOTIFY gatehouse_forget, 'so far'")
        messages: list[str] = []
        while "so far" not in messages:
            cursor.execute("SELECT 1")
            messages += [each.payload for each in connection.notifies]
            connection.notifies.clear()
        return messages[:-1]

    yield read_new
    connection.close()


def store_live_session(work, user, **overrides):
    return store_session(work, user, **{"expires_at": NOON + timedelta(days=7), **overrides})


def test_what_no_cache_can_hold_yet_tells_nobody(work, read_notifications):
    store_live_session(work, store_user(work))
    assert read_notifications() == []


def test_prolonging_tells_nobody(work, read_notifications):
    session = store_live_session(work, store_user(work))
    read_notifications()
    with work() as mine:
        assert sessions.update_expiry(
            mine.db, session, NOON + timedelta(days=7) + timedelta(days=1), NOON
        )
    assert read_notifications() == []


def test_ending_a_session_tells_whose_it_was(work, read_notifications):
    user = store_user(work)
    session = store_live_session(work, user)
    with work() as mine:
        sessions.delete_by_digest(mine.db, digest_of(session))
    assert read_notifications() == [str(user.id)]


def test_nothing_is_told_before_the_commit_and_nothing_after_a_rollback(work, read_notifications):
    session = store_live_session(work, store_user(work))
    mine: Work = work()
    sessions.delete_by_digest(mine.db, digest_of(session))
    assert read_notifications() == []
    mine.__exit__(RuntimeError, None, None)
    assert read_notifications() == []


def test_ending_a_session_tells_although_it_has_expired_by_the_databases_clock(
    work, read_notifications
):
    """A server whose clock is behind honours it until it is notified."""
    user = store_user(work)
    session = store_live_session(work, user, expires_at=NOON - timedelta(days=300))
    with work() as mine:
        sessions.delete_by_digest(mine.db, digest_of(session))
    assert read_notifications() == [str(user.id)]


def test_ending_many_sessions_tells_once_for_each_user(work, read_notifications):
    alice, bob = store_user(work), store_user(work)
    for _ in range(50):
        store_live_session(work, alice)
        store_live_session(work, bob)
    read_notifications()
    with work() as mine:
        sessions.delete_all(mine.db, alice.id)
        sessions.delete_all(mine.db, bob.id)
    assert sorted(read_notifications()) == sorted([str(alice.id), str(bob.id)])


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = expires_at - interval '1 second'",
        "session_token = decode(repeat('ab', 32), 'hex')",
        "remembered = false",
        "impersonated_by = id",
        "ip_address = '198.51.100.1'",
        "user_agent = 'another'",
        "created_at = created_at - interval '1 day'",
    ],
)
def test_a_session_changed_by_hand_tells(work, read_notifications, psql, change):
    user = store_user(work)
    store_live_session(work, user)
    psql(f"UPDATE sessions SET {change}")
    assert read_notifications() == [str(user.id)]


def test_a_session_given_to_another_user_tells_the_one_it_was_taken_from(
    work, read_notifications, psql
):
    user, other = store_user(work), store_user(work)
    store_live_session(work, user)
    psql(f"UPDATE sessions SET user_id = '{other.id}'")
    assert read_notifications() == [str(user.id)]


@pytest.mark.parametrize(
    "change",
    [
        "banned = true",
        "role = 'admin'",
        "email = 'new@example.com'",
        "email_verified = true",
        "name = 'new'",
        "image = 'https://example.com/x.png'",
        "ban_expires = now()",
    ],
)
def test_a_user_changed_by_hand_tells(work, read_notifications, psql, change):
    user = store_user(work)
    psql(f"UPDATE users SET {change}")
    assert read_notifications() == [str(user.id)]


@pytest.mark.parametrize("change", ["password_hash = 'x'", "updated_at = now()", "name = name"])
def test_what_a_request_never_sees_of_a_user_tells_nobody(work, read_notifications, psql, change):
    store_user(work)
    psql(f"UPDATE users SET {change}")
    assert read_notifications() == []


def test_a_removed_user_tells_once_sessions_included(work, read_notifications, psql):
    user = store_user(work)
    store_live_session(work, user)
    store_live_session(work, user)
    psql("DELETE FROM users")
    assert read_notifications() == [str(user.id)]


@pytest.mark.parametrize("tables", ["sessions", "users CASCADE"])
def test_truncate_tells_everyone(work, read_notifications, psql, tables):
    store_live_session(work, store_user(work))
    psql(f"TRUNCATE {tables}")
    assert read_notifications() == ["*"]


def test_a_profile_change_of_ours_tells(work, read_notifications):
    user = store_user(work)
    with work() as mine:
        users.update_profile(mine.db, user.id, {"name": "new"}, NOON)
    assert read_notifications() == [str(user.id)]
