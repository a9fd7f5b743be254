"""GET /ready while the database answers but is of no use, and who is still served."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.in_process import Gatehouse


def read_readiness(gatehouse: Gatehouse) -> tuple[int, str]:
    gatehouse.clock.advance(seconds=3)
    response = gatehouse.visitor().get("/ready")
    return response.status_code, response.json()["database"]


@pytest.fixture
def on_postgres(start: Any, postgres_url: str) -> Gatehouse:
    return start(database_url=postgres_url)


def test_a_sqlite_file_that_is_gone_is_503_for_everybody_and_says_replaced(start):
    gatehouse = start()
    ada = gatehouse.member()
    assert ada.session() is not None
    file = Path(gatehouse.context.runtime.database.url.database)
    file.rename(aside := file.with_name("aside"))
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 503
    assert read_readiness(gatehouse) == (503, "replaced")
    assert ada.get("get-session").status_code == 503
    aside.rename(file)
    assert read_readiness(gatehouse) == (200, "ok")
    assert ada.session() is not None
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 200


def test_a_sqlite_file_that_is_cut_short_is_503_for_everybody_and_says_damaged(start, clock):
    gatehouse = start()
    ada = gatehouse.member()
    assert ada.session() is not None
    file = Path(gatehouse.context.runtime.database.url.database)
    with closing(sqlite3.connect(file)) as by_hand:
        by_hand.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    clock.advance(seconds=1)
    assert ada.session() is not None
    whole = file.read_bytes()
    os.truncate(file, len(whole) // 2)
    clock.advance(seconds=1)
    assert ada.get("get-session").status_code == 503  # although it was remembered
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 503
    assert read_readiness(gatehouse) == (503, "damaged")

    file.write_bytes(whole)
    clock.advance(seconds=5)  # from then on it is read through again
    assert read_readiness(gatehouse) == (200, "ok")
    assert ada.session() is not None
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 200


def test_a_database_that_turned_read_only_still_knows_who_is_signed_in(on_postgres, psql):
    ada = on_postgres.member()
    psql("ALTER DATABASE THIS SET default_transaction_read_only = on")
    on_postgres.context.runtime.database.engine.dispose()
    assert read_readiness(on_postgres) == (503, "read-only")
    assert ada.session()["user"]["email"] == "ada@example.com"
    on_postgres.clock.advance(days=2)  # so that it is due to be prolonged
    assert ada.session()["user"]["email"] == "ada@example.com"
    assert on_postgres.visitor().sign_in().status_code == 503
    on_postgres.clock.advance(days=30)
    assert ada.session() is None  # although its row cannot be deleted

    psql("ALTER DATABASE THIS RESET default_transaction_read_only")
    assert read_readiness(on_postgres) == (200, "ok")
    assert on_postgres.visitor().sign_in().status_code == 200


def test_a_database_that_may_be_written_to_again_is_ready_whoever_finds_out_first(
    on_postgres, psql
):
    database = on_postgres.context.runtime.database
    psql("ALTER DATABASE THIS SET default_transaction_read_only = on")
    database.engine.dispose()
    assert read_readiness(on_postgres) == (503, "read-only")
    psql("ALTER DATABASE THIS RESET default_transaction_read_only")
    overtaken = []

    def overtake(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "alembic_version" in statement and not overtaken:
            primary = database.primary
            overtaken.append(primary.invalidate_connections(primary.generation))  # as the feed may

    event.listen(database.engine, "after_cursor_execute", overtake)
    assert read_readiness(on_postgres) == (200, "ok")
    assert overtaken == [True]


def test_a_full_disk_is_said_until_there_is_room(on_postgres, psql):
    ada = on_postgres.member()
    psql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$"
    )
    for table in ("users", "alembic_version"):
        psql(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} "
            "EXECUTE FUNCTION full_disk()"
        )
    assert on_postgres.visitor().sign_up("bob@example.com").status_code == 503
    assert read_readiness(on_postgres) == (503, "full")
    assert ada.session() is not None
    psql("DROP FUNCTION full_disk CASCADE")
    assert read_readiness(on_postgres) == (200, "ok")
    assert on_postgres.visitor().sign_up("bob@example.com").status_code == 200


def test_an_empty_database_is_503_and_never_500(on_postgres, psql):
    ada = on_postgres.member()
    psql("DROP SCHEMA public CASCADE")
    psql("CREATE SCHEMA public")
    assert on_postgres.visitor().sign_in().status_code == 503
    assert on_postgres.visitor().sign_up("bob@example.com").status_code == 503
    assert ada.get("list-sessions").status_code == 503
    assert read_readiness(on_postgres) == (503, "unusable")
