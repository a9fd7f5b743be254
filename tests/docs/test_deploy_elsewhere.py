"""Gatehouse on a server of one's own, set up by docs/deploy-elsewhere.md."""

import re
import stat

import pytest

from tests.docs.guide import find_section
from tests.docs.scene import Person, open_scene
from tests.rig.processes import wait_until

PAGE = "docs/deploy-elsewhere.md"
SETTINGS, SERVICE = "The settings", "The service"


def test_the_service_comes_up_and_lets_its_admin_in(server):
    settings = server.context / ".env"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    password = re.search(r"ADMIN_PASSWORD=(\S{16})\n", settings.read_text())[1]

    owner = Person(server.url, "owner@example.com")
    assert owner.sign_in(password) == 200
    assert owner.cookie.startswith("__Secure-")
    assert owner.get("/api/admin/status").json()["environment"] == "production"


@pytest.fixture
def scene(tmp_path):
    yield from open_scene(tmp_path)


def test_a_server_that_cannot_start_says_so_in_the_log_we_are_sent_to(scene):
    (output,) = scene.follow(find_section(PAGE, SETTINGS))
    assert "ADMIN_PASSWORD=" in output
    settings = scene.context / ".env"
    settings.write_text(re.sub("SECRET_KEY=.*", "SECRET_KEY=", settings.read_text()))

    with pytest.raises(AssertionError, match=r"deploy-elsewhere.md:\d+ ended with"):
        scene.follow(find_section(PAGE, SERVICE), replacements={"--retry 30": "--retry 1"})

    wait_until(lambda: "Gatehouse cannot start: SECRET_KEY" in scene.journal, "a plain line")
