"""Pieces of layout that several pages have."""

import gradio as gr

from panel.markup import Markup, heading, link
from panel.words import common as words


def titled(title: str, lead: str, *, stays_fresh: bool = False) -> gr.Button:
    """Place a page's title, and beside it the button that shows the page as it is now.

    Where the page `stays_fresh`, panel.js presses it again and again while the page is seen.
    """
    with gr.Row(elem_classes="titled"):
        gr.Markdown(heading(title, lead), elem_classes="head")
        return refresh(stays_fresh=stays_fresh)


def refresh(*, stays_fresh: bool = False) -> gr.Button:
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


def way_back(words: str, page: str) -> None:
    """Place the link from one thing to the list of all."""
    gr.Markdown(Markup("<p>{}</p>").format(link(f"← {words}", page)))
