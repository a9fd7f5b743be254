"""The files and functions that the guides through the code name exist."""

import ast
import re
from pathlib import Path

from tests.architecture.source import ROOT

NAMED = re.compile(r"`([\w/]+\.py)` · ((?:`[\w.]+`(?:, )?)+)")
FILE = re.compile(r"`([\w/]+\.py)`")
BEHAVIOUR = re.compile(r"^\| .+ \| `([\w/]+\.py)` \|$", re.M)


def parse_steps(text: str) -> list[tuple[str, str]]:
    """File and function of each step: `file.py` · `function`, `another`."""
    return [
        (file, function)
        for file, functions in NAMED.findall(text)
        for function in re.findall(r"`([\w.]+)`", functions)
        if not function.endswith(".py")
    ]


def find_missing_steps(root: Path, text: str) -> list[str]:
    """The steps of a page that lead nowhere."""
    missing = {file for file in FILE.findall(text) if not (root / file).is_file()}
    return sorted(missing) + [
        f"{file} {function}"
        for file, function in parse_steps(text)
        if file not in missing and function not in list_definitions(root / file)
    ]


def list_definitions(file: Path) -> set[str]:
    """Names of the functions and classes of a file, methods as Class.method."""
    body = ast.parse(file.read_text()).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    methods = {f"{each.name}.{name}" for each in classes for name in _names(each.body)}
    return _names(body) | methods


def _names(body: list[ast.stmt]) -> set[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in body if isinstance(node, kinds)}


def test_every_step_of_the_walk_is_there():
    text = (ROOT / "docs/walk.md").read_text()
    assert len(parse_steps(text)) > 40
    assert find_missing_steps(ROOT, text) == []


def test_every_behaviour_is_where_the_table_says():
    files = BEHAVIOUR.findall((ROOT / "docs/architecture.md").read_text())
    assert len(files) == 27
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_a_step_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "web.py").write_text("class Gate:\n    def shut(self): ...\n")
    text = "`web.py` · `Gate.shut`, `Gate.open`, then `gone.py` · `run`; `web.py` · `Gate`"
    assert find_missing_steps(tmp_path, text) == ["gone.py", "web.py Gate.open"]
