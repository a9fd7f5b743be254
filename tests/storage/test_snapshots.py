"""Snapshots of the SQLite file: taken after bursts, verified, restored, never torn."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text

from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness
from backend.kernel.settings import Settings, SettingsError
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.snapshots import store
from backend.storage.snapshots.restore import RestoreOutcome, restore_if_missing
from backend.storage.snapshots.snapshots import Snapshots, create_snapshots
from backend.storage.snapshots.store import Copy, snapshot_stores
from backend.storage.urls import sqlite_file, sqlite_url
from backend.storage.work import Work
from tests.make import make_settings
from tests.rig.fixtures import DatabaseTarget
from tests.rig.processes import wait_until
from tests.storage.conftest import WorkEffects, build_runtime, store_user

ROOT = Path(__file__).parents[2]


@pytest.fixture
def database_target(tmp_path) -> DatabaseTarget:
    return DatabaseTarget("sqlite", "")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return make_snapshot_settings(tmp_path / "data", tmp_path / "bucket" / "gatehouse")


def make_snapshot_settings(
    data: Path, snapshots: Path | None = None, key: str | None = None
) -> Settings:
    """Settings of a Space without DATABASE_URL; without `key` it generates one."""
    return make_settings(data, snapshot_dir=snapshots, secret_key=key)


def restore(settings: Settings) -> RestoreOutcome:
    return restore_if_missing(settings, SystemClock(), SystemRandomness())


class Server:
    """The part of a server that deals with snapshots."""

    def __init__(
        self, settings: Settings, *, quiet: float = 0.02, at_most_every: float = 0.1
    ) -> None:
        self.settings, self.file = settings, sqlite_file(settings)
        self.restored = restore(settings)
        url = sqlite_url(self.file)
        migrate(url)
        self.snapshots = Snapshots(
            self.file,
            settings.snapshot_dir,
            SystemClock(),
            key=settings.data_dir / "secret_key",
            quiet=quiet,
            at_most_every=at_most_every,
        )
        self.database = Database(url, SystemClock(), after_write=self.snapshots.note_write)
        self.runtime = build_runtime(self.database, SystemClock(), settings, WorkEffects())
        self.snapshots.start()

    def add_user(self, **overrides: object) -> None:
        store_user(self.work, **overrides)

    def work(self) -> Work:
        return Work(self.runtime, None)

    def users(self) -> int:
        db = self.database.read()
        count = db.execute(text("SELECT count(*) FROM users")).scalar_one()
        db.release()
        return count

    def saved(self) -> list[Path]:
        return sorted(self.settings.snapshot_dir.glob("gatehouse-*.db"))

    def saved_users(self) -> int:
        """How many users the newest intact snapshot contains; -1 without one."""
        return saved_users(self.settings)

    def stop(self) -> None:
        self.database.close()
        self.snapshots.stop()

    def lose_its_disk(self) -> None:
        for each in self.settings.data_dir.iterdir():
            each.unlink()


def saved_users(settings: Settings) -> int:
    databases, _ = snapshot_stores(settings.snapshot_dir)
    try:
        newest = next(filter(Copy.is_intact, databases.newest_first()), None)
        return users_in(newest.path) if newest else -1
    except FileNotFoundError:  # dropped while we looked, or nothing taken yet
        return -1


def users_in(file: Path) -> int:
    connection = sqlite3.connect(file)
    (count,) = connection.execute("SELECT count(*) FROM users").fetchone()
    connection.close()
    return count


def test_what_was_written_before_a_stop_is_there_after_the_disk_was_lost(settings):
    server = Server(settings, quiet=60, at_most_every=60)
    assert server.restored is RestoreOutcome.NOTHING_FOUND
    for _ in range(3):
        server.add_user()
    server.stop()
    server.lose_its_disk()

    restarted = Server(settings)
    assert restarted.restored is RestoreOutcome.COMPLETE
    assert restarted.users() == 3
    restarted.add_user()
    restarted.stop()


def test_a_snapshot_follows_each_burst_of_writes(settings):
    server = Server(settings)
    for number in range(1, 4):
        server.add_user()
        wait_until(lambda n=number: server.saved_users() == n, "the snapshot")
    server.stop()


def test_a_snapshot_does_not_wait_for_ever_while_writes_go_on(settings):
    server = Server(settings, quiet=60)
    stop_writing = threading.Event()

    def keep_writing() -> None:
        while not stop_writing.is_set():
            server.add_user()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    wait_until(lambda: server.saved_users() > 0, "a snapshot")
    stop_writing.set()
    writer.join()
    server.stop()


def test_the_last_three_are_kept_and_each_is_one_complete_private_file(settings):
    server = Server(settings)
    for _ in range(6):
        server.add_user()
        wait_until(lambda: server.saved_users() == server.users(), "the snapshot")
    server.stop()

    assert {each.read_bytes()[18:20] for each in server.saved()} == {b"\x01\x01"}  # no log beside
    assert [users_in(each) for each in server.saved()] == [4, 5, 6]
    assert {each.stat().st_mode & 0o777 for each in settings.snapshot_dir.iterdir()} == {0o600}
    assert len(list(settings.snapshot_dir.iterdir())) == 3 + 1  # and the mark of the last one
    assert not list(settings.data_dir.glob("*.snapshot*"))


def test_nothing_new_makes_no_new_snapshot(settings):
    first = Server(settings)
    first.add_user()
    first.stop()
    before = first.saved()
    second = Server(settings)
    second.stop()
    assert second.restored is RestoreOutcome.NOT_NEEDED
    assert second.saved() == before


def test_what_a_killed_server_had_not_saved_is_saved_at_the_next_start(settings):
    server = Server(settings, quiet=60, at_most_every=60)
    server.add_user()
    server.database.close()  # and no stop: it was killed
    restarted = Server(settings)
    wait_until(lambda: restarted.saved_users() == 1, "the snapshot")
    restarted.stop()
    server.snapshots.stop()


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: os.truncate(file, file.stat().st_size // 2),
        lambda file: os.truncate(file, 0),
        lambda file: file.write_bytes(file.read_bytes()[:-1] + b"!"),
        lambda file: file.write_bytes(b"x" * file.stat().st_size),
        lambda file: (file.unlink(), file.mkdir()),
    ],
    ids=["torn", "empty", "one byte", "all bytes", "not a file"],
)
def test_a_damaged_snapshot_is_skipped_with_a_line_and_the_one_before_restored(settings, damage):
    server = Server(settings)
    for _ in range(2):
        server.add_user()
        wait_until(lambda: server.saved_users() == server.users(), "the snapshot")
    server.stop()
    server.lose_its_disk()
    newest = server.saved()[-1]
    damage(newest)

    with structlog.testing.capture_logs() as lines:
        restarted = Server(settings)
        restarted.stop()

    skipped = [line for line in lines if line["event"] == "snapshot_skipped"]
    assert [line["name"] for line in skipped] == [newest.name]
    assert restarted.restored is RestoreOutcome.PARTIAL
    assert users_in(restarted.file) == 1


def test_when_every_snapshot_is_damaged_they_are_set_aside_and_never_replaced(settings):
    server = Server(settings)
    server.add_user()
    server.stop()
    server.lose_its_disk()
    for each in server.saved():
        os.truncate(each, 5000)

    restarted = Server(settings)
    assert restarted.restored is RestoreOutcome.NOTHING_FOUND
    assert restarted.users() == 0
    for _ in range(4):
        restarted.add_user()
        wait_until(lambda: restarted.saved_users() == restarted.users(), "the snapshot")
    restarted.stop()
    assert len(list(settings.snapshot_dir.glob("*.damaged"))) >= 1


def test_the_log_of_a_lost_database_is_not_played_into_the_restored_one(settings):
    server = Server(settings)
    server.add_user()
    server.stop()
    server.lose_its_disk()
    other = make_snapshot_settings(settings.data_dir.parent / "other")
    foreign_file = sqlite_file(other)
    migrate(sqlite_url(foreign_file))
    connection = sqlite3.connect(foreign_file)
    connection.execute("DELETE FROM alembic_version")
    connection.commit()
    log = foreign_file.with_name("gatehouse.db-wal").read_bytes()
    connection.close()
    assert log
    settings.data_dir.joinpath("gatehouse.db-wal").write_bytes(log)

    restarted = Server(settings)
    assert restarted.users() == 1
    restarted.stop()


def test_the_generated_key_comes_back_with_the_data(settings):
    settings.data_dir.mkdir()
    key = settings.data_dir / "secret_key"
    key.write_text("the key that signed every cookie\n")
    server = Server(settings)
    server.add_user()
    server.stop()
    server.lose_its_disk()
    key.write_text("another key, made too early\n")

    Server(settings).stop()

    assert key.read_text() == "the key that signed every cookie\n"
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_set_is_neither_saved_nor_replaced(settings):
    chosen = make_snapshot_settings(settings.data_dir, settings.snapshot_dir, "set by the owner")
    chosen.data_dir.mkdir()
    (chosen.data_dir / "secret_key").write_text("left from before\n")
    migrate(sqlite_url(sqlite_file(chosen)))
    restore(chosen)
    snapshots = create_snapshots(chosen, SystemClock())
    snapshots.start()
    snapshots.stop()
    names = [each.name for each in chosen.snapshot_dir.iterdir()]
    assert names
    assert all(each.startswith("gatehouse-") for each in names)


def test_without_a_snapshot_folder_nothing_is_taken_or_restored(tmp_path):
    settings = make_snapshot_settings(tmp_path)
    assert restore(settings) is RestoreOutcome.DISABLED
    assert create_snapshots(settings, SystemClock()) is None


def test_a_folder_that_cannot_be_read_stops_the_start_before_it_begins_empty(tmp_path):
    (tmp_path / "bucket").write_text("not mounted")
    settings = make_snapshot_settings(tmp_path / "data", tmp_path / "bucket")
    with pytest.raises(SettingsError, match="SNAPSHOT_DIR") as refusal:
        restore(settings)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_cannot_be_read_does_not_stop_a_start_that_needs_nothing_from_it(tmp_path):
    settings = make_snapshot_settings(tmp_path / "data", tmp_path / "bucket")
    migrate(sqlite_url(sqlite_file(settings)))
    (tmp_path / "bucket").write_text("not mounted")
    server = Server(settings)
    assert server.restored is RestoreOutcome.NOT_NEEDED
    wait_until(lambda: server.snapshots.last_error is not None, "the report")
    (tmp_path / "bucket").unlink()
    wait_until(lambda: server.settings.snapshot_dir.exists() and server.saved_users() == 0, "it")
    server.stop()


def test_a_bucket_that_fails_is_reported_drops_nothing_and_is_tried_again(settings, monkeypatch):
    server = Server(settings)
    server.add_user()
    wait_until(lambda: server.saved_users() == 1, "the snapshot")
    good = server.saved()

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(store, "_write_through", no_space)
        server.add_user()
        wait_until(lambda: server.snapshots.last_error is not None, "the report")
        assert "No space left" in server.snapshots.last_error
        assert server.saved() == good
    wait_until(lambda: server.saved_users() == 2, "the next attempt")
    server.stop()
    assert server.snapshots.last_error is None


def test_a_clock_that_was_set_back_does_not_make_new_snapshots_old(settings, tmp_path):
    newest, _ = store.snapshot_stores(tmp_path)
    source = tmp_path / "source"
    now = SystemClock().now()
    for number in range(5):
        source.write_text(str(number))
        newest.add(source, now.replace(year=now.year - number))
    assert newest.newest_first()[0].path.read_text() == "4"


WRITER = """
import os, sys
from pathlib import Path
from uuid import UUID
from tests.storage.test_snapshots import Server, make_snapshot_settings

server = Server(make_snapshot_settings(Path(sys.argv[1]), Path(sys.argv[2])), quiet=0.001)
for number in range(100_000):
    unique = os.getpid() << 20 | number
    server.add_user(id=UUID(int=unique), email=f"{unique}@example.com")
    print(number, flush=True)
"""


def test_a_server_killed_at_any_moment_leaves_a_snapshot_that_restores(settings):
    restored = 0
    for writes in (20, 63, 110, 131):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, settings.data_dir, settings.snapshot_dir],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(writes):
            assert writer.stdout.readline()
        wait_until(lambda: saved_users(settings) > 0, "the first snapshot")
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        whole = users_in(sqlite_file(settings))
        for each in settings.data_dir.iterdir():
            each.unlink()

        restarted = Server(settings, quiet=60, at_most_every=60)
        assert restarted.restored is RestoreOutcome.PARTIAL
        assert restored <= restarted.users() <= whole
        restored = restarted.users()
        restarted.stop()
    assert restored > 0
