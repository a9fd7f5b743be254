"""Sessions are made only behind the gates: which modules may call what makes one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, list_modules

CALLERS = {
    "backend.features.sessions.service.issue": ["backend.features.accounts.session_issuer"],
    "backend.storage.queries.sessions.insert": ["backend.features.sessions.service"],
}
"""What makes a session, and the only modules that may name it."""


def list_uses(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything the module uses of another, aliases resolved."""
    aliases: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            aliases |= {each.asname: each.name for each in node.names if each.asname}
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                full = f"{node.module}.{each.name}"
                aliases[each.asname or each.name] = full
                yield node.lineno, full
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            yield node.lineno, ".".join([aliases.get(first, first), *rest])


def find_back_doors(root: Path) -> list[str]:
    """One line for each place that makes a session and may not."""
    return [
        f"{module.path}:{line} uses {name}"
        for module in list_modules(root, ("backend", "panel", "app.py"))
        for line, name in list_uses(module)
        if name in CALLERS and module.name not in CALLERS[name]
    ]


def test_a_session_is_made_behind_the_gates_and_nowhere_else():
    assert find_back_doors(ROOT) == []


def test_what_makes_a_session_is_where_this_page_looks_for_it():
    names = {name for module in list_modules(ROOT, ("backend",)) for _, name in list_uses(module)}
    assert CALLERS.keys() <= names


@pytest.mark.parametrize(
    "text",
    [
        "from backend.features.sessions import service\nservice.issue(work, mint, user)",
        "from backend.features.sessions import service as sessions\nsessions.issue(work)",
        "from backend.features.sessions.service import issue",
        "import backend.features.sessions.service\nbackend.features.sessions.service.issue()",
        "import backend.storage.queries.sessions as rows\nrows.insert(db, session, digest)",
        "from backend.storage.queries import sessions\nmake = sessions.insert",
    ],
)
def test_a_back_door_is_found(tmp_path, text):
    (tmp_path / "backend/features").mkdir(parents=True)
    (tmp_path / "backend/features/passkeys.py").write_text(text)
    assert len(find_back_doors(tmp_path)) == 1
