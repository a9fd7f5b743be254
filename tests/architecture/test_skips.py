"""No test is skipped silently: the rule of tests/rig/plugin.py, tried on small test files."""

import re
from pathlib import Path

from tests.architecture.source import ROOT
from tests.rig.fork_server import run_forked
from tests.rig.space import inherited

PLUGINS = ["-p", "tests.rig.plugin", "-p", "no:hypothesispytest"]  # the latter is slow to load
LACKING = (
    "from tests.rig.missing_tools import skip_test\ndef test(): skip_test('wings', 'grow them')\n"
)


def run_pytest(folder: Path, code: str, **environment: str) -> tuple[int, str]:
    """Exit code and output of pytest, with our plugin, on a file with this code.

    `environment` is added to what it inherits.
    """
    (folder / "test_it.py").write_text(code)
    command = ["-m", "pytest", *PLUGINS, f"--rootdir={folder}", str(folder)]
    imported = ("pytest", "tests.rig.postgres")
    process = run_forked(command, ROOT, inherited() | environment, imported=imported)
    return process.returncode, process.stdout


def test_what_the_machine_lacks_is_named_and_fails_nothing(tmp_path):
    code, output = run_pytest(tmp_path, LACKING)
    assert code == 0
    assert "skipped 1: this machine lacks wings: grow them" in output


def test_with_ci_true_it_is_a_failure(tmp_path):
    code, output = run_pytest(tmp_path, LACKING, CI="true")
    assert code == 1
    assert "this machine lacks wings" in output


BY_HAND = """
import pytest

def test_skip(): pytest.skip('later')

@pytest.mark.skipif(True, reason='later')
def test_skipif(): ...

@pytest.mark.xfail(reason='later')
def test_xfail(): assert False

def test_as_it_should_be(): ...
"""


def test_leaving_out_by_hand_is_a_failure(tmp_path):
    code, output = run_pytest(tmp_path, BY_HAND)
    assert code != 0
    assert "2 failed, 1 passed, 1 error" in output
    for way in ("skip", "skipif", "xfail"):
        assert re.search(rf"(FAILED|ERROR) .*::test_{way}\b", output)
    assert output.count("left out by hand (") >= 3


def test_leaving_out_a_file_by_hand_is_one_too(tmp_path):
    module = "import pytest\npytest.skip('later', allow_module_level=True)\n"
    code, output = run_pytest(tmp_path, module)
    assert code != 0
    assert "left out by hand (later)" in output
