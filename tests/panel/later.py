"""Modules that import Gradio, which takes seconds: read when a test first uses one of them.

So whoever runs other tests does not wait for it while the tests of the panel are collected.
"""

import importlib
from typing import Any


class _Later:
    """Stands for a module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


def later(name: str) -> Any:
    """Return what stands for this module."""
    return _Later(name)
