"""The Tester: the API, used as a browser would."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel import shown, words
from panel.browsers import LETTERS
from panel.loopback import Call, CallRefused, NoAnswer
from panel.tester import DEEDS, METHODS, Deed, Person, Tester, new_person
from panel.tools import PRIVATE, Tools, owner_of
from panel.visitor import Owner

Event = Callable[..., Awaitable[Any]]

_FIRST = {words.SIGN_UP, words.SIGN_IN}


async def show(service: Tester, owner: Owner, letter: str, call: Call) -> tuple[Any, ...]:
    """Send a call; returns what the browser holds, the card, and what stands in the tabs."""
    try:
        exchange = await service.perform(owner, letter, call)
    except (CallRefused, NoAnswer) as error:
        kept = [gr.skip()] * 6
        return (held(service, owner, letter), shown.failure(str(error)), *kept)
    return (
        held(service, owner, letter),
        shown.card(exchange),
        gr.Tabs(visible=True),
        shown.body(exchange.response),
        gr.Tab(label=shown.cookies_title(exchange)),
        shown.cookies(exchange),
        shown.headers(exchange.response),
        shown.request(exchange.request),
    )


def held(service: Tester, owner: Owner, letter: str) -> str:
    """Say what a browser holds."""
    browser = service.browser(owner, letter)
    return shown.held(browser.signed_in_as, len(browser.cookies))


@dataclass(frozen=True)
class _Form:
    letter: gr.Radio
    held: gr.Markdown
    empty: gr.Button
    person: list[Any]
    another: gr.Button
    deeds: dict[str, gr.Button]
    free: list[Any]
    send: gr.Button


def build(blocks: gr.Blocks, tools: Tools) -> None:
    """Lay out the page."""
    gr.Markdown(f"<h1>Tester</h1><p class='lead'>{words.TESTER_LEAD}</p>", elem_classes="head")
    with gr.Row(elem_classes="columns"):
        with gr.Column(scale=5, min_width=320):
            form = _form()
        with gr.Column(scale=6, min_width=320):
            results = _results()
    _wire(blocks, tools, form, [form.held, *results])


def _form() -> _Form:
    with gr.Group(elem_classes="box"):
        letter = gr.Radio(LETTERS, value=LETTERS[0], label=words.BROWSER, elem_id="browser")
        with gr.Row(elem_classes=["bar", "state"]):
            state = gr.Markdown(shown.held(None, 0), elem_id="held")
            empty = gr.Button(words.EMPTY_BROWSER, size="sm")
    with gr.Group(elem_classes="box"):
        with gr.Row():
            email = _line(words.EMAIL, "email")
            password = _line(words.PASSWORD, "password")
        name = _line(words.NAME, "name")
        with gr.Row(elem_classes="bar"):
            remember = gr.Checkbox(True, label=words.REMEMBER, container=False)
            another = gr.Button(words.NEW_PERSON, size="sm")
    with gr.Row(elem_classes="deeds"):
        deeds = {name: _deed_button(name) for name in DEEDS}
    with gr.Accordion(words.ANY_REQUEST, open=False, elem_id="any"):
        with gr.Row():
            method = gr.Dropdown(METHODS, label=words.METHOD, scale=1, min_width=100)
            path = gr.Textbox("/health", label=words.PATH, scale=3, min_width=180, elem_id="path")
        content = gr.Code(label=words.BODY, language="json", lines=4, buttons=[], elem_id="body")
        send = gr.Button(words.SEND, size="md", elem_id="send")
    person, free = [name, email, password, remember], [method, path, content]
    return _Form(letter, state, empty, person, another, deeds, free, send)


def _line(label: str, name: str) -> gr.Textbox:
    return gr.Textbox(label=label, elem_id=name, max_lines=1, min_width=210)


def _deed_button(name: str) -> gr.Button:
    variant = "primary" if name in _FIRST else "secondary"
    return gr.Button(name, variant=variant, size="md", min_width=90)


def _results() -> list[Any]:
    card = gr.Markdown(shown.nothing_yet(), elem_id="card", latex_delimiters=[])
    answer, cookies, headers, request = words.TABS
    with gr.Tabs(visible=False) as tabs:
        with gr.Tab(answer):
            answered = _text_box("answer", "json")
        with gr.Tab(cookies) as tab:
            explained = gr.Markdown(elem_id="cookies", latex_delimiters=[])
        with gr.Tab(headers):
            listed = gr.Markdown(elem_id="headers", latex_delimiters=[])
        with gr.Tab(request):
            sent = _text_box("request", None)
    return [card, tabs, answered, tab, explained, listed, sent]


def _text_box(name: str, language: str | None) -> gr.Code:
    return gr.Code(
        language=language,
        interactive=False,
        show_label=False,
        wrap_lines=True,
        lines=14,
        elem_id=name,
        show_line_numbers=False,
        buttons=["copy"],
    )


def _wire(blocks: gr.Blocks, tools: Tools, form: _Form, results: list[Any]) -> None:
    for name, button in form.deeds.items():
        inputs = [form.letter, *form.person]
        button.click(on_deed(tools, DEEDS[name]), inputs, [*results, *form.free], **PRIVATE)
    form.send.click(on_send(tools), [form.letter, *form.free], results, **PRIVATE)
    gr.on([blocks.load, form.letter.change], on_letter(tools), form.letter, form.held, **PRIVATE)
    form.empty.click(on_empty(tools), form.letter, form.held, **PRIVATE)
    fresh = [blocks.load, form.another.click]
    gr.on(fresh, on_new_person(tools), None, form.person[:3], **PRIVATE)


def on_deed(tools: Tools, deed: Deed) -> Event:
    """Return the event of a button: it performs its deed, and writes it into the free request."""

    async def performed(
        letter: str, name: str, email: str, password: str, remember: bool, request: gr.Request
    ) -> tuple[Any, ...]:
        call = deed(Person(name, email, password, remember))
        done = await show(tools.tester, owner_of(request), letter, call)
        return (*done, call.method, call.path, call.body)

    return performed


def on_send(tools: Tools) -> Event:
    """Return the event that sends the free request."""

    async def sent(
        letter: str, method: str, path: str, body: str | None, request: gr.Request
    ) -> tuple[Any, ...]:
        call = Call(method, path, body or "")
        return await show(tools.tester, owner_of(request), letter, call)

    return sent


def on_letter(tools: Tools) -> Event:
    """Return the event of choosing a browser: it says what that one holds."""

    async def chosen(letter: str, request: gr.Request) -> str:
        return held(tools.tester, owner_of(request), letter)

    return chosen


def on_empty(tools: Tools) -> Event:
    """Return the event that empties a browser."""

    async def emptied(letter: str, request: gr.Request) -> str:
        owner = owner_of(request)
        tools.tester.browser(owner, letter).clear()
        return held(tools.tester, owner, letter)

    return emptied


def on_new_person(tools: Tools) -> Event:
    """Return the event that fills the form anew."""

    async def thought_up() -> tuple[str, str, str]:
        return new_person(tools.randomness)

    return thought_up
