"""Removes outputs and metadata from the notebooks: python -m notebooks.clean."""

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebooks() -> list[Path]:
    """Return the notebooks in their order."""
    return sorted(FOLDER.glob("*.ipynb"))


def clean_notebook(text: str) -> str:
    """Return a notebook without outputs, counts and what a machine or an editor noted in it."""
    import nbformat  # takes seconds, which callers of `notebooks` do not need to wait for

    notebook = nbformat.reads(text, as_version=4)
    notebook.metadata = nbformat.from_dict(_METADATA)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code":
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
