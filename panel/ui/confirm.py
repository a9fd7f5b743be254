"""Confirmations of destructive actions: a question before, a toast after.

A modal dialog asks the question; panel.js gives it its role and keeps the focus inside.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel.services import PageContext, Services
from panel.ui import words
from panel.ui.markup import Markup
from panel.ui.wiring import EventHandler, Updates, error_toast, on, show_success

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
    typed: str = ""
    """What has to be typed before it can be confirmed, such as the address of the user."""


class Confirmation:
    """The confirmation dialog of a page, shared by its buttons.

    Place it once with `Confirmation()`, give it buttons with `add_button`, and call `bind` last.
    """

    def __init__(self) -> None:
        self.pending = gr.State(None)
        with gr.Row(visible=False, elem_classes="confirm") as self.row:
            self.sentence = gr.Markdown(
                elem_classes="question", elem_id="confirm-question", latex_delimiters=[]
            )
            self.typed = gr.Textbox(visible=False, max_lines=1, elem_id="confirm-typed")
            self.yes = gr.Button(variant="stop", size="md", min_width=120, elem_id="confirm-yes")
            self._no = gr.Button(words.CANCEL, size="md", min_width=100, elem_id="confirm-no")
        self._outputs = [self.pending, self.row, self.sentence, self.typed, self.yes]

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
        """Connect the dialog; `after(context)` returns the Updates after an action."""

        async def confirm(context: PageContext, pending: Question | None, typed: str) -> Updates:
            if pending is not None:
                if typed.strip().lower() != pending.typed.lower():
                    raise error_toast(words.TYPE_FIRST.format(pending.typed))
                show_success(await pending.action(context))
            return {**self._hide(), **await after(context)}

        async def close(_: PageContext) -> Updates:
            return self._hide()

        on(services, self._no.click, close, None, self._outputs)
        triggers = [self.yes.click, self.typed.submit]
        on(services, triggers, confirm, [self.pending, self.typed], [*self._outputs, *outputs])

    def _show(self, question: Question) -> Updates:
        return {
            self.pending: question,
            self.row: gr.Row(visible=True),
            self.sentence: Markup("<p role='alert'>{}</p>").format(question.sentence),
            self.typed: gr.Textbox(
                "", label=words.TYPE_TO_CONFIRM.format(question.typed), visible=bool(question.typed)
            ),
            self.yes: gr.Button(question.verb),
        }

    def _hide(self) -> Updates:
        # The field goes with the row; hidden by itself, Gradio would not send what is typed next.
        return {self.pending: None, self.row: gr.Row(visible=False), self.sentence: ""}
