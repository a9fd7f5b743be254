"""Which part may import which, and where each library may be used (see docs/architecture.md)."""

import ast
import re
import sys
from fnmatch import fnmatch
from itertools import accumulate
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, list_modules

# Features that all others may use. Where these must call upward, sign_in.py wires a hook.
SHARED = ("accounts", "audit", "links", "mail", "sessions")

# What each part may import besides itself.
MAY_IMPORT = {
    "app": ["panel", "backend"],
    # Inside the panel: what the server mounts, down to what it is given from outside.
    "panel": ["panel.server"],
    "panel.server": [
        "panel.pages",
        "panel.ui",
        "panel.services",
        "panel.tester",
        "panel.client",
        "panel.ports",
        "doctor",
    ],
    "panel.pages": [
        "panel.ui",
        "panel.services",
        "panel.tester",
        "panel.client",
        "panel.ports",
        "panel.quantities",
        "doctor",
    ],
    "panel.ui": ["panel.services", "panel.client", "panel.quantities"],
    "panel.services": ["panel.tester", "panel.client", "panel.ports"],
    "panel.tester": ["panel.client", "panel.ports", "panel.quantities", "doctor"],
    "panel.client": ["panel.ports", "doctor"],
    "panel.ports": [],
    "panel.quantities": [],
    "notebooks": ["doctor"],
    "doctor": [],
    "backend": [],
    "backend.__main__": ["backend"],  # `python -m backend serve`: the Space without its panel
    "backend.start": [  # what all ways of starting share
        "backend.web",
        "backend.storage",
        "backend.process",
        "backend.kernel",
    ],
    "backend.routes": ["backend.features", "backend.web", "backend.kernel"],
    "backend.sign_in": [  # a part of the composition root
        "backend.features",
        "backend.limits",
        "backend.storage",
        "backend.process",
        "backend.kernel",
    ],
    "backend.main": [
        "backend.routes",
        "backend.sign_in",
        "backend.features",
        "backend.limits",
        "backend.web",
        "backend.storage",
        "backend.process",
        "backend.kernel",
    ],
    "backend.features": [
        "backend.limits",
        "backend.web",
        "backend.storage",
        "backend.process",
        "backend.kernel",
        *(f"backend.features.{feature}" for feature in SHARED),
    ],
    "backend.features.management": ["backend.features.admin"],  # ... and what the panel needs
    "backend.features.email_otp": [  # ... which do with a link what a code does
        "backend.features.email_verification",
        "backend.features.password_reset",
    ],
    "backend.features.user_transfer": [  # ... of users who move in
        "backend.features.providers",
        "backend.features.two_factor",
    ],
    "backend.limits": ["backend.web", "backend.storage", "backend.kernel"],
    "backend.web": ["backend.storage", "backend.process", "backend.kernel"],
    "backend.storage": ["backend.process", "backend.kernel"],
    "backend.process": ["backend.kernel"],
    "backend.kernel": [],
}

WEB = [
    "backend.web",
    "backend.features.*.routes",
    "backend.features.sessions.dependencies",  # also usable from plain FastAPI routes
    "backend.main",
]
HOMES = {
    "sqlalchemy": ["backend.storage"],
    "alembic": ["backend.storage"],
    "psycopg2": ["backend.storage", "notebooks"],  # which look at a database from outside
    "sqlite3": ["backend.storage", "notebooks"],
    "fastapi": WEB,
    "starlette": [*WEB, "panel"],  # Gradio is a Starlette application
    "gradio": ["panel"],
    "passlib": ["backend.kernel"],
    "bcrypt": ["backend.kernel"],
    # The Tester's journey plays an authenticator: it signs what the server verifies.
    "cryptography": ["backend.kernel", "backend.features.passkeys", "doctor.client"],
    "webauthn": ["backend.features.passkeys", "doctor.client"],
    "pydantic_settings": ["backend.kernel"],
}
KERNEL_MAY_USE = {
    *("cryptography", "dotenv", "idna", "passlib", "publicsuffixlist", "pydantic"),
    "pydantic_settings",
}
OURS = {"app", "backend", "panel", "doctor", "notebooks", "tests", "bench", "scripts"}
LAYERED = {"backend", "panel"}
"""Whose folders have arrows of their own."""
SQL = re.compile(r"\s*(SELECT\s.+\sFROM|INSERT INTO|UPDATE\s+\w+\s+SET|DELETE FROM)\s", re.S)


