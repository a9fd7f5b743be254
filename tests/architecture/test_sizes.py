"""Files and functions stay short."""

import ast
from pathlib import Path

import pytest

from tests.architecture.source import PRODUCT, ROOT, list_modules

FILE, TEST_FILE, FUNCTION = 300, 400, 40


def find_long_files(root: Path) -> list[str]:
    """One line for each file that is too long."""
    return [
        f"{module.path} has {lines} lines, more than {limit}"
        for places, limit in ((PRODUCT, FILE), (("tests", "bench"), TEST_FILE))
        for module in list_modules(root, places)
        if module.path.suffix == ".py"
        and (lines := len((root / module.path).read_text().splitlines())) > limit
    ]


def find_long_functions(root: Path) -> list[str]:
    """One line for each function of the product that is too long, from `def` to its last line."""
    return [
        f"{module.path}:{node.lineno} {node.name} has {lines} lines, more than {FUNCTION}"
        for module in list_modules(root)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION
    ]


def test_no_file_is_too_long():
    assert find_long_files(ROOT) == []


def test_no_function_is_too_long():
    assert find_long_functions(ROOT) == []


@pytest.mark.parametrize(
    ("path", "lines", "count"),
    [
        ("backend/main.py", 300, 0),
        ("backend/main.py", 301, 1),
        ("app.py", 301, 1),
        ("tests/api/test_sign_in.py", 400, 0),
        ("tests/api/test_sign_in.py", 401, 1),
    ],
)
def test_a_long_file_is_found(tmp_path, path, lines, count):
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("pass\n" * lines)
    assert len(find_long_files(tmp_path)) == count


@pytest.mark.parametrize(("lines", "count"), [(40, 0), (41, 1)])
@pytest.mark.parametrize("start", ["def run():\n", "async def run():\n"])
def test_a_long_function_is_found(tmp_path, start, lines, count):
    (tmp_path / "app.py").write_text(start + "    pass\n" * (lines - 1))
    assert len(find_long_functions(tmp_path)) == count
