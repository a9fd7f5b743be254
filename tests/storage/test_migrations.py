"""Migrations, on every database."""

import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, make_url, text

from backend.kernel.settings import SettingsError
from backend.storage import dialects
from backend.storage import migrate as migrate_module
from backend.storage.dialects import prepare_sqlite
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.migrations import HEAD
from backend.storage.queries.sessions import Session
from backend.storage.tables import metadata
from backend.storage.urls import database_url
from backend.storage.work import run_query
from tests.make import make_settings
from tests.rig.fixtures import ON_SQLITE
from tests.rig.fork_server import fork_server
from tests.rig.pipes import open_pipe, read_until
from tests.rig.processes import wait_until
from tests.rig.space import inherited
from tests.storage.conftest import count_rows, settings_for, store_session, store_user

ROOT = Path(__file__).parents[2]
NEXT = f"{int(HEAD) + 1:04}"
MIGRATE = """
import os
import sys
import alembic.command
from sqlalchemy import make_url
from backend.storage.migrate import migrate
os.write(1, b"ready\\n")  # at once: five write into one pipe
sys.stdin.read()
migrate(make_url(sys.argv[1]))
"""
REBUILD_USERS = '''
"""Rebuilds the users table, as SQLite needs for most changes."""

import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"


def upgrade() -> None:
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("users", recreate=recreate) as users:
        users.add_column(sa.Column("motto", sa.Text))
    {more}
'''


@pytest.fixture
def migrated() -> bool:
    return False


@pytest.fixture
def next_step(monkeypatch, tmp_path) -> Callable[[str], None]:
    """Adds a migration, as a future release would."""

    def add(more: str = "") -> None:
        scripts = tmp_path / "migrations"
        shutil.copytree(migrate_module._SCRIPTS, scripts)
        step = REBUILD_USERS.format(next=NEXT, head=HEAD, more=more)
        (scripts / "versions" / f"{NEXT}_rebuild_users.py").write_text(step)
        monkeypatch.setattr(migrate_module, "_SCRIPTS", scripts)
        monkeypatch.setattr(migrate_module, "HEAD", NEXT)

    return add


def read_step(database) -> str:
    return run_query(
        database, lambda db: db.execute(text("SELECT * FROM alembic_version")).scalar_one()
    )


def test_the_tables_are_those_the_code_speaks_of(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                # There only where the server has trigrams.
                "include_name": lambda name, *_: not (name or "").endswith("_trgm_idx"),
            },
        )
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_the_names_of_indexes_and_constraints_are_those_the_code_speaks_of(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            names = {each["name"] for each in inspector.get_indexes(table.name)}
            assert {str(index.name) for index in table.indexes} <= names
            assert inspector.get_pk_constraint(table.name)["name"] == f"{table.name}_pkey"
    engine.dispose()


def test_a_second_start_finds_nothing_to_do(url, database, work):
    store_user(work)
    migrate(url)
    assert (count_rows(database, "users"), read_step(database)) == (1, HEAD)


def test_five_servers_that_start_at_once_on_nothing_all_succeed(settings, clock, tmp_path):
    empty = database_url(settings)
    (program := tmp_path / "starting.py").write_text(MIGRATE)
    command = [str(program), empty.render_as_string(hide_password=False)]
    with (
        open_pipe() as gate,
        open_pipe() as (ready_read, ready_write),
        (tmp_path / "errors").open("w+") as errors,
    ):
        processes = [
            fork_server().start(command, ROOT, inherited(), (gate[0], ready_write, errors))
            for _ in range(5)
        ]
        read_until(ready_read, b"ready\n" * len(processes))
        gate.close(gate[1])
        exit_codes = [each.wait(60) for each in processes]
        errors.seek(0)
        assert exit_codes == [0] * len(processes), errors.read()
    database = Database(empty, clock)
    assert read_step(database) == HEAD
    database.close()


def test_who_opens_a_new_file_that_somebody_else_is_in_waits_for_them(tmp_path, monkeypatch):
    """Enabling WAL needs exclusive access, and SQLite does not wait for it by itself."""
    somebody = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    somebody.execute("CREATE TABLE theirs (number)")
    somebody.execute("BEGIN")
    somebody.execute("SELECT * FROM theirs").fetchall()

    monkeypatch.setattr(dialects, "BUSY_TIMEOUT", 1000)  # which the first attempt waits in vain
    opening = sqlite3.connect(tmp_path / "new.db", check_same_thread=False)
    statements = []
    opening.set_trace_callback(statements.append)
    with ThreadPoolExecutor(1) as other:
        opened = other.submit(prepare_sqlite, opening, None)
        wait_until(lambda: "BEGIN EXCLUSIVE" in statements or opened.done(), "an attempt")
        somebody.rollback()
        opened.result()
    assert opening.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    somebody.close()
    opening.close()


def test_a_database_newer_than_the_code_is_refused_and_left_alone(url, database, work):
    store_user(work)
    with work() as mine:
        mine.db.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SettingsError, match=r"step 9999.*Start the newer version") as refusal:
        migrate(url)

    assert "\n" not in str(refusal.value)
    assert (count_rows(database, "users"), read_step(database)) == (1, "9999")


