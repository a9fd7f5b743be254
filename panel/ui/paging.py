"""Lists that the server pages: turning their pages, and opening one thing in their place."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.client.api import ApiRefused
from panel.services import Asked, Tools
from panel.ui import words
from panel.ui.layout import Parts
from panel.ui.markup import Markup, alert
from panel.ui.wiring import Updates, on, sentence


class Pager(Parts):
    """Two buttons and the sentence between them."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="pager"):
            self.newer = gr.Button(words.NEWER, size="sm", interactive=False, min_width=90)
            self.told = gr.Markdown(elem_classes="soft")
            self.older = gr.Button(words.OLDER, size="sm", interactive=False, min_width=90)

    def turned(self, said: str, *, newer: bool, older: bool) -> Updates:
        """Say which part of the list is shown, and which way it can be turned."""
        return {
            self.newer: gr.Button(interactive=newer),
            self.older: gr.Button(interactive=older),
            self.told: Markup("<p role='status'>{}</p>").format(said),
        }


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


class CursorList(Parts, ABC):
    """A list that the server pages by cursor, with a note above it."""

    def __init__(self, note: str, listed: str, **how: Any) -> None:
        self.note = gr.Markdown(elem_id=note, latex_delimiters=[])
        self.listed = gr.Markdown(elem_id=listed, latex_delimiters=[], **how)
        self.pager = Pager()
        self.walk = gr.State(Walk())

    @abstractmethod
    async def page_at(self, tools: Tools, asked: Asked, walk: Walk) -> Updates:
        """Show the page to which a walk has led, of what the page's address asks for."""

    async def freshened(self, tools: Tools, asked: Asked, walk: Walk) -> Updates:
        """Show the same page as it is now. What cannot be read is said in its place: no toast.

        It asks for what the page's address says, so what is just being typed waits for its Enter.
        """
        try:
            return await self.page_at(tools, asked, walk)
        except ApiRefused as refused:
            return {self.note: alert(sentence(refused))}

    async def newer(self, tools: Tools, asked: Asked, walk: Walk) -> Updates:
        """Turn one page back."""
        return await self.page_at(tools, asked, walk.newer())

    async def older(self, tools: Tools, asked: Asked, walk: Walk) -> Updates:
        """Turn one page on."""
        return await self.page_at(tools, asked, walk.older())

    def can_be_turned(self, tools: Tools) -> None:
        """Let the pager's buttons turn the list."""
        on(tools, self.pager.newer.click, self.newer, self.walk, self.outputs)
        on(tools, self.pager.older.click, self.older, self.walk, self.outputs)

    def walked(self, number: int, thing: str, walk: Walk) -> Updates:
        """Say of a page of so many things which part of the list it is."""
        newer, older = bool(walk.cursors), bool(walk.next)
        said = words.part_of_list(number, thing, newer=newer, older=older)
        return {self.walk: walk, **self.pager.turned(said, newer=newer, older=older)}


class Places(Parts):
    """The place of a list, and the one that is shown instead where the address names one thing."""

    def __init__(self, every: gr.Column, one: gr.Column) -> None:
        self.every, self.one = every, one

    def show(self, *, one: bool) -> Updates:
        """Show the one thing, or the list."""
        return {self.every: gr.Column(visible=not one), self.one: gr.Column(visible=one)}
