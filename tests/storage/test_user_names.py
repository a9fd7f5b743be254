"""User names, on every database."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.kernel.events import Event, EventKind
from backend.storage.errors import DatabaseConflict
from backend.storage.queries import user_names, users
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.storage.conftest import make_new_user, store_user


def test_a_user_is_found_by_their_name(work, database):
    user = store_user(work, username="ada_l", display_username="Ada_L")
    assert run_query(database, lambda db: user_names.find_with_hash(db, "ada_l")) == (
        users.UserWithHash(user, "hash")
    )
    assert run_query(database, lambda db: user_names.find_with_hash(db, "ada")) is None
    assert run_query(database, lambda db: user_names.is_taken(db, "ada_l"))
    assert not run_query(database, lambda db: user_names.is_taken(db, "ada_l", except_id=user.id))


def test_any_number_of_users_have_no_name(work):
    for _ in range(3):
        store_user(work)


def insert(mine, _):
    users.insert(mine.db, make_new_user(username="wanted"), None)


def change(mine, user):
    users.update_profile(mine.db, user.id, {"username": "wanted"}, NOON)


def change_with_an_event(mine, user):
    """As `update-user`, in one message with the event: PostgreSQL refuses it at COMMIT."""
    event = Event(EventKind.USER_UPDATED, user.id, user.id)
    mine.record(event, users.build_profile_change(user.id, {"username": "wanted"}, NOON))


def verify(mine, user):
    users.verify_email(mine.db, user.id, user.email, {"username": "wanted"}, NOON)


@pytest.mark.parametrize("take", [insert, change, change_with_an_event, verify])
def test_a_taken_name_is_a_conflict_and_nothing_is_stored(work, database, take):
    store_user(work, username="wanted")
    user = store_user(work)
    before = run_query(database, users.count)

    with pytest.raises(DatabaseConflict), work() as mine:
        take(mine, user)

    assert run_query(database, lambda db: users.find(db, user.id)) == user
    assert run_query(database, users.count) == before


@pytest.mark.parametrize("take", [insert, change, change_with_an_event, verify])
def test_of_many_who_take_one_name_at_once_exactly_one_gets_it(work, take):
    people = [store_user(work) for _ in range(20)]

    def try_to_take(user):
        try:
            with work() as mine:
                take(mine, user)
        except DatabaseConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(try_to_take, people)) == 1


def test_a_taken_address_is_not_mistaken_for_a_taken_name(work):
    first = store_user(work, username="wanted")
    with work() as mine:
        twin = make_new_user(email=first.email, username="wanted")
        assert not users.insert(mine.db, twin, None)
