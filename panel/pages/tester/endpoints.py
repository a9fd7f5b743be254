"""The Tester's forms: every endpoint, from the API's own description.

A fixed number of fields is laid out once and changes its face: nothing is built anew while the
page is open, so nothing jumps and nothing that was focused is lost.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call, InvalidCall
from panel.pages.tester import journey_view
from panel.pages.tester.admins_only import admins_only
from panel.pages.tester.results import TesterView, ViewOptions
from panel.services import PageContext, Services
from panel.tester import words
from panel.tester.forms import build_call, field_key, prefill
from panel.tester.openapi import Field, Kind, Operation, operations
from panel.tester.quick_actions import Person
from panel.ui.markup import Markup, soft
from panel.ui.wiring import Handler, Updates, error_toast

FIELDS = 12
_TEXT_LINES = {Kind.JSON: 4, Kind.LIST: 2}
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
        self.render_operation = gr.Markdown(elem_id="about-endpoint", latex_delimiters=[])
        self.texts, self.choices = [], []
        for at in range(FIELDS):
            text = gr.Textbox(visible=False, elem_id=f"field-{at}", max_lines=12)
            choice = gr.Dropdown([], visible=False, filterable=False, elem_id=f"choice-{at}")
            self.texts.append(text)
            self.choices.append(choice)
        with gr.Row():
            self.send = gr.Button(words.SEND, variant="primary", size="md", elem_id="send-form")
            self.by_hand = gr.Button(words.EDIT_BY_HAND, size="md")
        self.face = [
            self.render_operation,
            *self.texts,
            *self.choices,
        ]  # what changes with the endpoint
        self.inputs = [self.endpoint, *self.texts, *self.choices]

    async def on_load(self, services: Services, context: PageContext) -> Updates:
        """Offer every group and every endpoint."""
        every = await _operations(services, context)
        groups = list(dict.fromkeys(each.tag for each in every))
        choices = [(words.EVERY_GROUP, _EVERYTHING)]
        choices += [(each.capitalize(), each) for each in groups]
        return {
            self.group: gr.Dropdown(choices, value=_EVERYTHING),
            self.endpoint: _offered(every),
        }

    async def on_pick(
        self,
        services: Services,
        context: PageContext,
        endpoint: str | None,
        name: str,
        email: str,
        password: str,
    ) -> Updates:
        """Let the form show an endpoint's fields."""
        operation = await _operation(services, context, endpoint)
        person = Person(name, email, password)
        faces = [_face(field, person) for field in operation.fields[:FIELDS]]
        hidden = [(gr.Textbox(visible=False, value=""), gr.Dropdown(visible=False, value=None))]
        faces += hidden * (FIELDS - len(faces))
        texts, choices = zip(*faces, strict=True)
        return {
            self.render_operation: journey_view.render_operation(operation) + _hint(operation),
            **dict(zip(self.texts, texts, strict=True)),
            **dict(zip(self.choices, choices, strict=True)),
        }

    def send_handler(self, view: TesterView) -> Handler:
        """Return the handler that sends the form."""

        async def sent(
            services: Services, context: PageContext, *inputs: Any
        ) -> AsyncIterator[Updates]:
            await admins_only(services, context)
            options = ViewOptions.from_inputs(*inputs[:4])
            call = await read_form(services, context, *inputs[4:])
            async for step in view.send(
                services, context, options, replace(call, origin=options.origin)
            ):
                yield step

        return sent


async def on_group(services: Services, context: PageContext, group: str) -> Any:
    """Offer the endpoints of one group."""
    every = await _operations(services, context)
    return _offered([each for each in every if group in {_EVERYTHING, each.tag}])


async def read_form(
    services: Services, context: PageContext, endpoint: str | None, *values: Any
) -> Call:
    """Read the form as a request."""
    operation = await _operation(services, context, endpoint)
    texts, choices = values[:FIELDS], values[FIELDS:]
    by_field = {
        field_key(field): (chosen if _is_chosen(field) else text) or ""
        for field, text, chosen in zip(operation.fields, texts, choices, strict=False)
    }
    try:
        return build_call(operation, by_field)
    except InvalidCall as refused:
        raise error_toast(str(refused)) from refused


async def _operations(services: Services, context: PageContext) -> list[Operation]:
    await admins_only(services, context)
    return operations(await services.api.get(context.owner, "/openapi.json"))


async def _operation(services: Services, context: PageContext, name: str | None) -> Operation:
    every = await _operations(services, context)
    operation = next((each for each in every if each.name == name), None)
    if operation is None:
        raise error_toast(words.NO_ENDPOINT)
    return operation


def _hint(operation: Operation) -> Markup:
    """Say that no field is needed, or that there are more than the form has room for."""
    more = len(operation.fields) - FIELDS
    if more > 0:
        return soft(words.too_many_fields(more))
    return Markup() if operation.fields else soft(words.NO_FIELDS)


def _offered(every: list[Operation]) -> Any:
    choices = [(f"{each.name} · {each.summary}", each.name) for each in every]
    return gr.Dropdown(choices, value=None)


def _face(field: Field, person: Person) -> tuple[Any, Any]:
    start = prefill(field, person)
    label = words.field(field.name, field.place, required=field.required)
    info = "; ".join(each for each in (_kind_told(field), field.note) if each) or None
    if _is_chosen(field):
        options = list(field.choices or ("true", "false"))
        offered = options if field.required else [(words.EMPTY_CHOICE, ""), *options]
        return gr.Textbox(visible=False, value=""), gr.Dropdown(
            offered,
            value=start.value or (options[0] if field.required else ""),
            label=label,
            info=info,
            visible=True,
        )
    box = gr.Textbox(
        start.value,
        label=label,
        info=info,
        placeholder=start.hint,
        lines=_TEXT_LINES.get(field.kind, 1),
        visible=True,
    )
    return box, gr.Dropdown(visible=False, value=None)


def _kind_told(field: Field) -> str:
    return "" if field.kind in {Kind.TEXT, Kind.CHOICE} else field.kind.value


def _is_chosen(field: Field) -> bool:
    return field.kind in {Kind.CHOICE, Kind.BOOLEAN}
