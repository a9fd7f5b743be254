"""Each notebook against a server that is right: it holds, shows no secret, and leaves nobody."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from notebooks.clean import notebooks
from tests.docs.guide import list_blocks
from tests.notebooks.proxies import RecordingProxy
from tests.notebooks.run_notebook import QUICK, SECRET_KEY, NotebookRun, accounts_left, behind, run
from tests.rig.space import ROOT, Space, inherited

# The doctor's waits for the limits of sign-ins, half a minute in all, while the others run.
WAITS, *OTHERS = [path.stem for path in notebooks()]
DATABASE_PASSWORD = "canary-Hs82kfQp"


@dataclass(frozen=True)
class ObservedRun:
    """A run, the secrets that passed meanwhile, and the addresses that still had an account."""

    result: NotebookRun
    secrets: set[str]
    accounts: list[str]


def run_behind(name: str, folder: Path) -> ObservedRun:
    proxy = RecordingProxy()
    with behind(proxy, folder / "space") as (space, url):
        result = run(name, url, folder, DATA_DIR=str(space.folder / "data"))
        return ObservedRun(result, proxy.secrets, accounts_left(space))


@pytest.fixture(scope="module")
def observe(request, tmp_path_factory):
    """What runs a notebook; the one that waits has begun then, if its test is among these."""
    begun = f"[{WAITS}]"
    with ThreadPoolExecutor(1) as beside:
        ahead = (
            beside.submit(run_behind, WAITS, tmp_path_factory.mktemp("ahead"))
            if any(item.name.endswith(begun) for item in request.session.items)
            else None
        )

        def observe_run(name: str) -> ObservedRun:
            if name == WAITS and ahead:
                return ahead.result()
            return run_behind(name, tmp_path_factory.mktemp(name))

        yield observe_run


@pytest.mark.parametrize("name", [*OTHERS, WAITS])
def test_a_notebook_holds_against_a_live_server(name, observe: Callable[[str], ObservedRun]):
    observed = observe(name)
    assert observed.result.code == 0, observed.result.output
    assert len(observed.secrets) > 3
    assert observed.result.leaks({*observed.secrets, SECRET_KEY}) == []
    assert observed.accounts == []
    assert "holds" in observed.result.text
    assert "does not hold" not in observed.result.text
    assert observed.result.begins_with("Passed.")
    assert observed.result.page.count('<details class="folded-code"') > 3


def test_the_database_may_be_postgresql(postgres_url, tmp_path):
    parts = urlsplit(postgres_url)
    secretly = postgres_url.replace(f":{parts.password}@", f":{DATABASE_PASSWORD}@")
    proxy = RecordingProxy()
    with behind(proxy, tmp_path / "space", {**QUICK, "DATABASE_URL": secretly}) as (_, url):
        result = run("05_database", url, tmp_path, DATABASE_URL=secretly)
        assert result.code == 0, result.output
        assert result.leaks({*proxy.secrets, SECRET_KEY, DATABASE_PASSWORD}) == []
    assert "PostgreSQL, read only" in result.text
    with closing(psycopg2.connect(postgres_url)) as database, database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM users")
        assert cursor.fetchone() == (0,)


def test_papermill_gives_a_notebook_its_parameters_from_any_folder(tmp_path):
    (command,) = [
        block.text
        for block in list_blocks(ROOT / "docs" / "notebooks.md")
        if block.note == "tests/notebooks/test_running.py"
    ]
    command = command.replace(" notebooks/", f" {ROOT}/notebooks/")
    with Space(tmp_path) as space:
        here = command.replace(".venv/bin/python", sys.executable)
        result = subprocess.run(
            ["sh", "-ec", here.replace("http://localhost:7860", space.url)],
            cwd=tmp_path,
            env={**inherited(), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert accounts_left(space) == []
    assert "injected-parameters" in (tmp_path / "out.ipynb").read_text()


def test_make_runs_them_all():
    make = ["make", "--no-print-directory", "--dry-run", "notebooks", "ARGS=05_database"]
    result = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.endswith("-m notebooks.report 05_database\n")
