"""Reads a tree of Python files: its modules, and what each imports."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("app.py", "backend", "panel", "doctor", "notebooks")


@dataclass(frozen=True)
class Module:
    """One file. `name` is what an import would call it."""

    path: Path
    name: str
    tree: ast.Module

    def imports(self, known: set[str]) -> Iterator[tuple[int, str]]:
        """Line and dotted name of each import, wherever it stands in the file.

        `from a import b` is an import of `a.b` where that is a module of the `known` ones.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield node.lineno, full if full in known else str(node.module)


def list_modules(root: Path, places: tuple[str, ...] = PRODUCT) -> list[Module]:
    """Every module under the `places` of a tree that exist, packages and notebooks included."""
    files = [
        file
        for place in places
        for file in sorted([root / place, *(root / place).rglob("*")])
        if file.suffix in {".py", ".ipynb"} and file.is_file()
    ]
    return [Module(file.relative_to(root), _name(file, root), _parse(file)) for file in files]


def _name(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parse(file: Path) -> ast.Module:
    text = file.read_text()
    if file.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        lines = [line for cell in cells for line in "".join(cell["source"]).splitlines()]
        text = "\n".join("" if line.startswith(("%", "!")) else line for line in lines)
    return _tree(text)


@cache  # every rule reads every file
def _tree(text: str) -> ast.Module:
    return ast.parse(text)