DECISIONS = ("backend.features.*",)
"""In every feature, only the modules named next may import the web layer."""
SPEAK_HTTP = (
    "*.routes",
    "*.routes.*",
    "*.wire",
    "*.admin.user_query",  # query parameters
    "*.accounts.challenge_response",
    "*.accounts.password_sign_in",
    "*.management.log",  # JSON models, with what fills them
    "*.management.status",
    "*.user_transfer.user_record",  # takes the wire's field types, so that limits are the same
    "*.sessions.cache",  # keeps rendered responses
    "*.sessions.dependencies",
    "*.sessions.lookup",  # uses the server's worker pools
    "*.sessions.reader",  # reads the request
    "*.sessions.session_cookies",
)


def find_broken_arrows(root: Path) -> list[str]:
    """One line for each import that points the wrong way."""
    tree = list_modules(root)
    known = {str(part) for module in tree for part in accumulate(module.name.split("."), _join)}
    return [
        f"{module.path}:{line} imports {target}"
        for module in tree
        for line, target in module.imports(known)
        if target.split(".")[0] in OURS and not _may_import(module.name, target)
    ]


def find_http_in_services(root: Path) -> list[str]:
    """One line for each import of the web layer by a service."""
    return [
        f"{module.path}:{line} imports {target}"
        for module in list_modules(root, ("backend/features",))
        if _is_one_of(module.name, DECISIONS) and not _is_one_of(module.name, SPEAK_HTTP)
        for line, target in module.imports(set())
        if _is_within(target, "backend.web")
    ]


def find_strangers(root: Path) -> list[str]:
    """One line for each import of a library outside the parts that may use it."""
    return [
        f"{module.path}:{line} imports {target}"
        for module in list_modules(root)
        for line, target in module.imports(set())
        if _is_stranger(module.name, target.split(".")[0])
    ]


def find_sql_outside_storage(root: Path) -> list[str]:
    """One line for each SQL statement spelled out in a feature."""
    return [
        f"{module.path}:{line} spells SQL"
        for module in list_modules(root, ("backend/features", "backend/web", "panel"))
        for line in _sql_lines(module)
    ]


def _may_import(name: str, target: str) -> bool:
    if target == "backend":  # the package itself: holds the version, and nothing else
        return name == "app" or _is_within(name, "backend")
    home = _find_home(name)
    allowed = [*MAY_IMPORT.get(_find_layer(home), []), *MAY_IMPORT.get(home, [])]
    return home == _find_home(target) or any(_is_within(target, part) for part in allowed)


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _join(parent: str, child: str) -> str:
    return f"{parent}.{child}"


def _find_home(name: str) -> str:
    """The part that a module belongs to: a feature, a layer, or a program of its own."""
    parts = name.split(".")
    depth = 3 if parts[:2] == ["backend", "features"] else 2 if parts[0] in LAYERED else 1
    return ".".join(parts[:depth])


def _find_layer(home: str) -> str:
    return "backend.features" if _is_within(home, "backend.features") else home


def _is_within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def _is_stranger(name: str, library: str) -> bool:
    if library in OURS:
        return False
    in_kernel = _is_within(name, "backend.kernel")
    if in_kernel and library not in KERNEL_MAY_USE | sys.stdlib_module_names:
        return True
    homes = HOMES.get(library)
    return homes is not None and not any(
        fnmatch(name, home) or fnmatch(name, f"{home}.*") for home in homes
    )


def _sql_lines(module: Module) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]


def test_every_import_follows_the_arrows():
    assert find_broken_arrows(ROOT) == []


def test_what_decides_knows_nothing_of_http():
    assert find_http_in_services(ROOT) == []


def test_a_service_that_speaks_http_is_found(tmp_path):
    line = "from backend.web.responses.responses import Answer"
    for name in ("two_factor/service", "accounts/session_issuer", "accounts/routes"):
        write_file(tmp_path, f"backend/features/{name}.py", line)
    assert len(find_http_in_services(tmp_path)) == 2


def test_every_library_is_used_only_at_home():
    assert find_strangers(ROOT) == []


def test_no_capability_spells_sql():
    assert find_sql_outside_storage(ROOT) == []


