"""GET /api/admin/status."""

from pathlib import Path

import pytest

from backend import __version__
from backend.features.admin.status import durability
from backend.kernel.secret import Secret
from tests.admins import make_admin
from tests.make import make_settings


def test_admins_see_the_state_of_everything(start):
    gatehouse = start(secret_keys_old=("an old key",), session_cache_size=7)
    status = make_admin(gatehouse).get("/api/admin/status")
    assert status.json() == {
        "version": __version__,
        "environment": "development",
        "database": {
            "kind": "sqlite",
            "durability": "durable",
            "userSearch": "reads all users",
        },
        "cache": {"state": status.json()["cache"]["state"], "sessions": 1, "size": 7},
        "mail": {"sends": "outbox", "waiting": 0},
        "secret": {"state": "set", "oldKeys": 1},
        "limits": {"store": "off"},
    }


def test_the_database_is_named_whatever_it_is(anywhere):
    database = make_admin(anywhere).get("/api/admin/status").json()["database"]
    if anywhere.settings.database_url.reveal().startswith("sqlite"):
        assert database["kind"] == "sqlite"
    else:
        expected = {"kind": "postgresql", "durability": "durable", "userSearch": "indexed"}
        assert database == expected


def test_a_generated_key_is_told(start):
    status = make_admin(start(secret_key=None)).get("/api/admin/status").json()
    assert status["secret"] == {"state": "generated", "oldKeys": 0}


@pytest.mark.parametrize(
    ("told", "lasts"),
    [
        ({}, "durable"),
        ({"space_id": "ada/gatehouse"}, "ephemeral"),
        ({"space_id": "ada/gatehouse", "snapshot_dir": Path("bucket")}, "snapshots"),
        ({"space_id": "ada/gatehouse", "database_url": Secret("postgresql://x/y")}, "durable"),
    ],
)
def test_how_long_data_lasts(tmp_path, told, lasts):
    assert durability(make_settings(tmp_path, bcrypt_rounds=10, **told)) == lasts


def test_limits_are_counted_in_memory_without_redis(start):
    gatehouse = start(rate_limits=True)
    assert make_admin(gatehouse).get("/api/admin/status").json()["limits"] == {"store": "memory"}


def test_an_admin_asks_three_hundred_times_a_minute(start, limits_follow_the_clock):
    gatehouse = start(rate_limits=True, session_cache_size=0)
    root = make_admin(gatehouse)
    for _ in range(300):
        assert root.get("/api/admin/status").status_code == 200
    assert root.get("/api/admin/status").status_code == 429
    assert root.get("/api/admin/events").status_code == 200
    gatehouse.clock.advance(minutes=1)
    assert root.get("/api/admin/status").status_code == 200
