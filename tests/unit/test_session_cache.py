"""The cache of verified sessions."""

from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backend.features.sessions.cache import CurrentSession, SessionCache
from tests.make import make_entry


@pytest.fixture
def cache() -> SessionCache:
    return SessionCache(3)


def fill(cache: SessionCache, *entries: CurrentSession) -> None:
    for entry in entries:
        cache.fill(entry, cache.generation)


def test_what_was_filled_in_is_found(cache):
    entry = make_entry()
    fill(cache, entry)
    assert cache.get(entry.digest) is entry


def test_what_was_not_is_not(cache):
    assert cache.get(make_entry().digest) is None


def with_cookie(entry: CurrentSession, cookie: str) -> CurrentSession:
    entry.cookie = cookie
    return entry


def test_it_is_found_by_the_very_cookie_too_and_by_no_other(cache):
    entry = with_cookie(make_entry(), "token.signature")
    fill(cache, entry)
    assert cache.get_by_cookie("token.signature") is entry
    assert [cache.get_by_cookie(other) for other in ("token.signaturE", "token", "")] == [None] * 3


def test_what_goes_cannot_be_found_by_its_cookie_any_more(cache):
    gone = [with_cookie(make_entry(number, user=number), f"c{number}") for number in (1, 2, 3)]
    fill(cache, gone[0])
    cache.forget(UUID(int=1))
    fill(cache, gone[1])
    fill(cache, with_cookie(make_entry(2, user=2), "another way to write it"))
    fill(cache, gone[2])
    cache.forget(None)
    assert [cache.get_by_cookie(f"c{number}") for number in (1, 2, 3)] == [None] * 3
    assert cache.get_by_cookie("another way to write it") is None


def test_what_is_put_out_for_room_cannot_be_found_by_its_cookie(cache):
    fill(cache, *(with_cookie(make_entry(number), f"c{number}") for number in range(1, 8)))
    numbers = [number for number in range(1, 8) if cache.get_by_cookie(f"c{number}")]
    assert len(numbers) == len(cache) == 3


def test_a_forgotten_user_takes_all_his_sessions_with_him(cache):
    mine, mine_too, yours = make_entry(1), make_entry(2), make_entry(3, user=2)
    fill(cache, mine, mine_too, yours)
    cache.forget(UUID(int=1))
    entries = [cache.get(each.digest) for each in (mine, mine_too, yours)]
    assert entries == [None, None, yours]


def test_forgetting_everyone_empties_it(cache):
    fill(cache, make_entry(1), make_entry(2, user=2))
    cache.forget(None)
    assert len(cache) == 0


def test_several_users_are_forgotten_at_once(cache):
    fill(cache, make_entry(1), make_entry(2, user=2), make_entry(3, user=3))
    cache.forget_all({UUID(int=1), UUID(int=3)})
    assert len(cache) == 1


@pytest.mark.parametrize("user_id", [None, UUID(int=1), UUID(int=99)])
def test_a_row_read_before_something_was_forgotten_is_thrown_away(cache, user_id):
    generation = cache.generation
    cache.forget(user_id)
    cache.fill(make_entry(), generation)
    assert len(cache) == 0


def test_forgetting_nobody_throws_nothing_away(cache):
    generation = cache.generation
    cache.forget_all(set())
    cache.fill(make_entry(), generation)
    assert len(cache) == 1


def test_a_newer_row_replaces_the_older(cache):
    old, new = make_entry(1), make_entry(1)
    fill(cache, old, new)
    assert cache.get(new.digest) is new
    assert len(cache) == 1


def test_it_never_holds_more_than_its_size(cache):
    fill(cache, *(make_entry(number) for number in range(1, 20)))
    assert len(cache) == 3


def test_one_of_size_zero_holds_nothing():
    cache = SessionCache(0)
    fill(cache, make_entry())
    assert len(cache) == 0


def test_what_was_used_has_a_second_chance(cache):
    entries = [make_entry(number) for number in range(1, 5)]
    fill(cache, *entries[:3])
    for entry in entries[:3]:
        entry.recently_used = False
    cache.get(entries[0].digest)
    fill(cache, entries[3])
    kept = [entry.digest for entry in entries if cache.get(entry.digest)]
    assert kept == [entries[0].digest, entries[2].digest, entries[3].digest]


def test_a_second_chance_is_not_a_third(cache):
    entries = [make_entry(number) for number in range(1, 8)]
    fill(cache, *entries[:3])
    cache.get(entries[0].digest)
    fill(cache, *entries[3:])
    assert cache.get(entries[0].digest) is None


def test_an_evicted_session_leaves_nothing_of_its_user(cache):
    fill(cache, *(make_entry(number, user=number) for number in range(1, 50)))
    assert len(cache._by_user) == 3
    cache.forget(None)
    assert (len(cache._by_user), len(cache)) == (0, 0)


USERS, SESSIONS = st.integers(1, 3), st.integers(1, 6)


class NeverServesTheDead(RuleBasedStateMachine):
    """A database of live sessions, readers who read a row and fill it in later, and revocations.

    Sessions 1 and 4 are user 1's, 2 and 5 user 2's, 3 and 6 user 3's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cache = SessionCache(4)
        self.alive: set[int] = set()
        self.reading: list[tuple[int, int]] = []

    @rule(number=SESSIONS)
    def sign_in(self, number: int) -> None:
        self.alive.add(number)

    @rule(number=SESSIONS)
    def read_row(self, number: int) -> None:
        generation = self.cache.generation
        if number in self.alive:
            self.reading.append((number, generation))

    @precondition(lambda self: self.reading)
    @rule(data=st.data())
    def fill_in(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.reading) - 1))
        number, generation = self.reading.pop(index)
        self.cache.fill(make_entry(number, user=(number - 1) % 3 + 1), generation)

    @rule(number=SESSIONS)
    def revoke(self, number: int) -> None:
        self.alive.discard(number)
        self.cache.forget_all({UUID(int=(number - 1) % 3 + 1)})

    @rule(user=USERS)
    def revoke_all_of_a_user(self, user: int) -> None:
        self.alive -= {user, user + 3}
        self.cache.forget(UUID(int=user))

    @rule()
    def lose_touch(self) -> None:
        self.cache.forget(None)

    @invariant()
    def only_the_living_are_served(self) -> None:
        served = {n for n in range(1, 7) if self.cache.get(make_entry(n).digest)}
        assert served <= self.alive
        assert len(self.cache) <= 4


TestNeverServesTheDead = NeverServesTheDead.TestCase
TestNeverServesTheDead.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
