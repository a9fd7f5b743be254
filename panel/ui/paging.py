"""Paged lists: the pager, the cursors, and the switch between list and detail."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.client.api import ApiError
from panel.services import PageContext, Services
from panel.ui import words
from panel.ui.layout import Components
from panel.ui.markup import Markup, alert, loading_state
from panel.ui.wiring import Updates, explain, on


class Pager(Components):
    """The Previous and Next buttons, and the position between them."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="pager"):
            self.newer = gr.Button(words.NEWER, size="sm", interactive=False, min_width=90)
            self.position = gr.Markdown(elem_classes="soft")
            self.older = gr.Button(words.OLDER, size="sm", interactive=False, min_width=90)

    def update(self, text: str, *, newer: bool, older: bool) -> Updates:
        """Set the position and which buttons are enabled."""
        return {
            self.newer: gr.Button(interactive=newer),
            self.older: gr.Button(interactive=older),
            self.position: Markup("<p role='status'>{}</p>").format(text),
        }


@dataclass(frozen=True)
class CursorStack:
    """The cursors of the pages seen so far in a list that the server pages by cursor."""

    cursors: tuple[str, ...] = ()
    """Of the pages after the first."""
    next: str = ""
    """Of the next page; empty on the last one."""

    @property
    def cursor(self) -> str:
        """The cursor of the current page; empty on the first one."""
        return self.cursors[-1] if self.cursors else ""

    def newer(self) -> "CursorStack":
        """Go one page back."""
        return CursorStack(self.cursors[:-1])

    def older(self) -> "CursorStack":
        """Go one page forward."""
        return CursorStack((*self.cursors, self.next)) if self.next else self


def stack_from(query: Mapping[str, str]) -> CursorStack:
    """Start at the cursor in the page's address; the pages before it are unknown."""
    return CursorStack((query["cursor"],)) if "cursor" in query else CursorStack()


class CursorList(Components, ABC):
    """A list that the server pages by cursor, with a note above it."""

    def __init__(self, note: str, listed: str, **options: Any) -> None:
        self.note = gr.Markdown(elem_id=note, latex_delimiters=[])
        self.listed = gr.Markdown(
            loading_state(words.LOADING), elem_id=listed, latex_delimiters=[], **options
        )
        self.pager = Pager()
        self.stack = gr.State(CursorStack())

    @abstractmethod
    async def page_at(self, context: PageContext, stack: CursorStack) -> Updates:
        """Show the page at the top of the stack, with the filters of the page's address."""

    async def refresh_list(self, context: PageContext, stack: CursorStack) -> Updates:
        """Reload the current page. Runs by itself, so an error is shown in the page: no toast.

        It uses the filters of the page's address, so a filter being typed waits for Enter.
        """
        try:
            return await self.page_at(context, stack)
        except ApiError as refused:
            return {self.note: alert(explain(refused))}

    async def newer(self, context: PageContext, stack: CursorStack) -> Updates:
        """Go one page back."""
        return await self.page_at(context, stack.newer())

    async def older(self, context: PageContext, stack: CursorStack) -> Updates:
        """Go one page forward."""
        return await self.page_at(context, stack.older())

    def bind_pager(self, services: Services) -> None:
        """Connect the pager's buttons."""
        on(services, self.pager.newer.click, self.newer, self.stack, self.outputs)
        on(services, self.pager.older.click, self.older, self.stack, self.outputs)

    def page_updates(self, number: int, noun: str, stack: CursorStack) -> Updates:
        """Return the updates of the stack and the pager for a page of `number` items."""
        newer, older = bool(stack.cursors), bool(stack.next)
        text = words.part_of_list(number, noun, newer=newer, older=older)
        return {self.stack: stack, **self.pager.update(text, newer=newer, older=older)}


class ListOrDetail(Components):
    """A list, and the detail column shown in its place when the address names one item."""

    def __init__(self, list_column: gr.Column, detail_column: gr.Column) -> None:
        self.list_column, self.detail_column = list_column, detail_column

    def show(self, *, detail: bool) -> Updates:
        """Show the detail column or the list."""
        return {
            self.list_column: gr.Column(visible=not detail),
            self.detail_column: gr.Column(visible=detail),
        }
