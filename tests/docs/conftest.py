"""A server set up by docs/deploy-elsewhere.md; other guides begin where that one ends."""

from collections.abc import Iterator

import pytest

from tests.docs.guide import find_section
from tests.docs.scene import Scene, open_scene


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Running on SQLite; every test of this worker that needs no other has the same one."""
    for scene in open_scene(tmp_path_factory.mktemp("machine")):
        scene.follow(find_section("docs/deploy-elsewhere.md", "The settings", "The service"))
        yield scene
