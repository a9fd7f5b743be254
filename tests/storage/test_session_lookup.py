"""Sessions looked up in batches: few statements, and each caller gets a row that is up to date."""

import asyncio
import threading

import pytest

from backend.features.sessions.lookup import SessionLookup
from backend.storage.engine import DatabaseUnavailable
from backend.storage.queries import sessions
from backend.web.app_context import Pools
from tests.storage.conftest import digest_of, store_session, store_user
from tests.storage.test_sessions import UNKNOWN

pytestmark = pytest.mark.anyio


class Statements:
    """The statements of a lookup. While it is shut, their results are held back."""

    def __init__(self) -> None:
        self.queried: list[set[bytes]] = []
        """The digests of each statement, once the database has answered it."""
        self.failing = False
        self._gate = threading.Event()
        self._gate.set()
        self._real = sessions.find_all_with_user

    def shut(self) -> None:
        self._gate.clear()

    def open(self) -> None:
        self._gate.set()

    def __call__(self, db, digests):
        rows = self._real(db, digests)
        self.queried.append(set(digests))
        assert self._gate.wait(10)
        if self.failing:
            raise DatabaseUnavailable("away")
        return rows


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def statements(monkeypatch):
    recorder = Statements()
    monkeypatch.setattr(sessions, "find_all_with_user", recorder)
    yield recorder
    recorder.open()


@pytest.fixture
def lookup(database, settings, statements):
    pools = Pools(settings)
    yield SessionLookup(database, pools)
    statements.open()
    pools.close()


async def poll_until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_a_single_caller_has_their_session_and_nobody_elses(lookup, work):
    ada, bob = (store_session(work, store_user(work)) for _ in range(2))
    assert (await lookup.find(digest_of(ada))).session == ada
    assert (await lookup.find(digest_of(bob))).session == bob
    assert await lookup.find(UNKNOWN) is None


async def test_a_thousand_callers_at_once_share_a_few_statements(lookup, work, statements):
    user = store_user(work)
    stored = [store_session(work, user) for _ in range(50)]
    entries = await asyncio.gather(*(lookup.find(digest_of(each)) for each in stored * 20))
    assert [each.session for each in entries] == stored * 20
    assert len(statements.queried) <= 12


async def test_no_more_than_two_statements_are_under_way(lookup, statements):
    statements.shut()
    tasks = [asyncio.create_task(lookup.find(UNKNOWN)) for _ in range(2)]
    await poll_until(lambda: len(statements.queried) == 1)  # both came at once, and share one
    tasks.append(asyncio.create_task(lookup.find(UNKNOWN)))
    await poll_until(lambda: len(statements.queried) == 2)
    tasks += [asyncio.create_task(lookup.find(UNKNOWN)) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(statements.queried) == 2
    statements.open()
    assert await asyncio.gather(*tasks) == [None] * 8


async def test_who_asks_after_a_session_has_ended_is_not_told_what_was_read_before(
    lookup, work, statements
):
    session = store_session(work, store_user(work))
    statements.shut()
    early = asyncio.create_task(lookup.find(digest_of(session)))
    await poll_until(lambda: len(statements.queried) == 1)
    with work() as ending:
        sessions.delete_by_id(ending.db, session.id)
    late = asyncio.create_task(lookup.find(digest_of(session)))
    await asyncio.sleep(0)
    statements.open()
    assert await late is None
    assert (await early).session == session  # its statement had begun before the end


async def test_when_the_database_is_away_all_who_asked_hear_it_and_the_next_is_tried(
    lookup, work, statements
):
    session = store_session(work, store_user(work))
    statements.failing = True
    results = await asyncio.gather(
        *(lookup.find(digest_of(session)) for _ in range(5)), return_exceptions=True
    )
    assert [type(each) for each in results] == [DatabaseUnavailable] * 5
    statements.failing = False
    assert (await lookup.find(digest_of(session))).session == session


async def test_a_caller_who_gives_up_takes_nothing_from_the_others(lookup, work, statements):
    session = store_session(work, store_user(work))
    statements.shut()
    hasty, patient = (asyncio.create_task(lookup.find(digest_of(session))) for _ in range(2))
    await poll_until(lambda: len(statements.queried) == 1)
    hasty.cancel()
    statements.open()
    assert (await patient).session == session
    assert (await lookup.find(digest_of(session))).session == session


@pytest.mark.parametrize("max_statements", [1, 2])
async def test_whoever_asks_just_when_a_read_ends_is_not_left_waiting(
    lookup, monkeypatch, max_statements
):
    """Callers run before the end of a read is noticed: their next request must start another."""
    monkeypatch.setattr("backend.features.sessions.lookup._MAX_STATEMENTS", max_statements)

    async def ask_again_and_again() -> None:
        for _ in range(5):
            assert await lookup.find(UNKNOWN) is None

    async with asyncio.timeout(30):
        await asyncio.gather(*(ask_again_and_again() for _ in range(max_statements)))
