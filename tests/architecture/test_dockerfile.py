"""The image holds what the Space needs, and no more. scripts/prove_dockerfile.py builds it."""

import json
import re
from pathlib import Path

import pytest

from scripts.prove_dockerfile import instructions, is_in_build_context
from tests.architecture.source import ROOT, list_modules

STEPS = instructions((ROOT / "Dockerfile").read_text())
PATTERNS = [
    line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] not in ("", "#")
]


def list_steps(name):
    return [rest for each, rest in STEPS if each == name]


def list_copied():
    return [rest.split()[-2] for rest in list_steps("COPY")]


def test_every_package_that_the_space_imports_is_copied():
    needed, reached = {"app"}, set()
    while needed - reached:
        place = (needed - reached).pop()
        reached.add(place)
        here = place if (ROOT / place).is_dir() else f"{place}.py"
        for module in list_modules(ROOT, (here,)):
            tops = {target.split(".")[0] for _, target in module.imports(set())}
            needed |= {top for top in tops if (ROOT / top).is_dir()}
    assert {"backend", "panel"} <= reached
    assert {f"{place}.py" if place == "app" else place for place in reached} <= set(list_copied())


def test_the_build_sees_what_is_copied_and_nothing_private():
    for place in list_copied():
        assert is_in_build_context(Path(place), PATTERNS), place
    assert is_in_build_context(Path("backend/kernel/passwords/common_passwords.txt"), PATTERNS)
    for hidden in (".env", ".git/config", "data/gatehouse.db", "tests/conftest.py", "README.md"):
        assert not is_in_build_context(Path(hidden), PATTERNS), hidden
    assert not is_in_build_context(Path("backend/web/__pycache__/wire.cpython-313.pyc"), PATTERNS)


def test_packages_are_installed_before_the_code_comes():
    order = [rest for name, rest in STEPS if name in {"RUN", "COPY"}]
    install = next(index for index, rest in enumerate(order) if "pip install" in rest)
    assert "--require-hashes" in order[install]
    assert [rest.split()[-2] for rest in order[:install] if "--chown" in rest or "./" in rest] == [
        "requirements.txt"
    ]


def test_it_runs_as_uid_1000_without_a_shell_in_between():
    assert list_steps("USER") == ["1000"]
    assert json.loads(list_steps("CMD")[0]) == ["python", "app.py"]


def test_no_layer_holds_a_secret():
    text = " ".join(rest for name, rest in STEPS if name in {"ENV", "ARG", "RUN"})
    assert not re.search(r"SECRET|PASSWORD|TOKEN|KEY|DATABASE_URL", text)


@pytest.mark.parametrize(
    ("patterns", "path", "is_allowed"),
    [
        (["*"], "backend/main.py", False),
        (["*", "!backend"], "backend/main.py", True),
        (["*", "!backend", "**/__pycache__"], "backend/__pycache__/main.pyc", False),
        (["*", "!backend", "**/__pycache__"], "backend/web/__pycache__/wire.pyc", False),
        ([".env"], ".env.example", True),
    ],
)
def test_the_patterns_are_read_as_docker_reads_them(patterns, path, is_allowed):
    assert is_in_build_context(Path(path), patterns) == is_allowed
