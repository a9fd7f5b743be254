"""Which snapshot contains all acknowledged writes: only the last one of an orderly stop."""

import os
import shutil
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness
from backend.kernel.settings import Settings, SettingsError
from backend.storage import migrations
from backend.storage.migrations import HEAD
from backend.storage.opening.command import open_for_command
from backend.storage.snapshots.after_restore import find_latest_restore
from backend.storage.snapshots.restore import RestoreOutcome
from backend.storage.snapshots.store import snapshot_stores
from backend.storage.urls import sqlite_url
from backend.storage.work import Work, run_query
from tests.clocks import NOON
from tests.rig.processes import wait_until
from tests.storage.conftest import WorkEffects, build_runtime, store_session, store_user
from tests.storage.test_snapshots import Server, make_snapshot_settings, restore

MIGRATIONS = Path(migrations.__file__).parent


@pytest.fixture
def settings(tmp_path) -> Settings:
    return make_snapshot_settings(tmp_path / "data", tmp_path / "bucket")


def list_marks(settings: Settings) -> list[Path]:
    return sorted(settings.snapshot_dir.glob("*.complete"))


def count_sessions(server: Server) -> int:
    return run_query(
        server.database, lambda db: db.execute(text("SELECT count(*) FROM sessions")).scalar_one()
    )


def stop_orderly(settings: Settings) -> Server:
    """A server with a signed-in user that was stopped orderly; its disk is lost."""
    server = Server(settings)
    store_session(server.work, store_user(server.work))
    server.stop()
    server.lose_its_disk()
    return server


def test_an_orderly_end_is_marked_and_its_sessions_go_on(settings):
    stop_orderly(settings)
    assert len(list_marks(settings)) == 1

    restarted = Server(settings)
    assert restarted.restored is RestoreOutcome.COMPLETE
    assert count_sessions(restarted) == 1
    assert run_query(restarted.database, find_latest_restore) is None
    restarted.stop()
    restarted.lose_its_disk()

    assert restore(settings) is RestoreOutcome.COMPLETE, (
        "and so it may go on, restart after restart"
    )


def test_the_mark_is_withdrawn_before_the_next_run_writes_anything(settings):
    server = stop_orderly(settings)
    assert restore(settings) is RestoreOutcome.COMPLETE
    assert list_marks(settings) == []

    server.lose_its_disk()  # killed before it had written a line
    assert restore(settings) is RestoreOutcome.PARTIAL


def test_it_is_withdrawn_as_well_when_the_disk_was_not_lost(settings):
    server = Server(settings)
    server.stop()
    assert len(list_marks(settings)) == 1
    assert restore(settings) is RestoreOutcome.NOT_NEEDED
    assert list_marks(settings) == []
    server.lose_its_disk()


def test_without_the_mark_sessions_end_and_the_trail_says_what_came_back(settings):
    stop_orderly(settings)
    list_marks(settings)[0].unlink()  # killed after the snapshot, before the mark
    snapshot = sorted(settings.snapshot_dir.glob("*.db"))[-1]

    restarted = Server(settings)
    record = run_query(restarted.database, find_latest_restore)
    assert restarted.restored is RestoreOutcome.PARTIAL
    assert restarted.users() == 1
    assert count_sessions(restarted) == 0
    assert (record.accounts, record.sessions_ended, record.links_ended, record.damaged) == (
        1,
        1,
        0,
        0,
    )
    assert f"{record.as_of:%Y%m%dT%H%M%S%fZ}" in snapshot.name
    restarted.stop()


