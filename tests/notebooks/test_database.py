"""The notebooks' look at a database: it can write nothing, and its errors give nothing away."""

import sqlite3
from base64 import b64encode
from contextlib import closing

import psycopg2
import pytest

from tests.lazy_import import lazy_import

helper = lazy_import("notebooks.helpers.database")

SECRET = "canary4Hs82kfQp"
TABLE = "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT, raw {bytes})"


@pytest.fixture
def sqlite(tmp_path):
    with closing(sqlite3.connect(tmp_path / "gatehouse.db")) as database:
        database.execute(TABLE.format(bytes="BLOB"))
        hidden = b64encode(SECRET.encode()).decode()
        rows = [(1, f"it is {SECRET}", b""), (2, "", SECRET.encode()), (3, hidden, b"")]
        database.executemany("INSERT INTO notes VALUES (?, ?, ?)", rows)
        database.commit()
    database = helper.open_database("", str(tmp_path))
    yield database
    database.connection.close()


def test_sqlite_is_opened_for_reading_only(sqlite):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        sqlite.read("DELETE FROM notes")


def test_postgresql_is_asked_for_read_only_transactions(postgres, postgres_url):
    postgres.execute(TABLE.format(bytes="BYTEA"), postgres_url.rpartition("/")[2])
    database = helper.open_database(postgres_url, "")
    try:
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            database.read("DELETE FROM notes")
        assert len(database.read("SELECT * FROM notes")) == 0
    finally:
        database.connection.close()


def test_a_secret_is_found_as_text_as_bytes_and_in_base64(sqlite):
    assert sqlite.columns_with(SECRET, rows=1) == ["notes.note"]
    assert sqlite.columns_with(SECRET, rows=2) == ["notes.note", "notes.raw"]
    assert sqlite.columns_with("canary5", rows=9) == []


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://ada:{SECRET}@db.example/auth",
        f"postgresql://ada:x:{SECRET}@y@127.0.0.1:port/auth",
        f"postgresql://ada:{SECRET}@127.0.0.1:1/auth",
        f"postgresql://ada:%{SECRET}@127.0.0.1:1/auth",
    ],
)
def test_an_address_that_leads_nowhere_is_not_repeated(url, tmp_path):
    with pytest.raises(ConnectionError) as error:
        helper.open_database(url, str(tmp_path))
    assert SECRET not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="set DATA_DIR or DATABASE_URL"):
        helper.open_database("", str(tmp_path))
