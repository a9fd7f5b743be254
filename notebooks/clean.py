"""Removes outputs and metadata from the notebooks: python -m notebooks.clean."""

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

_FOLDED = {"jupyter": {"source_hidden": True}}
"""JupyterLab then shows what a cell found, and its code at a click."""


def notebooks() -> list[Path]:
    """Return the notebooks in their order."""
    return sorted(FOLDER.glob("*.ipynb"))


def clean_notebook(text: str) -> str:
    """Return a notebook with its code folded, and without outputs and what an editor noted."""
    import nbformat  # takes seconds, which callers of `notebooks` do not need to wait for

    notebook = nbformat.reads(text, as_version=4)
    notebook.metadata = nbformat.from_dict(_METADATA)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.metadata.update(nbformat.from_dict(_FOLDED))
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    cleaned: Any = nbformat.writes(notebook)
    return f"{str(cleaned).rstrip()}\n"


def main() -> None:
    """Clean every notebook in its place."""
    for path in notebooks():
        path.write_text(clean_notebook(path.read_text()))


if __name__ == "__main__":
    main()
