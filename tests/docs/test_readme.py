"""The five minutes of the README, as a newcomer types them."""

import sqlite3
from contextlib import closing

import pytest

from tests.docs.guide import section
from tests.docs.scene import opened

PAGE = "README.md"
STARTED = "From nothing to signed in"


@pytest.fixture
def scene(tmp_path):
    yield from opened(tmp_path, given={"ENVIRONMENT": "development", "BCRYPT_ROUNDS": "4"})


def test_it_starts_and_starts_again_with_an_admin(scene):
    plain, with_admin = [block for block in section(PAGE, STARTED) if block.kind == "starts"]
    scene.follow([plain])
    scene.follow([with_admin])

    with closing(sqlite3.connect(scene.house / "data/gatehouse.db")) as database:
        users = database.execute("SELECT email, role FROM users").fetchall()
    assert users == [("owner@example.com", "admin")]
