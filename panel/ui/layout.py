"""Pieces of layout that several pages have."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.blocks import Block

from panel.ui import words
from panel.ui.markup import Markup, heading, link


class Components:
    """The components of a page, or of a piece of one: the attributes that `__init__` lays out."""

    inputs: Sequence[Any] = ()
    """What handlers read, and do not change."""

    @property
    def outputs(self) -> list[Any]:
        """What handlers may change: everything else."""
        return [each for each in self.components() if each not in self.inputs]

    def components(self) -> list[Any]:
        """Return every component, those of the Parts among the fields too."""
        components_found: list[Any] = []
        for value in vars(self).values():
            if isinstance(value, Components):
                components_found += value.components()
            elif isinstance(value, Block):
                components_found.append(value)
        return components_found


def page_header(title: str, lead: str, *, stays_fresh: bool = False) -> gr.Button:
    """Place a page's title, and beside it the button that shows the page as it is now.

    Where the page `stays_fresh`, panel.js presses it again and again while the page is seen.
    """
    with gr.Row(elem_classes="titled"):
        gr.Markdown(heading(title, lead), elem_classes="head")
        return refresh_button(stays_fresh=stays_fresh)


def refresh_button(*, stays_fresh: bool = False) -> gr.Button:
    """Place the button that shows a page as it is now."""
    kind = "fresh" if stays_fresh else None
    return gr.Button(words.REFRESH, size="sm", min_width=90, elem_classes=kind)


def filter_text(
    label: str, hint: str, *, scale: int, min_width: int = 200, name: str | None = None
) -> gr.Textbox:
    """Place a line above a list that narrows it down."""
    return gr.Textbox(
        label=label,
        placeholder=hint,
        max_lines=1,
        scale=scale,
        min_width=min_width,
        elem_id=name,
    )


def back_link(words: str, page: str) -> None:
    """Place the link from one thing to the list of all."""
    gr.Markdown(Markup("<p>{}</p>").format(link(f"← {words}", page)))
