"""docs/doctor.md says what the doctor does."""

import json
import re
import sys

import pytest

from doctor.checks import CHECKS
from doctor.cleanup import clean_up
from doctor.command_line import PASSWORD_VARIABLE, _parser
from doctor.report.json_report import render_json
from doctor.report.table import heading_of
from tests.architecture.source import list_modules
from tests.doctor.run_checks import QUICK
from tests.doctor.test_report import EXAMINED
from tests.rig.space import ROOT, Space

PAGE = ROOT / "docs/doctor.md"
TABLE = re.compile(r"<!-- checks -->\n(.*)<!-- end of checks -->", re.S)


def table():
    """What the page's table must be: a heading for each group, a row for each check."""
    groups: dict[str, list[str]] = {}
    for check in [*CHECKS, clean_up]:
        row = f"| `{check.name}` | {check.title} |"
        groups.setdefault(heading_of(check.name), []).append(row)
    parts = [
        "\n".join([f"**{heading}**\n\n| | |\n|---|---|", *rows]) for heading, rows in groups.items()
    ]
    return "\n" + "\n\n".join(parts) + "\n\n"


def block(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S).group(1)


def test_every_check_stands_in_the_table():
    written = TABLE.search(PAGE.read_text()).group(1)
    assert written == table(), f"put this into {PAGE.name}:\n{table()}"


def test_every_option_is_explained():
    options = {text for action in _parser()._actions for text in action.option_strings}
    text = PAGE.read_text()
    missing = [each for each in options - {"-h", "--help"} if f"| `{each}" not in text]
    assert missing == []
    assert f"`{PASSWORD_VARIABLE}`" in text


def test_the_document_has_the_fields_that_are_shown():
    example, real = json.loads(block("json")), json.loads(render_json(EXAMINED))
    assert list(example) == list(real)
    assert list(example["findings"][0]) == list(real["findings"][0])


def test_the_example_in_python_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("doctor.selection.CHECKS", CHECKS[:4])
    with Space(tmp_path, QUICK) as space:
        exec(block("python").replace("http://localhost:7860", space.url), {})  # noqa: S102  ours
    assert "pass reach.health 200, status ok" in capsys.readouterr().out


def test_it_needs_httpx_with_what_that_installs_and_nothing_else():
    modules = {module.name: module for module in list_modules(ROOT, ("doctor",))}
    known, for_others = set(modules), "doctor.client.passkey_authenticator"
    del modules[for_others]
    imports = {name for module in modules.values() for _, name in module.imports(known)}
    assert for_others not in imports
    packages = {name.split(".")[0] for name in imports}
    assert packages - sys.stdlib_module_names == {"doctor", "httpx", "httpcore"}


@pytest.mark.parametrize("code", ["0", "1", "2", "130", "141"])
def test_every_exit_code_is_explained(code):
    assert re.search(rf"^\| (\d+, )?{code}\b", PAGE.read_text(), re.M)
