"""A SQLite file that is removed, replaced or overwritten while the server runs."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.kernel.client import SYSTEM
from backend.storage.engine import Database, DatabaseUnavailable
from backend.storage.errors import Fault
from backend.storage.queries import users
from backend.storage.work import Work, run_query
from tests.rig.fixtures import ON_SQLITE
from tests.storage.conftest import count_rows, make_new_user, store_user

pytestmark = ON_SQLITE


@pytest.fixture
def file(url) -> Path:
    return Path(url.database)


def backup(file: Path, to: Path) -> Path:
    with closing(sqlite3.connect(file)) as source:
        source.execute(f"VACUUM INTO '{to}'")
    return to


def collect_faults(database: Database, work) -> set[Fault]:
    """The faults of a read, a write and a poll of the change feed."""
    faults = set()
    for function in (lambda: count_rows(database, "users"), lambda: store_user(work)):
        with pytest.raises(DatabaseUnavailable) as failure:
            function()
        faults.add(failure.value.fault)
    with pytest.raises(DatabaseUnavailable) as failure:
        database.poll_data_version(1)
    return faults | {failure.value.fault}


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_removed_file_takes_no_write_and_answers_no_read(file, database, work, suffix):
    store_user(work)
    file.with_name(file.name + suffix).unlink()
    assert collect_faults(database, work) == {Fault.REPLACED}


def test_a_file_that_another_was_moved_over_is_not_used(file, database, work, tmp_path):
    store_user(work)
    backup(file, tmp_path / "backup.db").replace(file)
    assert collect_faults(database, work) == {Fault.REPLACED}


def test_what_is_committed_into_a_file_that_is_gone_is_not_acknowledged(file, runtime, work):
    store_user(work)
    with pytest.raises(DatabaseUnavailable) as failure, Work(runtime, SYSTEM) as mine:
        users.insert(mine.db, make_new_user(), None)
        file.unlink()
    assert failure.value.fault is Fault.REPLACED


def test_a_folder_that_comes_back_is_used_again(file, database, work, tmp_path):
    store_user(work)
    folder = file.parent
    aside = folder.with_name("aside")
    os.rename(folder, aside)
    assert collect_faults(database, work) == {Fault.REPLACED}
    os.rename(aside, folder)
    store_user(work)
    assert count_rows(database, "users") == 2


def test_a_backup_moved_over_is_whole_after_an_end_by_force(file, database, work, tmp_path):
    """The log of the old file, left beside the new one, would be replayed into it."""
    store_user(work)
    backup_file = backup(file, tmp_path / "backup.db")
    for _ in range(50):
        store_user(work)
    backup_file.replace(file)
    assert collect_faults(database, work) == {Fault.REPLACED}

    copy = shutil.copytree(file.parent, tmp_path / "killed") / file.name
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


@pytest.mark.parametrize("first", ["a read", "a write"])
def test_a_log_that_was_removed_takes_nothing_along(file, database, work, tmp_path, first):
    for _ in range(50):
        store_user(work)
    file.with_name(f"{file.name}-wal").unlink()
    with pytest.raises(DatabaseUnavailable):
        count_rows(database, "users") if first == "a read" else store_user(work)

    copy = shutil.copytree(file.parent, tmp_path / "killed") / file.name
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (50,)


def write_over(file: Path) -> None:
    """Overwrite everything after the first page."""
    size = file.stat().st_size
    with file.open("r+b") as spoiled:
        spoiled.seek(4096)
        spoiled.write(b"x" * (size - 4096))


def cut_short(file: Path) -> None:
    """Leave half of the file."""
    os.truncate(file, file.stat().st_size // 2)


def clear(file: Path) -> None:
    """Leave an empty file, as `> gatehouse.db` in a shell does."""
    os.truncate(file, 0)


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize("spoil", [write_over, cut_short, clear])
def test_a_file_that_somebody_writes_over_is_refused(file, database, work, spoil):
    store_user(work)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(file)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable) as failure:
            store_user(work)
        assert failure.value.fault is Fault.DAMAGED
    with pytest.raises(DatabaseUnavailable, match="is damaged"):
        count_rows(database, "users")


def test_a_checkpoint_by_hand_is_no_damage(file, database, work):
    store_user(work)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store_user(work)
    assert count_rows(database, "users") == 2


def test_a_file_written_over_with_what_is_sound_is_used_once_it_was_examined(file, database, work):
    store_user(work)
    version = database.last_poll[1]
    os.utime(file)
    with pytest.raises(DatabaseUnavailable):
        database.poll_data_version(1)
    store_user(work)
    assert count_rows(database, "users") == 2
    assert database.last_poll[1] != version  # so that what was remembered is forgotten


def test_an_import_beside_the_server_is_not_suspected(file, database, work):
    store_user(work)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE big AS SELECT zeroblob(9000000) AS bytes")
        connection.commit()
    store_user(work)
    assert database.poll_data_version(1)


def test_missing_tables_are_unavailable_and_a_wrong_statement_is_our_mistake(database, work):
    with pytest.raises(DatabaseUnavailable) as failure:
        count_rows(database, "nowhere")
    assert failure.value.fault is Fault.UNUSABLE
    with pytest.raises(Exception, match="syntax error") as mistake:
        run_query(database, lambda db: db.execute(text("SELEC")))
    assert not isinstance(mistake.value, DatabaseUnavailable)
