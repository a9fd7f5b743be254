"""No engine runs here: the guides' Docker commands are compared with the Dockerfile instead."""

import re
import shlex
import stat
from itertools import pairwise

from backend.kernel.randomness import SystemRandomness
from backend.kernel.secrets.secret_key import load_keyring
from backend.kernel.settings import Settings
from scripts.prove_dockerfile import instructions
from tests.docs.guide import GUIDES, ROOT, find_section, list_blocks
from tests.docs.scene import open_scene

PAGE = "docs/deploy-elsewhere.md"
STEPS = instructions((ROOT / "Dockerfile").read_text())
ENV = dict(
    part.split("=", 1) for name, rest in STEPS if name == "ENV" for part in shlex.split(rest)
)
PORT = next(rest for name, rest in STEPS if name == "EXPOSE")
USER_MADE = re.search(r"useradd .*?(\w+) &&", " ".join(rest for _, rest in STEPS))[1]
DOCKER = [block for page in GUIDES for block in list_blocks(page) if block.note == "Docker"]
LINES = [line for block in DOCKER for line in block.text.replace("\\\n", " ").splitlines()]


def split_commands(line: str) -> list[list[str]]:
    """The words of each command on a shell line."""
    words_of_commands: list[list[str]] = [[]]
    for word in shlex.split(line):
        if word == "&&":
            words_of_commands.append([])
        else:
            words_of_commands[-1].append(word)
    return words_of_commands


def find_option_values(name: str) -> set[str]:
    """The values of this option in all `docker run` commands."""
    runs = [
        each for line in LINES for each in split_commands(line) if each[:2] == ["docker", "run"]
    ]
    return {word for run in runs for option, word in pairwise(run) if option == name}


def test_every_line_about_docker_is_marked_as_such():
    docker_blocks = [
        block for page in GUIDES for block in list_blocks(page) if "docker " in block.text
    ]
    assert docker_blocks == DOCKER
    assert len(DOCKER) >= 4


def test_the_port_is_the_one_it_listens_on():
    assert {each.split(":")[-1] for each in find_option_values("-p")} == {PORT}
    assert Settings.model_fields["port"].default == int(PORT)


def test_the_volume_is_where_the_data_is():
    assert {each.split(":")[1] for each in find_option_values("-v")} == {ENV["DATA_DIR"], "/backup"}
    copied = re.findall(r"docker cp \w+:(\S+)/[\w.]+", "\n".join(LINES))
    assert copied == [ENV["DATA_DIR"]]


def test_commands_inside_find_the_data_from_where_they_start():
    workdir = next(rest for name, rest in STEPS if name == "WORKDIR")
    assert f"{workdir}/data" == ENV["DATA_DIR"]
    inside = [line for line in LINES if "docker exec" in line or "sh -c" in line]
    assert any("data/gatehouse.db" in line for line in inside)
    assert all("/opt/" not in line for line in inside)
    assert f"install -o {USER_MADE} " in "\n".join(inside)


def test_the_file_of_settings_is_enough_for_production(tmp_path, monkeypatch):
    for scene in open_scene(tmp_path):
        scene.follow(find_section(PAGE, "1. The settings, in a file"))
        file = scene.root / "home/gatehouse.env"
    assert find_option_values("--env-file") == {"~/gatehouse.env"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    variables = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert set(variables) <= {name.upper() for name in Settings.model_fields}
    for name in variables:  # a developer's own environment would win over the file
        monkeypatch.delenv(name, raising=False)
    settings = Settings(_env_file=file, environment=ENV["ENVIRONMENT"])
    assert load_keyring(settings, SystemRandomness())
    assert (settings.base_url, len(variables["ADMIN_PASSWORD"])) == ("https://auth.example.com", 20)


def test_one_name_for_the_image_and_one_for_the_container():
    built = {line.split()[3] for line in LINES if line.startswith("docker build -t")}
    assert built == {"gatehouse"} == find_option_values("--name")
    assert ENV["ENVIRONMENT"] == "production"
