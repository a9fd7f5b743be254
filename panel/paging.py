"""Turning the pages of a list that the server pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.markup import Markup
from panel.words import common as words


@dataclass(frozen=True)
class Pager:
    """Two buttons and the sentence between them. `where` holds the offset or cursor shown now."""

    newer: gr.Button
    older: gr.Button
    told: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        """What `turned` returns the new state of."""
        return [self.newer, self.older, self.told]


@dataclass(frozen=True)
class Walk:
    """The way through a list that the server pages by cursor: where each page seen began."""

    cursors: tuple[str, ...] = ()
    """Of the pages behind the first."""
    next: str = ""
    """Of the page that follows, if there is one."""

    @property
    def cursor(self) -> str:
        """Where the page shown begins; the first page has none."""
        return self.cursors[-1] if self.cursors else ""

    def newer(self) -> "Walk":
        """Turn one page back."""
        return Walk(self.cursors[:-1])

    def older(self) -> "Walk":
        """Turn one page on."""
        return Walk((*self.cursors, self.next)) if self.next else self


def walk_of(asked: Mapping[str, str]) -> Walk:
    """Begin where the page's address asks for; what lies before is only known to be there."""
    return Walk((asked["cursor"],)) if "cursor" in asked else Walk()


def pager() -> Pager:
    """Place a pager."""
    with gr.Row(elem_classes="pager"):
        newer = gr.Button(words.NEWER, size="sm", interactive=False, min_width=90)
        told = gr.Markdown(elem_classes="soft")
        older = gr.Button(words.OLDER, size="sm", interactive=False, min_width=90)
    return Pager(newer, older, told)


def turned(said: str, *, newer: bool, older: bool) -> tuple[Any, ...]:
    """Return a pager's outputs: what it says, and which way it can be turned."""
    return (
        gr.Button(interactive=newer),
        gr.Button(interactive=older),
        Markup("<p role='status'>{}</p>").format(said),
    )


def walked(number: int, thing: str, walk: Walk) -> tuple[Any, ...]:
    """Return a pager's outputs for a page of so many that a cursor led to."""
    newer, older = bool(walk.cursors), bool(walk.next)
    return turned(
        words.part_of_list(number, thing, newer=newer, older=older), newer=newer, older=older
    )