def write_file(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("backend/kernel/clock.py", "from backend.storage.engine import Database"),
        ("backend/kernel/clock.py", "def lazy_import():\n    import backend.web"),
        ("backend/storage/queries/users.py", "from backend import web"),
        ("backend/storage/queries/users.py", "from backend.features.accounts import service"),
        ("backend/limits/limiter.py", "from backend.features.sessions.service import read"),
        ("backend/web/app_context.py", "from backend.limits.limiter import Limiter"),
        ("backend/web/edge/security_headers.py", "from backend.main import create_app"),
        ("backend/features/sessions/service.py", "import backend.features.admin.service"),
        ("backend/features/admin/service.py", "from backend.features import two_factor"),
        ("backend/features/admin/service.py", "from backend.main import create_app"),
        ("backend/main.py", "import panel"),
        ("backend/web/edge/security_headers.py", "from tests.rig import space"),
        ("backend/corner.py", "from backend.kernel import clock"),
        ("panel/tester/service.py", "from backend.kernel import clock"),
        ("panel/__init__.py", "from panel.pages.users import page"),
        ("panel/pages/users/page.py", "from panel.server.paths import access_for"),
        ("panel/ui/wiring.py", "from panel.server.paths import access_for"),
        ("panel/ui/table.py", "from panel.pages.events import audit_table"),
        ("panel/ui/table.py", "from panel.tester.service import Tester"),
        ("panel/services.py", "from panel.ui.markup import Markup"),
        ("panel/tester/service.py", "from panel.pages.tester import results"),
        ("panel/tester/words.py", "from panel.ui.words import try_later"),
        ("panel/tester/journeys/runner.py", "from panel.services import Tools"),
        ("panel/client/api.py", "from panel.server.cookies import PanelCookies"),
        ("panel/client/api.py", "from panel.tester.browsers import Browser"),
        ("panel/ports.py", "from panel.client.visitor import CurrentAdmin"),
        ("doctor/checks.py", "import panel"),
        ("notebooks/walk.py", "import backend"),
    ],
)
def test_an_import_against_the_arrows_is_found(tmp_path, path, line):
    write_file(tmp_path, "backend/features/two_factor/service.py", "")
    write_file(tmp_path, "backend/web/cookies.py", "")
    write_file(tmp_path, path, line)
    assert len(find_broken_arrows(tmp_path)) == 1


def test_an_import_in_a_notebook_is_found(tmp_path):
    cell = '{"cell_type": "code", "source": ["%matplotlib inline\\n", "import backend.main"]}'
    write_file(tmp_path, "notebooks/walk.ipynb", f'{{"cells": [{cell}]}}')
    assert find_broken_arrows(tmp_path) == ["notebooks/walk.ipynb:2 imports backend.main"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("app.py", "from backend.main import create_app"),
        ("app.py", "import panel"),
        ("backend/__main__.py", "from backend.main import create_app"),
        ("backend/main.py", "from backend.features.admin import routes"),
        ("backend/features/admin/routes.py", "from backend.features.admin import service"),
        ("backend/features/admin/service.py", "from backend.features.sessions import service"),
        ("backend/features/sessions/dependencies.py", "from backend.limits import rules"),
        ("backend/limits/endpoint.py", "from backend.web.request_context import Visit"),
        ("backend/web/edge/security_headers.py", "from backend.kernel.clock import Clock"),
        ("panel/__init__.py", "from panel.server.mount import beside"),
        ("panel/server/gradio/app.py", "from panel.pages import PAGES"),
        ("panel/pages/users/page.py", "from panel.ui.table import table"),
        ("panel/pages/overview/page.py", "from panel.pages.events import audit_table"),
        ("panel/pages/tester/page.py", "from panel.tester.service import Tester"),
        ("panel/tester/service.py", "from panel.client.loopback import Call"),
        ("panel/client/doctor_run.py", "import doctor"),
    ],
)
def test_an_import_along_the_arrows_is_let_through(tmp_path, path, line):
    write_file(tmp_path, path, line)
    assert find_broken_arrows(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("backend/features/accounts/service.py", "from sqlalchemy import select"),
        ("backend/web/edge/security_headers.py", "import psycopg2.errors"),
        ("backend/features/accounts/service.py", "from fastapi import Request"),
        ("backend/storage/work.py", "from starlette.requests import Request"),
        ("app.py", "import gradio as gr"),
        ("backend/main.py", "def panel():\n    import gradio"),
        ("backend/features/accounts/service.py", "from passlib.hash import bcrypt"),
        ("backend/kernel/events.py", "import httpx"),
    ],
)
def test_a_library_away_from_home_is_found(tmp_path, path, line):
    write_file(tmp_path, path, line)
    assert len(find_strangers(tmp_path)) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("backend/storage/__init__.py", "import sqlalchemy"),
        ("backend/storage/migrations/versions/first.py", "from alembic import op"),
        ("backend/features/accounts/routes.py", "from fastapi import APIRouter"),
        ("panel/pages/tester/page.py", "import gradio"),
        ("backend/kernel/settings.py", "import json, pydantic"),
    ],
)
def test_a_library_at_home_is_let_through(tmp_path, path, line):
    write_file(tmp_path, path, line)
    assert find_strangers(tmp_path) == []


def test_sql_in_a_capability_is_found(tmp_path):
    query = 'Q = "SELECT id FROM users WHERE 1=1"'
    write_file(tmp_path, "backend/features/admin/service.py", query)
    write_file(tmp_path, "backend/features/mail/service.py", '"""Select what is due."""')
    assert find_sql_outside_storage(tmp_path) == ["backend/features/admin/service.py:1 spells SQL"]
