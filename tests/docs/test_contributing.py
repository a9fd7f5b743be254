"""The recipes of docs/contributing.md, followed to the letter in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backend.storage.migrations import HEAD
from tests.docs.guide import ROOT

STEP = re.compile(
    r"(New file|In|At the end of)\s`(?P<file>[^`]+)`[^`]*?(?P<blocks>(?:(?:`[^`\n]+`[^`]*?)*:\n\n)"
    r"(?:```(?:python|diff)\n.*?```\n\n?)+)",
    re.S,
)
BLOCK = re.compile(r"```(python|diff)\n(.*?)```", re.S)
COPIED = ("backend", "panel", "doctor", "docs", "tests", "notebooks", "scripts")
PROOFS = [
    "tests/architecture/test_import_rules.py",
    "tests/architecture/test_sizes.py",
    "tests/architecture/test_docs.py::test_every_setting_is_explained",
    "tests/architecture/test_docs.py::test_every_route_is_explained",
    "tests/api/test_greeting.py",
    "tests/storage/test_migrations.py::test_the_tables_are_those_the_code_speaks_of",
    "tests/panel/test_open_routes.py",  # builds every page, and opens it as the owner
]


def list_steps() -> list[tuple[str, str, str, str]]:
    """The action, the file, the language and the text of each block of the recipes."""
    page = (ROOT / "docs/contributing.md").read_text()
    page = page.replace("9001", HEAD).replace("9002", f"{int(HEAD) + 1:04}")
    return [
        (step[1], step["file"], language, text)
        for step in STEP.finditer(page[page.index("## Add an endpoint") :])
        for language, text in BLOCK.findall(step["blocks"])
    ]


def apply_step(root: Path, action: str, file: str, language: str, text: str) -> None:
    path = root / file
    if language == "diff":
        lines = text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        whole = path.read_text()
        assert whole.count(before) == 1, f"{file} has this {whole.count(before)} times: {before}"
        path.write_text(whole.replace(before, after))
    elif action == "New file":
        assert not path.exists(), file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    else:
        path.write_text(f"{path.read_text()}\n\n{text}")


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Path:
    """A copy of the project in which somebody has followed every recipe."""
    root = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "screenshots")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    for file in ("app.py", "pyproject.toml", ".env.example", "README.md"):
        shutil.copy(ROOT / file, root / file)
    for step in list_steps():
        apply_step(root, *step)
    return root


def run_python(root: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_block_of_the_recipes_is_a_step():
    page = (ROOT / "docs/contributing.md").read_text()
    assert len(list_steps()) == len(BLOCK.findall(page)) > 15


def test_the_style_is_the_projects(followed):
    run_python(followed, "-m", "ruff", "check", "--no-cache", "backend", "panel", "tests/api")
    run_python(
        followed, "-m", "ruff", "format", "--no-cache", "--check", "backend", "panel", "tests/api"
    )


def test_what_holds_the_project_holds_what_was_added(followed):
    run_python(followed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *PROOFS)
