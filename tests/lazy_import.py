"""Modules whose import takes seconds, such as Gradio: read when a test first uses one of them.

So a run of other tests does not wait for it while tests are collected.
"""

import importlib
from typing import Any


class _LazyModule:
    """Stands for a module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        # What pytest asks of all that is in a file: is it a mock, or a fixture in disguise?
        if name == "_mock_name" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self._name), name)


def lazy_import(name: str) -> Any:
    """Return what stands for this module."""
    return _LazyModule(name)
