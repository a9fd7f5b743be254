"""Gradio is imported without the stubs it would write for editors: they are half of the work."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

import panel  # noqa: F401  # which is what is tested: it is always imported before Gradio

COMPONENT = """
import gradio as gr


class Mine(gr.Button):
    pass
"""


def test_nothing_is_written_beside_a_component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = tmp_path / "module_with_a_component.py"
    source.write_text(COMPONENT)
    monkeypatch.syspath_prepend(tmp_path)
    module = import_module(source.stem)
    monkeypatch.delitem(sys.modules, source.stem)
    assert module.Mine.__name__ == "Mine"
    assert not source.with_suffix(".pyi").exists()
