"""When nothing is cached: disabled triggers and read-only servers."""

import pytest

from tests.storage.conftest import store_user
from tests.storage.test_change_feed import (
    ON_A_SERVER,
    ON_POSTGRESQL,
    anyio_backend,
    clock,
    forgotten,
    listener,
    poll_until,
    run_feed,
)

__all__ = ["anyio_backend", "clock", "forgotten", "listener"]  # fixtures
pytestmark = pytest.mark.anyio


@ON_A_SERVER
@pytest.mark.parametrize(
    ("off", "on"),
    [
        (
            "ALTER TABLE sessions DISABLE TRIGGER gatehouse_session_ended",
            "ALTER TABLE sessions ENABLE ALWAYS TRIGGER gatehouse_session_ended",
        ),
        (
            "ALTER TABLE users DISABLE TRIGGER ALL",
            "ALTER TABLE users ENABLE ALWAYS TRIGGER gatehouse_user_changed; "
            "ALTER TABLE users ENABLE ALWAYS TRIGGER gatehouse_user_removed; "
            "ALTER TABLE users ENABLE ALWAYS TRIGGER gatehouse_users_emptied",
        ),
    ],
)
async def test_nothing_is_proven_while_a_trigger_is_switched_off(
    database, settings, clock, forgotten, listener, off, on
):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        listener.execute(off)
        clock.advance(seconds=1.5)
        await poll_until(lambda: not feed.is_live(), "the end of the proof")
        assert "missing or switched off" in feed.state
        assert forgotten[-1] is None
        listener.execute(on)
        clock.advance(seconds=60)
        await poll_until(feed.is_live, "the next proof")


@ON_POSTGRESQL
async def test_a_change_by_a_replica_role_is_heard(
    database, settings, clock, forgotten, listener, work
):
    user = store_user(work)
    async with run_feed(database, settings, clock, forgotten.append):
        listener.execute("SET session_replication_role = replica")
        listener.execute("UPDATE users SET name = 'changed by a replica'")
        await poll_until(lambda: user.id in forgotten, "the change")


@ON_POSTGRESQL
async def test_nothing_is_proven_by_a_server_that_may_not_be_written_to(
    database, settings, clock, forgotten, listener, postgres, url
):
    async with run_feed(database, settings, clock, forgotten.append) as feed:
        postgres.execute(f"ALTER DATABASE {url.database} SET default_transaction_read_only = on")
        database.engine.dispose()
        clock.advance(seconds=1.5)
        await poll_until(lambda: not feed.is_live() and feed.state != "listening", "the verdict")
        assert feed.state == "bypassed: the database is read-only"
        postgres.execute(f"ALTER DATABASE {url.database} RESET default_transaction_read_only")
        clock.advance(seconds=60)
        await poll_until(feed.is_live, "the next proof")
