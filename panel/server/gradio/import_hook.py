"""Keeps Gradio from writing type stubs for editors while it is imported.

For each of its component classes Gradio parses the source, renders a stub and compares it with the
`.pyi` file beside it, or writes that file, which is nearly half of the time that its import takes.
"""

from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_MODULE = "gradio.component_meta"


class StubSkippingFinder(MetaPathFinder):
    """Finds that one module of Gradio, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        vars(module)["create_or_modify_pyi"] = _write_no_stub


def _write_no_stub(component_class: type, class_name: str, events: object) -> None:
    """Stands in for Gradio's function."""
