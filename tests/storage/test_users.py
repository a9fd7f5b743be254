"""Users, on every database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from backend.storage.queries import users
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.storage.conftest import make_new_user, store_user

NOBODY_HAS_THIS = UUID(int=1)


def test_a_user_comes_back_exactly_as_stored(work, database):
    known = make_new_user(
        email="ünï@example.com",
        email_verified=True,
        name="Zoë 🐟 O'Neill; DROP TABLE users --",
        image="https://example.com/a.png",
        role="user,admin",
        banned=True,
        ban_reason="said %s and :name",
        ban_expires=NOON + timedelta(microseconds=1),
    )
    with work() as mine:
        assert users.insert(mine.db, known, "a hash")

    record = run_query(database, lambda db: users.find_with_hash(db, "ünï@example.com"))

    assert record == users.UserWithHash(known, "a hash")
    assert record.user.roles == {"user", "admin"}
    assert record.user.ban_expires.tzinfo is UTC


def test_a_time_of_another_zone_comes_back_as_the_same_moment_in_utc(work, database):
    created_at = datetime(1969, 7, 20, 22, 17, 40, 1, tzinfo=timezone(timedelta(hours=2)))
    user = store_user(work, created_at=created_at)

    record = run_query(database, lambda db: users.find_with_hash(db, user.email))

    assert record.user.created_at == created_at
    assert record.user.created_at.isoformat() == "1969-07-20T20:17:40.000001+00:00"


def test_an_unknown_address_finds_nobody(database):
    assert run_query(database, lambda db: users.find_with_hash(db, "nobody@example.com")) is None
    assert not run_query(database, lambda db: users.email_exists(db, "nobody@example.com"))


def test_a_taken_address_is_told_and_takes_no_second_user(work, database):
    first = store_user(work)

    with work() as mine:
        assert users.email_exists(mine.db, first.email)
        assert not users.insert(mine.db, make_new_user(email=first.email), "other hash")

    record = run_query(database, lambda db: users.find_with_hash(db, first.email))
    assert record == users.UserWithHash(first, "hash")


def test_of_many_who_take_one_address_at_once_exactly_one_gets_it(work):
    def take(_):
        with work() as mine:
            return users.insert(mine.db, make_new_user(email="wanted@example.com"), None)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(40))) == 1


def test_a_profile_change_gives_the_user_as_they_are_afterwards(work, effects):
    user = store_user(work)
    later = NOON + timedelta(seconds=1)

    with work() as mine:
        changed = users.update_profile(
            mine.db, user.id, {"name": "New", "image": "https://example.com/b.png"}, later
        )

    assert (changed.name, changed.image) == ("New", "https://example.com/b.png")
    assert (changed.updated_at, changed.created_at) == (later, NOON)
    assert effects.forgotten[-1] == {user.id}


def test_a_profile_change_of_nobody_finds_nobody(work):
    with work() as mine:
        changed = users.update_profile(mine.db, NOBODY_HAS_THIS, {"name": "x"}, NOON)
    assert changed is None


def test_a_stronger_hash_replaces_only_the_one_that_was_checked(work, database):
    user = store_user(work, "old")

    with work() as mine:
        assert users.replace_password_hash(mine.db, user.id, "old", "stronger")
    with work() as mine:
        assert not users.replace_password_hash(mine.db, user.id, "old", "from a slower sign-in")

    record = run_query(database, lambda db: users.find_with_hash(db, user.email))
    assert record.password_hash == "stronger"


@pytest.mark.parametrize(("checked_hash", "is_let_in"), [("hash", True), ("a changed one", False)])
def test_a_password_that_changed_while_it_was_checked_lets_nobody_in(work, checked_hash, is_let_in):
    user = store_user(work, "hash")
    with work() as mine:
        locked = users.lock_if_password_unchanged(mine.db, user.id, checked_hash)
    assert locked == (user if is_let_in else None)
