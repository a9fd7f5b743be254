"""The Tester's forms: one for every endpoint, built from the OpenAPI document.

A fixed number of fields is laid out once and only updated afterwards, so nothing jumps and no field
loses the focus.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call, InvalidCall
from panel.pages.tester import journey_view
from panel.pages.tester.require_admin import require_admin
from panel.pages.tester.results import TesterView, ViewOptions
from panel.services import PageContext
from panel.tester import words
from panel.tester.forms import build_call, field_key, prefill
from panel.tester.openapi import Field, FieldKind, Operation, operations
from panel.tester.quick_actions import Person
from panel.ui.markup import Markup, soft
from panel.ui.wiring import EventHandler, Updates, error_toast

FIELDS = 15
_TEXT_LINES = {FieldKind.JSON: 4, FieldKind.LIST: 2}
_EVERYTHING = ""


class Endpoints:
    """The form's components."""

    def __init__(self) -> None:
        self.group = gr.Dropdown(
            [(words.EVERY_GROUP, _EVERYTHING)],
            value=_EVERYTHING,
            label=words.GROUP,
            filterable=False,
            elem_id="group",
        )
        self.endpoint = gr.Dropdown([], value=None, label=words.ENDPOINT, elem_id="endpoint")
        self.about = gr.Markdown(elem_id="about-endpoint", latex_delimiters=[])
        self.texts, self.choices = [], []
        for at in range(FIELDS):
            self.texts.append(gr.Textbox(visible=False, elem_id=f"field-{at}", max_lines=12))
            self.choices.append(
                gr.Dropdown([], visible=False, filterable=False, elem_id=f"choice-{at}")
            )
        with gr.Row():
            self.send = gr.Button(words.SEND, variant="primary", size="md", elem_id="send-form")
            self.edit_button = gr.Button(words.EDIT_AS_CUSTOM, size="md")
        self.outputs = [self.about, *self.texts, *self.choices]  # change with the endpoint
        self.inputs = [self.endpoint, *self.texts, *self.choices]

    async def on_load(self, context: PageContext) -> Updates:
        """List all groups and endpoints."""
        every = await _operations(context)
        groups = list(dict.fromkeys(each.tag for each in every))
        choices = [(words.EVERY_GROUP, _EVERYTHING)]
        choices += [(each.capitalize(), each) for each in groups]
        return {
            self.group: gr.Dropdown(choices, value=_EVERYTHING),
            self.endpoint: _endpoint_choices(every),
        }

    async def on_pick(
        self, context: PageContext, endpoint: str | None, name: str, email: str, password: str
    ) -> Updates:
        """Show the fields of the chosen endpoint, filled in for the test person."""
        operation, person = await _operation(context, endpoint), Person(name, email, password)
        components = [_components_for(field, person) for field in operation.fields[:FIELDS]]
        hidden = [(gr.Textbox(visible=False, value=""), gr.Dropdown(visible=False, value=None))]
        components += hidden * (FIELDS - len(components))
        texts, choices = zip(*components, strict=True)
        return {
            self.about: journey_view.render_operation(operation) + _hint(operation),
            **dict(zip(self.texts, texts, strict=True)),
            **dict(zip(self.choices, choices, strict=True)),
        }

    def send_handler(self, view: TesterView) -> EventHandler:
        """Return the handler that sends the form."""

        async def handle(context: PageContext, *inputs: Any) -> AsyncIterator[Updates]:
            await require_admin(context)
            options = ViewOptions.from_inputs(*inputs[:4])
            call = await read_form(context, *inputs[4:])
            async for step in view.send(context, options, replace(call, origin=options.origin)):
                yield step

        return handle


async def on_group(context: PageContext, group: str) -> Any:
    """List the endpoints of a group."""
    every = await _operations(context)
    return _endpoint_choices([each for each in every if group in {_EVERYTHING, each.tag}])


async def read_form(context: PageContext, endpoint: str | None, *values: Any) -> Call:
    """Build the request from the form."""
    operation = await _operation(context, endpoint)
    texts, choices = values[:FIELDS], values[FIELDS:]
    by_field = {
        field_key(field): (choice if _is_choice(field) else text) or ""
        for field, text, choice in zip(operation.fields, texts, choices, strict=False)
    }
    try:
        return build_call(operation, by_field)
    except InvalidCall as refused:
        raise error_toast(str(refused)) from refused


async def _operations(context: PageContext) -> list[Operation]:
    await require_admin(context)
    return operations(await context.get("/openapi.json"))


async def _operation(context: PageContext, name: str | None) -> Operation:
    every = await _operations(context)
    operation = next((each for each in every if each.name == name), None)
    if operation is None:
        raise error_toast(words.NO_ENDPOINT)
    return operation


def _hint(operation: Operation) -> Markup:
    """Return a hint when there are no fields, or more than the form has room for."""
    more = len(operation.fields) - FIELDS
    if more > 0:
        return soft(words.too_many_fields(more))
    return Markup() if operation.fields else soft(words.NO_FIELDS)


def _endpoint_choices(every: list[Operation]) -> Any:
    choices = [(f"{each.name} · {each.summary}", each.name) for each in every]
    return gr.Dropdown(choices, value=None)


def _components_for(field: Field, person: Person) -> tuple[Any, Any]:
    prefilled = prefill(field, person)
    label = words.field(field.name, field.place, required=field.required)
    info = "; ".join(each for each in (_kind_note(field), field.note) if each) or None
    if _is_choice(field):
        options = list(field.choices or ("true", "false"))
        choices = options if field.required else [(words.EMPTY_CHOICE, ""), *options]
        return gr.Textbox(visible=False, value=""), gr.Dropdown(
            choices,
            value=prefilled.value or (options[0] if field.required else ""),
            label=label,
            info=info,
            visible=True,
        )
    box = gr.Textbox(
        prefilled.value,
        label=label,
        info=info,
        placeholder=prefilled.hint,
        lines=_TEXT_LINES.get(field.kind, 1),
        visible=True,
    )
    return box, gr.Dropdown(visible=False, value=None)


def _kind_note(field: Field) -> str:
    return "" if field.kind in {FieldKind.TEXT, FieldKind.CHOICE} else field.kind.value


def _is_choice(field: Field) -> bool:
    return field.kind in {FieldKind.CHOICE, FieldKind.BOOLEAN}
