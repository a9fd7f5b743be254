"""Asking before a destructive action: the question says what will happen, the toast what did.

A bar at the foot of the window carries the question, so that nothing on the page moves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.services import PageContext, Services
from panel.ui import words
from panel.ui.markup import Markup
from panel.ui.wiring import Handler, Updates, on, show_success

Action = Callable[[Services, PageContext], Awaitable[str]]
"""What is done once it is confirmed; returns the sentence that says what was done."""


@dataclass(frozen=True)
class Question:
    """What is asked. `action` carries its arguments, so what was asked is what is done."""

    sentence: Markup
    """Exactly what will happen, and to whom."""
    verb: str
    """The button that lets it happen, such as “Delete this user”."""
    action: Action


class Confirmation:
    """The bar of one page; several buttons may ask in it.

    Place it once with `Confirmation()`, give it buttons with `add_button`, and call `bind` last.
    """

    def __init__(self) -> None:
        self.pending = gr.State(None)
        with gr.Row(visible=False, elem_classes="confirm") as self.row:
            self.sentence = gr.Markdown(elem_classes="question", latex_delimiters=[])
            self.yes = gr.Button(variant="stop", size="md", min_width=120, elem_id="confirm-yes")
            self._no = gr.Button(words.CANCEL, size="md", min_width=100, elem_id="confirm-no")
        self._parts = [self.pending, self.row, self.sentence, self.yes]

    def add_button(
        self, services: Services, button: gr.Button, question: Handler, inputs: Any = None
    ) -> None:
        """Let a button ask: `question(services, context, *inputs)` returns a Question.

        A handler that finds the inputs wanting raises gr.Error with a sentence instead.
        """

        async def put(services: Services, context: PageContext, *given: Any) -> Updates:
            return self._show(await question(services, context, *given))

        on(services, button.click, put, inputs, self._parts)

    def bind(self, services: Services, after: Handler, outputs: list[Any]) -> None:
        """Show what the action changed: `after(services, context)` returns the outputs' Updates."""

        async def confirm(
            services: Services, context: PageContext, pending: Question | None
        ) -> Updates:
            if pending is not None:
                show_success(await pending.action(services, context))
            return {**self._hide(), **await after(services, context)}

        async def close(_: Services, __: PageContext) -> Updates:
            return self._hide()

        on(services, self._no.click, close, None, self._parts)
        on(services, self.yes.click, confirm, self.pending, [*self._parts, *outputs])

    def _show(self, question: Question) -> Updates:
        return {
            self.pending: question,
            self.row: gr.Row(visible=True),
            self.sentence: Markup("<p role='alert'>{}</p>").format(question.sentence),
            self.yes: gr.Button(question.verb),
        }

    def _hide(self) -> Updates:
        return {self.pending: None, self.row: gr.Row(visible=False), self.sentence: ""}
