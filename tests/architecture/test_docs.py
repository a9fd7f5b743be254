"""What the documentation names exists, and what exists is documented."""

import asyncio
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.docs.guide import GUIDES, page_name
from tests.rig.missing_tools import skip_test

# What means nothing to a reader: folders of somebody's own machine, numbers of a tracker, the
# harnesses that are not in the repository. (No pattern matches itself.)
FORBIDDEN = [
    re.compile(r"(?<![\w.])/(work|root|Users)/"),
    re.compile(r"\b[Ii]ssue #?\d"),
    re.compile(r"[.][.]/shared"),
]
MAY_NAME_THE_HARNESSES = {"tests/rig/harness.py"}
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.S)


def find_unwritten(names: Iterable[str], text: str) -> list[str]:
    """The names that the text does not contain as whole words."""
    return [name for name in names if not re.search(rf"(?<![\w/]){re.escape(name)}(?![\w/])", text)]


def find_unreal_targets(guide: str, makefile: str) -> list[str]:
    """The `make` targets that a text names and the Makefile lacks."""
    targets = {
        target for code in CODE.findall(guide) for target in re.findall(r"\bmake ([a-z]+)", code)
    }
    return sorted(targets - set(re.findall(r"^([a-z]+):", makefile, re.M)))


def find_forbidden_words(root: Path, files: Iterable[str]) -> list[str]:
    """One line for each line of these files that has a forbidden word."""
    return [
        f"{file}:{number} has {match.group()}"
        for file in files
        for number, line in enumerate(_lines(root / file), 1)
        for word in FORBIDDEN
        if (match := word.search(line))
        and not ("shared" in word.pattern and file in MAY_NAME_THE_HARNESSES)
    ]


def _lines(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines() if file.is_file() else []


def _list_project_files() -> list[str]:
    if not (ROOT / ".git").exists():
        skip_test("the list of this project's files", "it comes from git: work in a clone")
    # The clone may belong to another user: git would refuse it, and we only list it.
    git = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"]
    process = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)
    return process.stdout.splitlines()


def list_routes(folder: Path) -> list[str]:
    """Every route that answers HTTP, as in `GET /health`."""
    from backend.kernel.settings import Settings
    from backend.main import create_app

    # These values win over a developer's own environment.
    here = {"data_dir": folder, "database_url": None, "database_url_direct": None}
    app = create_app(Settings(_env_file=None, environment="development", bcrypt_rounds=4, **here))

    async def read() -> list[str]:
        async with app.router.lifespan_context(app):
            return [
                f"{method} {route.path}"
                for route in app.routes
                for method in sorted(set(getattr(route, "methods", None) or ()) - {"HEAD"})
            ]

    return asyncio.run(read())


@pytest.mark.parametrize("page", ["docs/settings.md", ".env.example"])
def test_every_setting_is_explained(page):
    from backend.kernel.settings import Settings

    names = [name.upper() for name in Settings.model_fields]
    assert find_unwritten(names, (ROOT / page).read_text()) == []


def test_every_kind_of_mail_is_explained():
    """MAIL_SUBJECTS changes the subject of each."""
    source = (ROOT / "backend/features/mail/templates.py").read_text()
    kinds = set(re.findall(r'kind="([a-z-]+)"', source))
    settings = (ROOT / "docs/settings.md").read_text()
    [row] = [line for line in settings.splitlines() if line.startswith("| `MAIL_SUBJECTS`")]
    assert find_unwritten(kinds, row) == []


def test_every_route_is_explained(tmp_path):
    assert find_unwritten(list_routes(tmp_path), (ROOT / "docs/api.md").read_text()) == []


@pytest.mark.parametrize("page", GUIDES, ids=page_name)
def test_every_make_target_in_the_guides_is_real(page):
    assert find_unreal_targets(page.read_text(), (ROOT / "Makefile").read_text()) == []


def test_the_readme_can_be_read_in_five_minutes():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_project_speaks_of_itself_alone():
    assert find_forbidden_words(ROOT, _list_project_files()) == []


def test_an_unwritten_name_is_found():
    assert find_unwritten(["PORT"], "SMTP_PORT=1") == ["PORT"]
    assert find_unwritten(["PORT"], "`PORT` is 7860") == []
    assert find_unwritten(["GET /api/me"], "GET /api/me/more") == ["GET /api/me"]


def test_an_unreal_target_is_found():
    readme = "To make sure, `make test`, then\n```\nmake fly\n```"
    assert find_unreal_targets(readme, "test: tools\n\tpytest\n") == ["fly"]


def test_a_forbidden_word_is_found(tmp_path):
    lines = ["fine", "/".join(["see ", "root", "notes"]), " ".join(["closes issue", "7"])]
    (tmp_path / "notes.md").write_text("\n".join(lines))
    findings = find_forbidden_words(tmp_path, ["notes.md", "gone.md"])
    assert [line.split()[0] for line in findings] == ["notes.md:2", "notes.md:3"]
