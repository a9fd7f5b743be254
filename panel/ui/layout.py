"""Layout that several pages share."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.blocks import Block

from panel.ui import words
from panel.ui.markup import Markup, heading, link


class Components:
    """The Gradio components of a page or of a part of it: the attributes set in `__init__`."""

    inputs: Sequence[Any] = ()
    """Components that handlers read but do not change."""

    @property
    def outputs(self) -> list[Any]:
        """Components that handlers may change: all others."""
        return [each for each in self.components() if each not in self.inputs]

    def components(self) -> list[Any]:
        """Return every component, those of nested Components included."""
        components: list[Any] = []
        for value in vars(self).values():
            if isinstance(value, Components):
                components += value.components()
            elif isinstance(value, Block):
                components.append(value)
        return components


def page_header(title: str, lead: str, *, stays_fresh: bool = False) -> gr.Button:
    """Place a page's title, and the Refresh button beside it.

    With `stays_fresh`, panel.js presses it regularly while the page is visible.
    """
    with gr.Row(elem_classes="titled"):
        gr.Markdown(heading(title, lead), elem_classes="head")
        return refresh_button(stays_fresh=stays_fresh)


def refresh_button(*, stays_fresh: bool = False) -> gr.Button:
    """Place the Refresh button."""
    kind = "fresh" if stays_fresh else None
    return gr.Button(words.REFRESH, size="sm", min_width=90, elem_classes=kind)


def filter_text(
    label: str, hint: str, *, scale: int, min_width: int = 200, name: str | None = None
) -> gr.Textbox:
    """Place a text filter above a list."""
    return gr.Textbox(
        label=label, placeholder=hint, max_lines=1, scale=scale, min_width=min_width, elem_id=name
    )


def search_button() -> gr.Button:
    """Place the button that applies the text filters, as Enter does."""
    return gr.Button(words.FIND, size="md", min_width=90, elem_classes="find")


def back_link(text: str, page: str) -> None:
    """Place the link from a detail page back to its list."""
    gr.Markdown(Markup("<p>{}</p>").format(link(f"← {text}", page)))
