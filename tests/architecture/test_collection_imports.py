"""Collecting the tests stays cheap: no test file imports what takes seconds to import."""

import ast
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, list_modules
from tests.architecture.test_import_rules import write_file
from tests.lazy_import import lazy_import

SLOW = {"gradio", "matplotlib", "nbformat", "pandas"}
READ = ("bench", "notebooks", "panel", "tests")
# Read in processes of their own, or by hand.
APART = {
    "tests.panel.gradio_routes",
    "tests.panel.gradio_idle",
    "tests.notebooks.warm_report",
}


def find_slow_imports(root: Path) -> set[str]:
    """The modules of tests whose import imports one of those, by themselves or through others."""
    tree = {module.name: module for module in list_modules(root, READ)}
    reads = {name: set(_list_imports(module, tree)) for name, module in tree.items()}
    slow = set(SLOW)
    while more := {name for name, read in reads.items() if read & slow} - slow:
        slow |= more
    return {name for name in slow if name.startswith("tests.")} - APART


def _list_imports(module: Module, known: dict[str, Module]) -> Iterator[str]:
    for node in module.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from accumulate(alias.name.split("."), "{}.{}".format)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from accumulate(node.module.split("."), "{}.{}".format)
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in names if name in known)


def test_nothing_slow_is_imported_while_tests_are_collected():
    assert find_slow_imports(ROOT) == set()


def test_an_import_through_others_is_found(tmp_path):
    write_file(tmp_path, "panel/ui/wiring.py", "import gradio as gr")
    write_file(tmp_path, "panel/pages/users.py", "from panel.ui import wiring")
    write_file(tmp_path, "tests/panel/test_users.py", "from panel.pages.users import page as users")
    write_file(tmp_path, "tests/panel/test_late.py", "def test():\n    from panel.ui import wiring")
    assert find_slow_imports(tmp_path) == {"tests.panel.test_users"}


def test_what_stands_for_a_module_does_not_import_it_when_pytest_looks_for_fixtures():
    for name in ("__wrapped__", "_mock_name"):
        assert getattr(lazy_import("no_such_module"), name, None) is None
    with pytest.raises(ModuleNotFoundError):
        lazy_import("no_such_module").anything  # noqa: B018