@pytest.mark.parametrize(
    "damage",
    [
        lambda mark: os.truncate(mark, mark.stat().st_size // 2),
        lambda mark: os.truncate(mark, 0),
        lambda mark: mark.write_bytes(b"\xff" * 60),
        lambda mark: mark.write_text(mark.read_text().replace("gatehouse-2", "gatehouse-3")),
    ],
    ids=["torn", "empty", "no text", "of another snapshot"],
)
def test_a_mark_that_is_not_whole_is_none(settings, damage):
    stop_orderly(settings)
    damage(list_marks(settings)[0])
    assert restore(settings) is RestoreOutcome.PARTIAL


def test_a_mark_that_cannot_be_withdrawn_is_named_in_one_line_and_nothing_starts(settings):
    stop_orderly(settings)
    (mark,) = list_marks(settings)
    mark.unlink()
    mark.mkdir()  # as little to be removed as on a read-only mount
    for _ in "the database is missing", "it is in its place":
        with pytest.raises(SettingsError, match="cannot be removed") as refusal:
            restore(settings)
        assert "\n" not in str(refusal.value)


def test_a_mark_says_nothing_about_an_older_snapshot(settings):
    server = Server(settings)
    store_session(server.work, store_user(server.work))
    wait_until(lambda: server.saved_users() == 1, "the snapshot")
    server.add_user()
    wait_until(lambda: server.saved_users() == 2, "the next one")
    server.stop()
    server.lose_its_disk()
    os.truncate(server.saved()[-1], 5000)

    restarted = Server(settings)
    record = run_query(restarted.database, find_latest_restore)
    assert restarted.restored is RestoreOutcome.PARTIAL
    assert (restarted.users(), count_sessions(restarted), record.damaged) == (1, 0, 1)
    restarted.stop()


def test_when_no_snapshot_is_sound_the_empty_database_says_so(settings):
    server = stop_orderly(settings)
    damaged = server.saved()
    for each in damaged:
        os.truncate(each, 5000)

    restarted = Server(settings)
    record = run_query(restarted.database, find_latest_restore)
    assert restarted.restored is RestoreOutcome.NOTHING_FOUND
    assert (record.as_of, record.accounts, record.damaged) == (None, 0, len(damaged))
    assert list_marks(settings) == []
    restarted.stop()


def test_a_copy_taken_to_another_space_is_not_complete_there(tmp_path, settings):
    here = settings.model_copy(update={"space_id": "ada/gatehouse"})
    server = Server(here)
    server.snapshots._space = here.space_id
    server.stop()
    there = make_snapshot_settings(tmp_path / "there", tmp_path / "bucket of another")
    there = there.model_copy(update={"space_id": "bob/gatehouse"})
    shutil.copytree(here.snapshot_dir, there.snapshot_dir)

    assert restore(there) is RestoreOutcome.PARTIAL
    server.lose_its_disk()
    assert restore(here) is RestoreOutcome.COMPLETE


def test_a_folder_that_was_away_at_the_start_loses_its_mark_with_the_next_snapshot(settings):
    server = Server(settings)
    server.stop()
    settings.snapshot_dir.rename(elsewhere := settings.snapshot_dir.with_name("elsewhere"))
    settings.snapshot_dir.write_text("not mounted")

    restarted = Server(settings)
    wait_until(lambda: restarted.snapshots.last_error is not None, "the report")
    settings.snapshot_dir.unlink()
    elsewhere.rename(settings.snapshot_dir)
    wait_until(lambda: list_marks(settings) == [], "the false mark to go")
    restarted.stop()


def test_a_last_snapshot_that_fails_leaves_no_mark(settings, monkeypatch):
    server = Server(settings)
    wait_until(lambda: server.saved_users() == 0, "the first snapshot")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("backend.storage.snapshots.store._write_through", full)
    server.add_user()
    server.stop()
    assert list_marks(settings) == []


def test_what_another_process_wrote_is_saved_too(settings):
    server = Server(settings)
    wait_until(lambda: server.saved_users() == 0, "the first snapshot")
    with open_for_command(settings, SystemClock(), SystemRandomness()) as database:
        runtime = build_runtime(database, SystemClock(), settings, WorkEffects())
        store_user(lambda: Work(runtime, None))
        wait_until(lambda: server.saved_users() == 1, "a snapshot of what the command wrote")
    server.stop()
    assert len(list_marks(settings)) == 1


def test_while_a_command_may_still_write_an_orderly_end_is_not_marked(settings):
    server = Server(settings)
    with open_for_command(settings, SystemClock(), SystemRandomness()):
        server.stop()
        assert list_marks(settings) == [], "the command is killed now, after one more write"
    assert len(list_marks(settings)) == 1, "it was not, and saved what it wrote"


def test_when_the_server_is_told_to_end_it_saves_at_once_and_has_nothing_left_to_do(settings):
    server = Server(settings, quiet=60, at_most_every=60)
    server.add_user()
    server.snapshots.save_now()
    wait_until(lambda: server.saved_users() == 1, "the snapshot, beside the answers in flight")
    before = server.saved()
    server.stop()
    assert server.saved() == before
    assert len(list_marks(settings)) == 1


def test_what_an_answer_in_flight_wrote_is_in_the_last_snapshot(settings):
    server = Server(settings, quiet=60, at_most_every=60)
    server.snapshots.save_now()
    wait_until(lambda: server.saved_users() == 0, "the snapshot")
    server.add_user()
    server.stop()
    assert server.saved_users() == 1
    assert len(list_marks(settings)) == 1


def test_a_command_without_a_server_withdraws_the_mark_and_saves_what_it_wrote(settings):
    server = stop_orderly(settings)
    with open_for_command(settings, SystemClock(), SystemRandomness()) as database:
        assert list_marks(settings) == [], "killed now, what it wrote would be missing"
        runtime = build_runtime(database, SystemClock(), settings, WorkEffects())
        store_user(lambda: Work(runtime, None))
    server.lose_its_disk()

    restarted = Server(settings)
    assert restarted.restored is RestoreOutcome.COMPLETE
    assert (restarted.users(), count_sessions(restarted)) == (2, 1)
    restarted.stop()


def test_a_snapshot_of_before_an_upgrade_is_brought_up_to_date_first(settings, tmp_path):
    old = tmp_path / "old.db"
    engine = create_engine(sqlite_url(old))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    snapshot_stores(settings.snapshot_dir)[0].add(old, NOON)
    settings.data_dir.mkdir()

    assert restore(settings) is RestoreOutcome.PARTIAL
    assert [each.name for each in settings.data_dir.glob("*.before-*")] == [
        f"gatehouse.db.before-{HEAD}"
    ]
    restarted = Server(settings)
    assert run_query(restarted.database, find_latest_restore).as_of == NOON
    restarted.stop()