def test_a_rebuilt_users_table_keeps_its_users_and_their_sessions(
    url, database, work, next_step: Callable[[], None]
):
    session: Session = store_session(work, store_user(work))
    next_step()

    migrate(url)

    assert read_step(database) == NEXT
    assert (count_rows(database, "users"), count_rows(database, "sessions")) == (1, 1)
    assert session.user_id
    with pytest.raises(Exception, match=r"(?i)foreign key"), work() as mine:
        mine.db.execute(text("UPDATE sessions SET user_id = :id"), {"id": "0" * 32})


def test_a_step_that_fails_leaves_everything_as_it_was(url, database, work, next_step):
    store_session(work, store_user(work))
    next_step("op.execute('DELETE FROM nowhere')")

    with pytest.raises(SettingsError, match="nowhere"):
        migrate(url)

    columns = {each["name"] for each in inspect(database.engine).get_columns("users")}
    assert "motto" not in columns
    assert read_step(database) == HEAD
    assert (count_rows(database, "users"), count_rows(database, "sessions")) == (1, 1)
    store_user(work)


@pytest.fixture
def file(url) -> Path:
    if url.get_backend_name() != "sqlite":
        pytest.fail("only SQLite has a file")
    return Path(url.database)


@ON_SQLITE
def test_on_sqlite_a_step_that_would_orphan_rows_is_undone(url, database, work, next_step):
    store_session(work, store_user(work))
    next_step("op.execute('DELETE FROM users')")

    with pytest.raises(SettingsError, match="would lose rows of sessions"):
        migrate(url)

    assert (count_rows(database, "users"), read_step(database)) == (1, HEAD)


@ON_SQLITE
def test_on_sqlite_a_complete_copy_is_kept_before_a_step(url, file, database, work, next_step):
    store_user(work)  # still in the log beside the file: the server is running
    next_step()

    migrate(url)

    copy = file.with_name(f"gatehouse.db.before-{NEXT}")
    assert copy.stat().st_mode & 0o777 == 0o600
    before = sqlite3.connect(copy)
    assert before.execute("SELECT count(*) FROM users").fetchone() == (1,)
    assert before.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
    before.close()


@ON_SQLITE
def test_on_sqlite_only_this_user_may_read_the_file(url, file, database, work):
    store_user(work)
    modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.glob("gatehouse.db*")}
    assert modes == dict.fromkeys(modes, 0o600)


def test_a_server_that_is_not_there_is_named_in_one_line(tmp_path):
    settings = settings_for(tmp_path, "postgresql://u:geheim@127.0.0.1:1/d")
    with pytest.raises(SettingsError, match=r"refused.*Check DATABASE_URL") as refusal:
        migrate(database_url(settings))
    assert "\n" not in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_a_file_that_is_no_database_is_named_in_one_line_and_left_alone(tmp_path):
    (tmp_path / "gatehouse.db").write_text("precious, but not a database " * 100)
    settings = make_settings(tmp_path)
    with pytest.raises(SettingsError, match="cannot be opened: file is not a database") as refusal:
        migrate(database_url(settings))
    assert "\n" not in str(refusal.value)
    assert (tmp_path / "gatehouse.db").read_text().startswith("precious")


@pytest.mark.usefixtures("short_timeouts")
def test_a_file_that_another_process_keeps_to_itself_is_named_in_one_line(tmp_path):
    settings = make_settings(tmp_path)
    with closing(sqlite3.connect(tmp_path / "gatehouse.db", isolation_level=None)) as another:
        another.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SettingsError, match=r"in use by another process.*Try again") as refusal:
            migrate(database_url(settings))
    assert "\n" not in str(refusal.value)


def test_a_database_that_belongs_to_another_program_is_left_alone(url, database, work):
    with work() as mine:
        mine.db.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(SettingsError, match=r"changed nothing: .*already exists"):
        migrate(url)


def test_a_folder_that_may_not_be_written_is_named_in_one_line(tmp_path):
    (tmp_path / "data").write_text("a file, not a folder")
    settings = make_settings(tmp_path / "data")
    with pytest.raises(SettingsError, match=r"cannot be written.*Set DATA_DIR") as refusal:
        migrate(database_url(settings))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_name_is_refused_in_one_line(postgres, encoding):
    name = f"{encoding.lower()}_names"
    postgres.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
    try:
        address = make_url(postgres.url(name)).set(drivername="postgresql+psycopg2")
        with pytest.raises(SettingsError, match=rf"{encoding}.*ENCODING 'UTF8'") as refusal:
            migrate(address)
        assert "\n" not in str(refusal.value)
    finally:
        postgres.drop_database(name)
