"""Sessions, on every database."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.queries import sessions
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.storage.conftest import (
    count_rows,
    digest_of,
    make_new_session,
    make_new_user,
    store_session,
    store_user,
)

LATER = NOON + timedelta(hours=1)
UNKNOWN = TokenDigest(bytes(32))


def find(database, session):
    return run_query(database, lambda db: sessions.find_with_user(db, digest_of(session)))


def test_a_session_comes_back_exactly_as_stored_with_its_user(work, database):
    user = store_user(work)
    session = store_session(
        work, user, user_agent="a 🐟 'quoted' agent", impersonated_by=UUID(int=5), remembered=False
    )
    assert find(database, session) == SessionWithUser(session, user)


def test_an_expired_session_is_found_too_for_its_caller_to_judge(work, database):
    session = store_session(work, store_user(work), expires_at=NOON - timedelta(days=1))
    assert find(database, session).session == session


def test_an_unknown_digest_finds_nothing(database):
    assert run_query(database, lambda db: sessions.find_with_user(db, UNKNOWN)) is None


def test_several_are_found_in_one_statement_each_by_its_own_digest(work, database):
    stored = [store_session(work, store_user(work)) for _ in range(3)]
    digests = [UNKNOWN, *map(digest_of, stored)]
    entries = run_query(database, lambda db: sessions.find_all_with_user(db, digests))
    assert {digest: each.session for digest, each in entries.items()} == {
        digest_of(each): each for each in stored
    }
    assert [entries[digest_of(each)].user.id for each in stored] == [
        each.user_id for each in stored
    ]
    assert run_query(database, lambda db: sessions.find_all_with_user(db, [])) == {}


def test_two_sessions_never_share_a_token(work):
    user = store_user(work)
    first = store_session(work, user)
    with pytest.raises(IntegrityError), work() as mine:
        sessions.insert(mine.db, make_new_session(user), digest_of(first))


def test_a_session_of_nobody_is_refused(work):
    session = make_new_session(make_new_user())
    with pytest.raises(IntegrityError), work() as mine:
        sessions.insert(mine.db, session, digest_of(session))


def test_the_live_sessions_of_a_user_are_listed_newest_first(work, database):
    user = store_user(work)
    older, newer = store_session(work, user), store_session(work, user)
    store_session(work, user, expires_at=NOON)  # has just ended
    store_session(work, user, impersonated_by=UUID(int=5))
    store_session(work, store_user(work))

    assert run_query(database, lambda db: sessions.list_live(db, user.id, NOON)) == [newer, older]


def test_prolonging_moves_the_end_and_tells(work, database, effects):
    session = store_session(work, store_user(work))
    end = LATER + timedelta(days=7)

    with work() as mine:
        assert sessions.update_expiry(mine.db, session, end, LATER)

    prolonged = find(database, session).session
    assert (prolonged.expires_at, prolonged.updated_at) == (end, LATER)
    assert effects.forgotten[-1] == {session.user_id}


def test_what_was_ended_or_has_expired_is_not_prolonged(work):
    user = store_user(work)
    expired, ended = store_session(work, user, expires_at=LATER), store_session(work, user)
    with work() as mine:
        sessions.delete_by_id(mine.db, ended.id, user.id)

    with work() as mine:
        assert not sessions.update_expiry(mine.db, expired, LATER + timedelta(days=7), LATER)
        assert not sessions.update_expiry(mine.db, ended, LATER + timedelta(days=7), NOON)


def test_a_session_ends_by_its_token(work, database, effects):
    session = store_session(work, store_user(work))

    with work() as mine:
        assert sessions.delete_by_digest(mine.db, digest_of(session)) == session

    assert find(database, session) is None
    assert effects.forgotten[-1] == {session.user_id}


def test_a_token_that_is_not_mine_ends_nothing(work, database, effects):
    session, me = store_session(work, store_user(work)), store_user(work)

    with work() as mine:
        assert sessions.delete_by_digest(mine.db, digest_of(session), me.id) is None
        assert sessions.delete_by_digest(mine.db, UNKNOWN) is None

    assert find(database, session) is not None
    assert effects.forgotten[-1] == set()


def test_a_session_ends_by_its_id_if_it_is_mine(work, database, effects):
    session, stranger = store_session(work, store_user(work)), store_user(work)

    with work() as mine:
        assert sessions.delete_by_id(mine.db, session.id, stranger.id) is None
    assert find(database, session) is not None

    with work() as mine:
        assert sessions.delete_by_id(mine.db, session.id, session.user_id) == session
    assert find(database, session) is None
    assert effects.forgotten[-1] == {session.user_id}


def test_all_sessions_of_a_user_end_but_the_one_that_is_kept(work, database, effects):
    user, other = store_user(work), store_user(work)
    kept, *_ = [store_session(work, user) for _ in range(3)]
    others = store_session(work, other)

    with work() as mine:
        assert sessions.delete_all(mine.db, user.id, except_id=kept.id) == 2
    assert effects.forgotten[-1] == {user.id}
    assert run_query(database, lambda db: sessions.list_live(db, user.id, NOON)) == [kept]

    with work() as mine:
        assert sessions.delete_all(mine.db, user.id) == 1
    assert run_query(database, lambda db: sessions.list_live(db, user.id, NOON)) == []
    assert find(database, others) is not None


def test_the_oldest_sessions_beyond_the_limit_end(work, database, effects):
    user = store_user(work)
    _, _, third, fourth = [store_session(work, user) for _ in range(4)]

    with work() as mine:
        assert sessions.delete_over_limit(mine.db, user.id, 2, except_id=fourth.id) == 2

    assert run_query(database, lambda db: sessions.list_live(db, user.id, NOON)) == [fourth, third]
    assert effects.forgotten[-1] == {user.id}


def test_a_session_made_by_a_clock_that_is_behind_is_not_the_one_that_ends(work, database):
    user = store_user(work)
    made, _, newest = [store_session(work, user) for _ in range(3)]

    with work() as mine:
        assert sessions.delete_over_limit(mine.db, user.id, 2, except_id=made.id) == 1

    assert run_query(database, lambda db: sessions.list_live(db, user.id, NOON)) == [newest, made]


def test_nothing_beyond_the_limit_ends_nothing_and_tells_nobody(work, effects):
    user = store_user(work)
    only = store_session(work, user)

    with work() as mine:
        assert sessions.delete_over_limit(mine.db, user.id, 1, except_id=only.id) == 0

    assert effects.forgotten[-1] == set()


def test_the_sessions_of_a_removed_user_go_with_them(work, database, effects):
    user = store_user(work)
    store_session(work, user)
    with work() as mine:
        mine.db.execute(sessions.users.delete().where(sessions.users.c.id == user.id))
    assert count_rows(database, "sessions") == 0
