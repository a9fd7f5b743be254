"""What docs/deploy-space.md pushes to the Hub is what the Hub needs, and nothing it refuses."""

import re
import shutil
import subprocess

import pytest

from tests.docs.guide import ROOT, find_section
from tests.docs.scene import COPIED, open_scene
from tests.rig.missing_tools import skip_test

PAGE = "docs/deploy-space.md"
# As others report the Hub's own: binary files are refused.
REFUSES_PICTURES = """#!/bin/sh
while read old new ref; do
    binary="$(git diff --numstat 4b825dc642cb6eb9a060e54bf8d69288fbee4904 "$new" | grep '^-')" && {
        echo "Your push was rejected because it contains binary files: $binary"
        exit 1
    }
done
exit 0
"""


@pytest.fixture
def scene(tmp_path):
    yield from open_scene(tmp_path)


@pytest.fixture
def hub(scene):
    """A Space as the Hub makes it, where git finds it under its real address."""
    if not shutil.which("git"):
        skip_test("git", "install the package git")
    hub = scene.root / "hub/OWNER/NAME"
    (scene.root / "home/.gitconfig").write_text(
        f'[url "{scene.root}/hub/"]\n\tinsteadOf = https://huggingface.co/spaces/\n'
        "[init]\n\tdefaultBranch = main\n"
    )
    (scene.context / "docs").mkdir()
    (scene.context / "docs/picture.png").write_bytes(bytes(range(256)))

    def git(folder, *arguments):
        process = subprocess.run(
            ["git", *arguments], cwd=folder, env=scene.environment, check=True, capture_output=True
        )
        return process.stdout.decode()

    git(scene.root, "init", "-q", "--bare", hub)
    first = scene.root / "first"
    git(scene.root, "clone", "-q", hub, first)
    (first / "README.md").write_text("---\nsdk: docker\n---\n")
    git(first, "add", "-A")
    git(first, "commit", "-qm", "initial commit")
    git(first, "push", "-q", "origin", "HEAD:main")
    (hub / "hooks/pre-receive").write_text(REFUSES_PICTURES)
    (hub / "hooks/pre-receive").chmod(0o755)
    git(scene.context, "init", "-q")
    git(scene.context, "add", "-A")
    git(scene.context, "commit", "-qm", "Gatehouse, pictures and all")
    return lambda *arguments: git(hub, *arguments)


def test_what_the_image_needs_arrives_and_pictures_do_not(scene, hub):
    scene.follow(find_section(PAGE, "2. Create the Space"))

    arrived = hub("ls-tree", "-r", "--name-only", "main").splitlines()
    tops = {name.split("/")[0] for name in arrived}
    assert tops == {*COPIED, "examples", "README.md", "Dockerfile", ".dockerignore"}
    assert not [name for name in arrived if name.endswith((".png", ".pyc"))]
    front = hub("show", "main:README.md")
    assert re.match(r"---\n.*\nsdk: docker\napp_port: 7860\n.*\n---\n", front, re.S)
    client = "hf_oauth: true\nhf_oauth_scopes:\n  - email\n"  # asked of every user: no more
    assert f"\n{client}" in front.partition("\n---\n")[0] + "\n"


def test_the_key_it_makes_is_strong_enough(scene):
    (key,) = scene.follow(find_section(PAGE, "3. Secrets"))
    assert re.fullmatch(r"[\w-]{64}\n", key)


def test_every_limit_of_the_platform_says_where_it_comes_from():
    page = (ROOT / PAGE).read_text()
    table = page.split("## The platform's limits")[1].split("|---|---|---|\n")[1].split("\n\n")[0]
    sources = {line.split("|")[3].strip() for line in table.splitlines()}
    assert len(table.splitlines()) >= 10
    assert all(
        re.match(r"documentation|others|reports differ, not tried", each) for each in sources
    )
