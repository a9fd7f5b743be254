"""The disk under the data is full, or may not be written to."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from backend.kernel.settings import SettingsError
from tests.in_process import Gatehouse
from tests.rig import shared
from tests.rig.disks import Disk, disk_that_fails, small_disk
from tests.rig.postgres import PostgresServer
from tests.rig.processes import give_to_unprivileged


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk of 24 MB, which PostgreSQL's own user may use too."""
    with small_disk(shared.folder() / f"disk-{os.getpid()}", 24) as new_disk:
        give_to_unprivileged(new_disk.folder)
        yield new_disk


@pytest.fixture(params=["sqlite", "postgresql"])
def gatehouse(request: pytest.FixtureRequest, disk: Disk, start: Any) -> Iterator[Gatehouse]:
    """An application whose data are on that disk."""
    if request.param == "sqlite":
        yield start(data_dir=disk.folder)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"small_{os.getpid()}"
    server.execute(f"CREATE TABLESPACE {name} LOCATION '{disk.folder}'")
    server.execute(f"CREATE DATABASE {name} TABLESPACE {name}")
    started = start(database_url=server.url(name))
    started.wait_for_the_feed()
    yield started
    started.close()
    server.drop_database(name)
    server.execute(f"DROP TABLESPACE {name}")


def read_readiness(gatehouse: Gatehouse) -> tuple[int, str]:
    gatehouse.clock.advance(seconds=3)
    response = gatehouse.visitor().get("/ready")
    return response.status_code, response.json()["database"]


def sign_up_until_one_fails(gatehouse: Gatehouse) -> list[int]:
    """Sign users up until one gets another status than 200; returns all statuses."""
    statuses = []
    while len(statuses) < 1000 and statuses[-1:] in ([], [200]):
        email = f"person{len(statuses)}@example.com"
        statuses.append(gatehouse.visitor().sign_up(email).status_code)
    return statuses


def test_a_full_disk_stops_writes_alone_until_there_is_room(gatehouse, disk):
    ada = gatehouse.member()
    disk.fill()
    stored = sign_up_until_one_fails(gatehouse)
    assert stored[-1] == 503
    for _ in range(3):
        assert read_readiness(gatehouse) == (503, "full")
        assert ada.get("list-sessions").status_code == 200
        assert ada.session()["user"]["email"] == "ada@example.com"

    disk.empty()
    assert read_readiness(gatehouse) == (200, "ok")
    assert gatehouse.visitor().sign_up("bob@example.com").status_code == 200
    for number in range(len(stored) - 1):
        response = gatehouse.visitor().sign_in(f"person{number}@example.com")
        assert response.status_code == 200


def test_a_disk_that_turned_read_only_still_knows_who_is_signed_in(start, tmp_path, clock):
    with disk_that_fails(tmp_path / "disk") as disk:
        gatehouse = start(data_dir=disk.folder)
        ada = gatehouse.member()
        disk.fail()
        assert gatehouse.visitor().sign_up("bob@example.com").status_code == 503
        for _ in range(2):
            assert read_readiness(gatehouse) == (503, "read-only")
            assert ada.session()["user"]["email"] == "ada@example.com"
            assert gatehouse.visitor().sign_in().status_code == 503
        gatehouse.close()
        with pytest.raises(SettingsError, match="Read-only file system") as refusal:
            start(data_dir=disk.folder)
        assert "\n" not in str(refusal.value)
