"""The notebooks as they are kept: clean, explained, and ready for papermill."""

import re
from itertools import pairwise

import pytest

from notebooks.clean import clean_notebook, notebooks
from tests.lazy_import import lazy_import

nbformat = lazy_import("nbformat")
helper = lazy_import("notebooks.helpers.assertions")

BOOKS = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
LONGEST_CELL = 25


def cells(path):
    return nbformat.read(path, as_version=4).cells


@BOOKS
def test_a_notebook_is_kept_without_outputs_counts_and_machine_metadata(path):
    text = path.read_text()
    assert text == clean_notebook(text), "run: python -m notebooks.clean"


@BOOKS
def test_every_cell_has_a_name_that_stays(path):
    names = [cell.id for cell in cells(path)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


@BOOKS
def test_every_step_is_explained_before_it_is_taken(path):
    kinds = [(cell.id, cell.cell_type) for cell in cells(path)]
    bare = [name for (_, before), (name, kind) in pairwise(kinds) if kind == before == "code"]
    assert kinds[0][1] == "markdown"
    assert bare == []


@BOOKS
def test_cells_are_short(path):
    long = [cell.id for cell in cells(path) if len(cell.source.splitlines()) > LONGEST_CELL]
    assert long == []


@BOOKS
def test_papermill_finds_the_parameters_and_the_server_comes_from_the_environment(path):
    tagged = [cell for cell in cells(path) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert 'base_url = os.environ.get("GATEHOUSE_URL", "http://localhost:7860")' in tagged[0].source


@BOOKS
def test_the_last_cell_judges_what_was_claimed(path):
    assert cells(path)[-1].source.endswith("assertions.raise_if_failed()")


@BOOKS
def test_jupyter_folds_the_code_away(path):
    open_cells = [
        cell.id
        for cell in cells(path)
        if cell.cell_type == "code" and not cell.metadata["jupyter"]["source_hidden"]
    ]
    assert open_cells == []


def test_a_failure_cannot_be_read_as_its_opposite():
    assertions = helper.Assertions()
    assertions.add("the server answers", holds=True)
    assertions.add("every check of the doctor passes", False, "3 of 65 checks failed: a, b, c")
    with pytest.raises(AssertionError) as failure:
        assertions.raise_if_failed()
    assert str(failure.value) == (
        "1 of 2 assertions failed. Does not hold: every check of the doctor passes "
        "(3 of 65 checks failed: a, b, c)"
    )


def test_what_running_leaves_behind_is_taken_out():
    book = nbformat.v4.new_notebook(
        metadata={"language_info": {"name": "python", "version": "3.11.7"}}
    )
    output = nbformat.v4.new_output("stream", text="seen")
    cell = nbformat.v4.new_code_cell("1 + 1", id="sum", execution_count=3, outputs=[output])
    cell.metadata = {"collapsed": True, "tags": ["parameters"]}
    book.cells = [cell]
    clean = nbformat.reads(clean_notebook(nbformat.writes(book)), as_version=4)
    assert clean.metadata["language_info"] == {"name": "python"}
    assert clean.cells[0] == {
        "cell_type": "code",
        "execution_count": None,
        "id": "sum",
        "metadata": {"tags": ["parameters"], "jupyter": {"source_hidden": True}},
        "outputs": [],
        "source": "1 + 1",
    }
