"""Reads a guide: its sections, its fenced blocks, and the mark that stands before each block.

A mark is an HTML comment on the line above a block, so that GitHub shows nothing of it:

    <!-- run -->                     a test types it, and it must succeed
    <!-- starts: http://... -->      the same, in the background, until that address answers
    <!-- shows -->                   what the block before it prints, line by line; ... is anything
    <!-- needs: Docker -->           no test can run it, and this is why
    <!-- run by: tests/x/test_y.py -->      another test runs it
    <!-- same as: docs/api.md -->    an excerpt: each of its lines stands in that page, too

`<!-- every block: run by: tests/... -->` near the top speaks for all blocks that have none. Blocks
in the language `text` are pictures and need no mark.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
_MARK = re.compile(r"<!-- (run by|run|starts|shows|needs|same as)(?:: ([^\n]+?))? -->\s*\Z")
_PAGE_MARK = re.compile(r"<!-- every block: (run by|needs): ([^\n]+?) -->")
_HEADING = re.compile(r"^(#+) (.+)$", re.M)


@dataclass(frozen=True)
class Block:
    """One fenced block. `kind` is the first word or two of its mark, `note` what follows them."""

    page: Path
    line: int
    section: str
    language: str
    text: str
    kind: str = ""
    note: str = ""

    @property
    def place(self) -> str:
        """Where to look for it, as in `docs/operations.md:31`."""
        return f"{page_name(self.page)}:{self.line}"


def page_name(page: Path) -> str:
    """The name of a page, as in `docs/operations.md`."""
    return str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else page.name


def list_blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    text = page.read_text()
    for_all = _PAGE_MARK.search(text)
    page_blocks = []
    for fence in _FENCE.finditer(text):
        before = text[: fence.start()]
        mark = _MARK.search(before) or for_all
        kind, note = (mark[1], mark[2] or "") if mark else ("", "")
        headings = _HEADING.findall(remove_blocks(before))
        section = headings[-1][1] if headings else ""
        body = re.sub(rf"^{fence['indent']}", "", fence["text"], flags=re.M)
        line = before.count("\n") + 1
        page_blocks.append(Block(page, line, section, fence["language"], body, kind, note))
    return page_blocks


def find_section(page: str, *titles: str) -> list[Block]:
    """The blocks below these headings, in the order of the page; each title must be there."""
    everything = list_blocks(ROOT / page)
    absent = set(titles) - {block.section for block in everything}
    assert not absent, f"{page} has no blocks below {sorted(absent)}"
    return [block for block in everything if block.section in titles]


def remove_blocks(text: str) -> str:
    """The prose: fenced blocks, whose lines may begin with #, are left out."""
    return _FENCE.sub("", text)


def list_anchors(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them from its headings."""
    counts: dict[str, int] = {}
    page_anchors = set()
    for _, title in _HEADING.findall(remove_blocks(page.read_text())):
        title_text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        plain = re.sub(r"[^\w\- ]", "", title_text.lower()).replace(" ", "-")
        page_anchors.add(f"{plain}-{counts[plain]}" if plain in counts else plain)
        counts[plain] = counts.get(plain, 0) + 1
    return page_anchors
