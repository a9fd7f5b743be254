"""Every block of every guide is run by a test, or says in a comment why it cannot be."""

import re

import pytest

from tests.docs.guide import GUIDES, ROOT, Block, list_blocks, page_name

KINDS = {"run", "starts", "shows", "needs", "run by", "same as"}


def list_unmarked(page_blocks: list[Block]) -> list[str]:
    """The places of blocks without a mark that says who runs them; pictures need none."""
    return [
        block.place for block in page_blocks if block.language != "text" and block.kind not in KINDS
    ]


def list_unrunnable(page_blocks: list[Block]) -> list[str]:
    """The places of blocks whose mark makes no sense."""
    wrong = []
    for before, block in zip([None, *page_blocks], page_blocks, strict=False):
        if block.kind in {"run", "starts"} and block.language != "sh":
            wrong.append(f"{block.place} is to be run and is no sh")
        if block.kind == "shows" and (before is None or before.kind != "run"):
            wrong.append(f"{block.place} shows what nobody has printed")
        if block.kind in {"starts", "needs", "run by", "same as"} and not block.note:
            wrong.append(f"{block.place} leaves open what it {block.kind}")
    return wrong


@pytest.mark.parametrize("page", GUIDES, ids=page_name)
def test_every_block_says_who_runs_it(page):
    assert list_unmarked(list_blocks(page)) == []
    assert list_unrunnable(list_blocks(page)) == []


@pytest.mark.parametrize("page", GUIDES, ids=page_name)
def test_what_is_said_to_run_elsewhere_is_run_there(page):
    for block in list_blocks(page):
        if block.kind == "run by":
            test = ROOT / block.note
            assert test.is_file(), f"{block.place}: there is no {block.note}"
            folder = "\n".join(file.read_text() for file in sorted(test.parent.glob("*.py")))
            assert page.name in folder, f"{block.note} does not read {page.name}"


@pytest.mark.parametrize("page", GUIDES, ids=page_name)
def test_an_excerpt_says_what_its_page_says(page):
    for block in list_blocks(page):
        if block.kind == "same as":
            assert block.text in (ROOT / block.note).read_text(), block.place


def test_every_section_with_something_to_run_is_run_by_a_test():
    tests = "\n".join(file.read_text() for file in sorted((ROOT / "tests/docs").glob("test_*.py")))
    runnable = {
        (block.page.relative_to(ROOT), block.section)
        for page in GUIDES
        for block in list_blocks(page)
        if block.kind in {"run", "starts"}
    }
    forgotten = {
        (page, title)
        for page, title in runnable
        if f'"{title}"' not in tests or f'"{page}"' not in tests
    }
    assert forgotten == set()


def test_a_forgotten_mark_is_found(tmp_path):
    page = tmp_path / "guide.md"
    page.write_text(
        "# A\n\n```sh\nfly\n```\n\n<!-- run -->\n```sh\nls\n```\n\n<!-- run -->\n```ts\n1\n```\n"
        "\n```text\n+--+\n```\n\n<!-- shows -->\n```text\nb\n```\n<!-- needs -->\n```sh\nx\n```\n"
    )
    page_blocks = list_blocks(page)
    assert list_unmarked(page_blocks) == ["guide.md:3"]
    lines = [re.sub(r"\D*(\d+).*", r"\1", line) for line in list_unrunnable(page_blocks)]
    assert lines == ["13", "22", "26"]


def test_a_mark_for_the_whole_page_holds_where_there_is_no_other(tmp_path):
    page = tmp_path / "guide.md"
    page.write_text(
        "<!-- every block: run by: tests/x.py -->\n\n```ts\n1\n```\n\n"
        "<!-- needs: a -->\n```sh\nb\n```\n"
    )
    assert [(block.kind, block.note) for block in list_blocks(page)] == [
        ("run by", "tests/x.py"),
        ("needs", "a"),
    ]
