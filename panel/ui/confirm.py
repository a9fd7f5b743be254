"""Asking before a deed that hurts: the question says what will happen, the toast what did.

A bar at the foot of the window carries the question, so that nothing on the page moves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.services import Asked, Tools
from panel.ui import words
from panel.ui.markup import Markup
from panel.ui.wiring import Handler, Updates, on, say

Deed = Callable[[Tools, Asked], Awaitable[str]]
"""What is done once it is confirmed; returns the sentence that says what was done."""


@dataclass(frozen=True)
class Question:
    """What is asked. `deed` carries its arguments, so what was asked is what is done."""

    sentence: Markup
    """Exactly what will happen, and to whom."""
    verb: str
    """The button that lets it happen, such as “Delete this user”."""
    deed: Deed


class Confirmation:
    """The bar of one page; several buttons may ask in it.

    Place it once with `Confirmation()`, give it buttons with `asks`, and call `leads_to` last.
    """

    def __init__(self) -> None:
        self.pending = gr.State(None)
        with gr.Row(visible=False, elem_classes="confirm") as self.row:
            self.sentence = gr.Markdown(elem_classes="question", latex_delimiters=[])
            self.yes = gr.Button(variant="stop", size="md", min_width=120, elem_id="confirm-yes")
            self._no = gr.Button(words.CANCEL, size="md", min_width=100, elem_id="confirm-no")
        self._parts = [self.pending, self.row, self.sentence, self.yes]

    def asks(self, tools: Tools, button: gr.Button, question: Handler, inputs: Any = None) -> None:
        """Let a button ask: `question(tools, asked, *inputs)` returns a Question.

        A handler that finds the inputs wanting raises gr.Error with a sentence instead.
        """

        async def put(tools: Tools, asked: Asked, *given: Any) -> Updates:
            return self._opened(await question(tools, asked, *given))

        on(tools, button.click, put, inputs, self._parts)

    def leads_to(self, tools: Tools, after: Handler, outputs: list[Any]) -> None:
        """Show what the deed changed: `after(tools, asked)` returns the Updates of the outputs."""

        async def carry_out(tools: Tools, asked: Asked, pending: Question | None) -> Updates:
            if pending is not None:
                say(await pending.deed(tools, asked))
            return {**self._closed(), **await after(tools, asked)}

        async def close(_: Tools, __: Asked) -> Updates:
            return self._closed()

        on(tools, self._no.click, close, None, self._parts)
        on(tools, self.yes.click, carry_out, self.pending, [*self._parts, *outputs])

    def _opened(self, question: Question) -> Updates:
        return {
            self.pending: question,
            self.row: gr.Row(visible=True),
            self.sentence: Markup("<p role='alert'>{}</p>").format(question.sentence),
            self.yes: gr.Button(question.verb),
        }

    def _closed(self) -> Updates:
        return {self.pending: None, self.row: gr.Row(visible=False), self.sentence: ""}
