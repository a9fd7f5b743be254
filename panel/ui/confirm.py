"""Confirmations of destructive actions: a question before, a toast after.

A bar at the bottom of the window asks the question, so that nothing on the page moves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.services import PageContext, Services
from panel.ui import words
from panel.ui.markup import Markup
from panel.ui.wiring import EventHandler, Updates, on, show_success

Action = Callable[[PageContext], Awaitable[str]]
"""What runs once confirmed; returns the sentence for the toast."""


@dataclass(frozen=True)
class Question:
    """A confirmation. `action` is bound to its arguments, so it does exactly what was confirmed."""

    sentence: Markup
    """Exactly what will happen, and to whom."""
    verb: str
    """The label of the button that confirms, such as “Delete this user”."""
    action: Action


class Confirmation:
    """The confirmation bar of a page, shared by its buttons.

    Place it once with `Confirmation()`, give it buttons with `add_button`, and call `bind` last.
    """

    def __init__(self) -> None:
        self.pending = gr.State(None)
        with gr.Row(visible=False, elem_classes="confirm") as self.row:
            self.sentence = gr.Markdown(elem_classes="question", latex_delimiters=[])
            self.yes = gr.Button(variant="stop", size="md", min_width=120, elem_id="confirm-yes")
            self._no = gr.Button(words.CANCEL, size="md", min_width=100, elem_id="confirm-no")
        self._outputs = [self.pending, self.row, self.sentence, self.yes]

    def add_button(
        self, services: Services, button: gr.Button, question: EventHandler, inputs: Any = None
    ) -> None:
        """Make a button ask first: `question(context, *inputs)` returns a Question.

        If the inputs are invalid, the handler raises gr.Error instead.
        """

        async def ask(context: PageContext, *values: Any) -> Updates:
            return self._show(await question(context, *values))

        on(services, button.click, ask, inputs, self._outputs)

    def bind(self, services: Services, after: EventHandler, outputs: list[Any]) -> None:
        """Connect the bar; `after(context)` returns the Updates after an action."""

        async def confirm(context: PageContext, pending: Question | None) -> Updates:
            if pending is not None:
                show_success(await pending.action(context))
            return {**self._hide(), **await after(context)}

        async def close(_: PageContext) -> Updates:
            return self._hide()

        on(services, self._no.click, close, None, self._outputs)
        on(services, self.yes.click, confirm, self.pending, [*self._outputs, *outputs])

    def _show(self, question: Question) -> Updates:
        return {
            self.pending: question,
            self.row: gr.Row(visible=True),
            self.sentence: Markup("<p role='alert'>{}</p>").format(question.sentence),
            self.yes: gr.Button(question.verb),
        }

    def _hide(self) -> Updates:
        return {self.pending: None, self.row: gr.Row(visible=False), self.sentence: ""}
