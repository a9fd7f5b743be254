"""The five minutes of the README, as a newcomer types them."""

import sqlite3
from contextlib import closing

import pytest

from tests.docs.guide import ROOT, find_section
from tests.docs.scene import open_scene
from tests.rig.node import require_node

PAGE = "README.md"
STARTED = "From nothing to signed in"
CLIENT = ROOT / "tests/parity"


@pytest.fixture
def scene(tmp_path):
    yield from open_scene(tmp_path, settings={"ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4"})


@pytest.fixture
def scene_with_client(scene):
    (scene.root / "bin/node").symlink_to(require_node(CLIENT))
    (scene.context / "node_modules").symlink_to(
        CLIENT / "node_modules"
    )  # as `npm install` leaves it
    return scene


def test_the_official_client_signs_up_and_the_second_time_in(scene_with_client):
    blocks = [block for block in find_section(PAGE, STARTED) if block.kind != "needs"]
    start, hello, shows = blocks[:3]
    assert (hello.kind, shows.kind) == ("run", "shows")

    scene_with_client.follow([start, hello, shows])
    scene_with_client.follow([start, hello, shows])


def test_it_starts_and_starts_again_with_an_admin(scene):
    plain, with_admin = [block for block in find_section(PAGE, STARTED) if block.kind == "starts"]
    scene.follow([plain])
    scene.follow([with_admin])

    with closing(sqlite3.connect(scene.context / "data/gatehouse.db")) as database:
        users = database.execute("SELECT email, role FROM users").fetchall()
    assert users == [("owner@example.com", "admin")]
