"""While the panel is loaded, Gradio does no work that nobody needs: it took most of the time."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

import panel  # noqa: F401  # which is what is tested: it is always imported before Gradio
from tests.in_process import Loop

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


def test_a_page_makes_no_app_of_its_own(loop: Loop):
    from gradio import Blocks, blocks, routes

    from panel.server.gradio.app import without_intermediate_apps

    async def build() -> Blocks:
        with without_intermediate_apps(), Blocks() as built:
            pass
        return built

    built = loop.run(build())  # on a loop, or Gradio's queue would leave one open
    assert built.app is None
    assert blocks.App is routes.App
