"""The scripts that measure by hand can be imported: mypy and the other tests do not see them."""

import importlib

from tests.architecture.source import ROOT


def test_the_measuring_scripts_find_what_they_import(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    assert importlib.import_module("measure_admin_queries").main
