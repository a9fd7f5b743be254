"""Lists that the server pages: turning their pages, and opening one thing in their place."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.client.api import ApiError
from panel.services import PageContext, Services
from panel.ui import words
from panel.ui.layout import Components
from panel.ui.markup import Markup, alert
from panel.ui.wiring import Updates, explain, on


class Pager(Components):
    """Two buttons and the sentence between them."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="pager"):
            self.newer = gr.Button(words.NEWER, size="sm", interactive=False, min_width=90)
            self.position = gr.Markdown(elem_classes="soft")
            self.older = gr.Button(words.OLDER, size="sm", interactive=False, min_width=90)

    def update(self, text: str, *, newer: bool, older: bool) -> Updates:
        """Say which part of the list is shown, and which way it can be turned."""
        return {
            self.newer: gr.Button(interactive=newer),
            self.older: gr.Button(interactive=older),
            self.position: Markup("<p role='status'>{}</p>").format(text),
        }


@dataclass(frozen=True)
class CursorStack:
    """The way through a list that the server pages by cursor: where each page seen began."""

    cursors: tuple[str, ...] = ()
    """Of the pages behind the first."""
    next: str = ""
    """Of the page that follows, if there is one."""

    @property
    def cursor(self) -> str:
        """Where the page shown begins; the first page has none."""
        return self.cursors[-1] if self.cursors else ""

    def newer(self) -> "CursorStack":
        """Turn one page back."""
        return CursorStack(self.cursors[:-1])

    def older(self) -> "CursorStack":
        """Turn one page on."""
        return CursorStack((*self.cursors, self.next)) if self.next else self


def stack_from(context: Mapping[str, str]) -> CursorStack:
    """Begin where the page's address asks for; what lies before is only known to be there."""
    return CursorStack((context["cursor"],)) if "cursor" in context else CursorStack()


class CursorList(Components, ABC):
    """A list that the server pages by cursor, with a note above it."""

    def __init__(self, note: str, listed: str, **how: Any) -> None:
        self.note = gr.Markdown(elem_id=note, latex_delimiters=[])
        self.listed = gr.Markdown(elem_id=listed, latex_delimiters=[], **how)
        self.pager = Pager()
        self.stack = gr.State(CursorStack())

    @abstractmethod
    async def page_at(
        self, services: Services, context: PageContext, stack: CursorStack
    ) -> Updates:
        """Show the page to which a walk has led, of what the page's address asks for."""

    async def refresh_list(
        self, services: Services, context: PageContext, stack: CursorStack
    ) -> Updates:
        """Show the same page as it is now. What cannot be read is said in its place: no toast.

        It asks for what the page's address says, so what is just being typed waits for its Enter.
        """
        try:
            return await self.page_at(services, context, stack)
        except ApiError as refused:
            return {self.note: alert(explain(refused))}

    async def newer(self, services: Services, context: PageContext, stack: CursorStack) -> Updates:
        """Turn one page back."""
        return await self.page_at(services, context, stack.newer())

    async def older(self, services: Services, context: PageContext, stack: CursorStack) -> Updates:
        """Turn one page on."""
        return await self.page_at(services, context, stack.older())

    def bind_pager(self, services: Services) -> None:
        """Let the pager's buttons turn the list."""
        on(services, self.pager.newer.click, self.newer, self.stack, self.outputs)
        on(services, self.pager.older.click, self.older, self.stack, self.outputs)

    def page_updates(self, number: int, thing: str, stack: CursorStack) -> Updates:
        """Say of a page of so many things which part of the list it is."""
        newer, older = bool(stack.cursors), bool(stack.next)
        text = words.part_of_list(number, thing, newer=newer, older=older)
        return {self.stack: stack, **self.pager.update(text, newer=newer, older=older)}


class ListOrDetail(Components):
    """The place of a list, and the one that is shown instead where the address names one thing."""

    def __init__(self, every: gr.Column, one: gr.Column) -> None:
        self.every, self.one = every, one

    def show(self, *, one: bool) -> Updates:
        """Show the one thing, or the list."""
        return {self.every: gr.Column(visible=not one), self.one: gr.Column(visible=one)}
