"""Which changes the triggers notify, as received by another client."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg2
import pytest

from backend.storage.queries import sessions, users
from backend.storage.work import Work
from tests.clocks import NOON
from tests.rig.fixtures import ON_POSTGRESQL
from tests.storage.conftest import digest_of, stored_session, stored_user

pytestmark = ON_POSTGRESQL


@pytest.fixture
def notified(postgres_url: str, psql) -> Iterator[Callable[[], list[str]]]:
    """Returns the notifications since the last call."""
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("LISTEN gatehouse_forget")

    def since() -> list[str]:
        psql("NOTIFY gatehouse_forget, 'so far'")
        messages: list[str] = []
        while "so far" not in messages:
            cursor.execute("SELECT 1")
            messages += [each.payload for each in connection.notifies]
            connection.notifies.clear()
        return messages[:-1]

    yield since
    connection.close()


def live_session(work, user, **overrides):
    return stored_session(work, user, **{"expires_at": NOON + timedelta(days=7), **overrides})


def test_what_no_cache_can_hold_yet_tells_nobody(work, notified):
    live_session(work, stored_user(work))
    assert notified() == []


def test_prolonging_tells_nobody(work, notified):
    session = live_session(work, stored_user(work))
    notified()
    with work() as mine:
        assert sessions.update_expiry(
            mine.db, session, NOON + timedelta(days=7) + timedelta(days=1), NOON
        )
    assert notified() == []


def test_ending_a_session_tells_whose_it_was(work, notified):
    user = stored_user(work)
    session = live_session(work, user)
    with work() as mine:
        sessions.delete_by_digest(mine.db, digest_of(session))
    assert notified() == [str(user.id)]


def test_nothing_is_told_before_the_commit_and_nothing_after_a_rollback(work, notified):
    session = live_session(work, stored_user(work))
    mine: Work = work()
    sessions.delete_by_digest(mine.db, digest_of(session))
    assert notified() == []
    mine.__exit__(RuntimeError, None, None)
    assert notified() == []


def test_ending_a_session_tells_although_it_has_expired_by_the_databases_clock(work, notified):
    """A server whose clock is behind honours it until it is notified."""
    user = stored_user(work)
    session = live_session(work, user, expires_at=NOON - timedelta(days=300))
    with work() as mine:
        sessions.delete_by_digest(mine.db, digest_of(session))
    assert notified() == [str(user.id)]


def test_ending_many_sessions_tells_once_for_each_user(work, notified):
    alice, bob = stored_user(work), stored_user(work)
    for _ in range(50):
        live_session(work, alice)
        live_session(work, bob)
    notified()
    with work() as mine:
        sessions.delete_all(mine.db, alice.id)
        sessions.delete_all(mine.db, bob.id)
    assert sorted(notified()) == sorted([str(alice.id), str(bob.id)])


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
def test_a_session_changed_by_hand_tells(work, notified, psql, change):
    user = stored_user(work)
    live_session(work, user)
    psql(f"UPDATE sessions SET {change}")
    assert notified() == [str(user.id)]


def test_a_session_given_to_another_user_tells_the_one_it_was_taken_from(work, notified, psql):
    user, other = stored_user(work), stored_user(work)
    live_session(work, user)
    psql(f"UPDATE sessions SET user_id = '{other.id}'")
    assert notified() == [str(user.id)]


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
def test_a_user_changed_by_hand_tells(work, notified, psql, change):
    user = stored_user(work)
    psql(f"UPDATE users SET {change}")
    assert notified() == [str(user.id)]


@pytest.mark.parametrize("change", ["password_hash = 'x'", "updated_at = now()", "name = name"])
def test_what_a_request_never_sees_of_a_user_tells_nobody(work, notified, psql, change):
    stored_user(work)
    psql(f"UPDATE users SET {change}")
    assert notified() == []


def test_a_removed_user_tells_once_sessions_included(work, notified, psql):
    user = stored_user(work)
    live_session(work, user)
    live_session(work, user)
    psql("DELETE FROM users")
    assert notified() == [str(user.id)]


@pytest.mark.parametrize("tables", ["sessions", "users CASCADE"])
def test_truncate_tells_everyone(work, notified, psql, tables):
    live_session(work, stored_user(work))
    psql(f"TRUNCATE {tables}")
    assert notified() == ["*"]


def test_a_profile_change_of_ours_tells(work, notified):
    user = stored_user(work)
    with work() as mine:
        users.update_profile(mine.db, user.id, {"name": "new"}, NOON)
    assert notified() == [str(user.id)]
