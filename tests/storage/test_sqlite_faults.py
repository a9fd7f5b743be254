"""A SQLite file on a full disk, or written by another process."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from backend.kernel.client import SYSTEM
from backend.storage.engine import DatabaseConflict, DatabaseUnavailable
from backend.storage.work import Work, run_query
from tests.rig.fixtures import ON_SQLITE
from tests.storage.conftest import count_rows, store_user

pytestmark = ON_SQLITE


@contextmanager
def full_disk() -> Iterator[None]:
    """This process may write to no file beyond its first 4 KB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def check_integrity(database) -> str:
    return run_query(database, lambda db: db.execute(text("PRAGMA integrity_check")).scalar_one())


def test_on_a_full_disk_writes_fail_reads_go_on_and_space_heals(database, work):
    for _ in range(20):
        store_user(work)
    assert count_rows(database, "users") == 20

    with full_disk():
        for _ in range(10):
            with pytest.raises(DatabaseUnavailable) as failure:
                store_user(work)
            assert not isinstance(failure.value, DatabaseConflict)
            assert count_rows(database, "users") == 20

    store_user(work)
    assert count_rows(database, "users") == 21
    assert check_integrity(database) == "ok"


def test_a_file_that_may_not_grow_fails_the_write_that_needs_it_and_nothing_else(database, work):
    store_user(work)
    with work() as mine:
        pages = mine.db.execute(text("PRAGMA page_count")).scalar_one()
        mine.db.execute(text(f"PRAGMA max_page_count = {pages}"))

    with pytest.raises(DatabaseUnavailable, match="full"), work() as mine:
        mine.db.execute(text("CREATE TABLE big AS SELECT zeroblob(1000000)"))

    store_user(work)  # on a writer connection of its own: the broken one was closed
    assert count_rows(database, "users") == 2
    assert check_integrity(database) == "ok"


@pytest.mark.usefixtures("short_timeouts")
def test_somebody_who_holds_the_file_delays_writes_and_never_reads(runtime, database, work, url):
    store_user(work)
    connection = sqlite3.connect(url.database)
    connection.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnavailable, match="locked"), Work(runtime, SYSTEM) as mine:
        mine.record(None)
    assert count_rows(database, "users") == 1

    connection.rollback()
    connection.close()
    store_user(work)


def test_an_acknowledged_write_is_on_the_disk(database, work):
    with work() as mine:
        assert mine.db.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL
        assert mine.db.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert mine.db.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_every_write_looks_at_what_others_did_before_it_begins(database, work, clock):
    clock.advance(seconds=1)
    store_user(work)
    assert database.last_poll[0] == clock.monotonic()


def test_what_a_backup_reads_does_not_look_like_a_change(database, work, url, tmp_path):
    store_user(work)
    assert database.poll_data_version(1)
    _, before = database.last_poll
    source, target = sqlite3.connect(url.database), sqlite3.connect(tmp_path / "copy")
    source.backup(target)
    source.close()
    target.close()
    store_user(work)
    assert database.poll_data_version(1)
    assert database.last_poll[1] == before
