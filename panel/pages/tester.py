"""The Tester: the API, used as browsers would."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from panel.browsers import LETTERS
from panel.loopback import Call
from panel.markup import heading, soft
from panel.pages import tester_endpoints, tester_journeys, tester_results
from panel.pages.tester_endpoints import Endpoints
from panel.pages.tester_results import Manner, Results, show, state_shown
from panel.tester.deeds import DEEDS, METHODS, Deed, Person, new_person
from panel.tester.lock import admins_only
from panel.tools import Asked, Tools
from panel.wiring import Handler, on
from panel.words import tester as words

_FIRST = {words.SIGN_UP, words.SIGN_IN}


@dataclass(frozen=True)
class _Browsers:
    chosen: gr.Radio
    held: gr.Markdown
    lamp: gr.Markdown
    empty: gr.Button
    add: gr.Button


@dataclass(frozen=True)
class _Stand:
    """How the page stands, as events read it, and what they tell of it."""

    browsers: _Browsers
    jar: gr.Markdown
    origin: gr.Textbox
    results: Results

    @property
    def manner(self) -> list[Any]:
        """What `Manner.of` reads."""
        return [self.browsers.chosen, self.origin, self.results.reveal, self.results.way]

    @property
    def state(self) -> list[Any]:
        """What `state_shown` returns."""
        return [self.browsers.held, self.jar, self.browsers.lamp]


@dataclass(frozen=True)
class _Ways:
    tabs: gr.Tabs
    person: list[Any]
    another: gr.Button
    deeds: dict[str, gr.Button]
    endpoints: Endpoints
    by_hand: list[Any]
    send: gr.Button
    journey: tuple[gr.Radio, gr.Button, gr.Markdown]
    history: gr.Radio
    again: gr.Button


def build(blocks: gr.Blocks, tools: Tools) -> None:
    """Lay out the page."""
    gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
    with gr.Row(elem_classes="columns"):
        with gr.Column(scale=5, min_width=320):
            browsers, ways, (jar, origin) = _browsers(), _ways(), _surroundings()
        with gr.Column(scale=6, min_width=320):
            results = tester_results.lay_out()
    stand = _Stand(browsers, jar, origin, results)
    _wire_browsers(blocks, tools, stand)
    _wire_ways(blocks, tools, stand, ways)
    _wire_endpoints(blocks, tools, stand, ways)
    _wire_history(blocks, tools, stand, ways)


def _browsers() -> _Browsers:
    with gr.Group(elem_classes="box"):
        chosen = gr.Radio(LETTERS, value=LETTERS[0], label=words.BROWSER, elem_id="browser")
        with gr.Row(elem_classes=["bar", "state"]):
            held = gr.Markdown(elem_id="held")
            empty = gr.Button(words.EMPTY_BROWSER, size="sm")
            add = gr.Button(words.ADD_BROWSER, size="sm")
    lamp = gr.Markdown(elem_id="lamp")
    return _Browsers(chosen, held, lamp, empty, add)


def _surroundings() -> tuple[gr.Markdown, gr.Textbox]:
    with gr.Accordion(words.HELD_COOKIES, open=False, elem_id="held-cookies"):
        jar = gr.Markdown(elem_id="jar", latex_delimiters=[])
    with gr.Accordion(words.ELSEWHERE, open=False, elem_id="elsewhere"):
        origin = gr.Textbox(
            label=words.ORIGIN, placeholder=words.ORIGIN_HINT, max_lines=1, elem_id="origin"
        )
    return jar, origin


def _ways() -> _Ways:
    with gr.Tabs(elem_id="ways", overflow_behavior="wrap") as tabs:
        with gr.Tab(words.QUICK, id="steps"):
            person, another, deeds = _quick()
        with gr.Tab(words.ENDPOINTS, id="endpoints"):
            endpoints = tester_endpoints.lay_out()
        with gr.Tab(words.BY_HAND, id="hand"):
            by_hand, send = _by_hand()
        with gr.Tab(words.JOURNEYS, id="journeys"):
            journey = tester_journeys.lay_out()
        with gr.Tab(words.HISTORY, id="history"):
            gr.Markdown(soft(words.KEPT))
            history = gr.Radio([], label=words.SENT_BEFORE, visible=False, elem_id="history")
            again = gr.Button(words.SEND_AGAIN, size="md", elem_id="again")
    return _Ways(tabs, person, another, deeds, endpoints, by_hand, send, journey, history, again)


def _quick() -> tuple[list[Any], gr.Button, dict[str, gr.Button]]:
    with gr.Group(elem_classes="box"):
        with gr.Row():
            email = _line(words.EMAIL, "email")
            password = _line(words.PASSWORD, "password")
        name = _line(words.NAME, "name")
        with gr.Row(elem_classes="bar"):
            remember = gr.Checkbox(True, label=words.REMEMBER, container=False)
            another = gr.Button(words.NEW_PERSON, size="sm")
    with gr.Row(elem_classes="deeds"):
        deeds = {each: _deed_button(each) for each in DEEDS}
    return [name, email, password, remember], another, deeds


def _by_hand() -> tuple[list[Any], gr.Button]:
    with gr.Row():
        method = gr.Dropdown(METHODS, label=words.METHOD, scale=1, min_width=100)
        path = gr.Textbox("/health", label=words.PATH, scale=3, min_width=180, elem_id="path")
    headers = gr.Textbox(
        label=words.HEADERS, placeholder=words.HEADERS_HINT, lines=1, max_lines=6, elem_id="more"
    )
    body = gr.Code(label=words.BODY, language="json", lines=6, buttons=[], elem_id="body")
    send = gr.Button(words.SEND, variant="primary", size="md", elem_id="send")
    return [method, path, headers, body], send


def _line(label: str, name: str) -> gr.Textbox:
    return gr.Textbox(label=label, elem_id=name, max_lines=1, min_width=210)


def _deed_button(name: str) -> gr.Button:
    variant = "primary" if name in _FIRST else "secondary"
    return gr.Button(name, variant=variant, size="md", min_width=90)


def _wire_browsers(blocks: gr.Blocks, tools: Tools, stand: _Stand) -> None:
    browsers = stand.browsers
    named = [browsers.chosen, *stand.state]
    on(tools, blocks.load, opened, None, named)
    on(tools, browsers.chosen.input, chosen, stand.manner, stand.state)
    on(tools, browsers.empty.click, emptied, stand.manner, stand.state)
    on(tools, browsers.add.click, added, stand.manner, named)


def _wire_ways(blocks: gr.Blocks, tools: Tools, stand: _Stand, ways: _Ways) -> None:
    outputs = [*stand.state, ways.history, *stand.results.outputs]
    for name, button in ways.deeds.items():
        inputs = [*stand.manner, *ways.person]
        on(tools, button.click, performs(DEEDS[name]), inputs, [*outputs, *ways.by_hand])
    on(tools, ways.send.click, sent, [*stand.manner, *ways.by_hand], outputs)
    on(tools, [blocks.load, ways.another.click], thought_up, None, ways.person[:3])
    which, start, steps = ways.journey
    walked = [steps, stand.browsers.chosen, *stand.state, ways.history]
    on(tools, start.click, tester_journeys.started, [which, *stand.manner], walked)


def _wire_endpoints(blocks: gr.Blocks, tools: Tools, stand: _Stand, ways: _Ways) -> None:
    form = ways.endpoints
    outputs = [*stand.state, ways.history, *stand.results.outputs]
    on(tools, blocks.load, tester_endpoints.opened, None, [form.group, form.endpoint])
    on(tools, form.group.input, tester_endpoints.grouped, form.group, form.endpoint)
    person = [form.endpoint, *ways.person[:3]]
    on(tools, form.endpoint.input, tester_endpoints.picked, person, form.face)
    on(tools, form.send.click, tester_endpoints.sent, [*stand.manner, *form.inputs], outputs)
    edited = [*ways.by_hand, ways.tabs]
    on(tools, form.by_hand.click, tester_endpoints.edited_by_hand, form.inputs, edited)


def _wire_history(blocks: gr.Blocks, tools: Tools, stand: _Stand, ways: _Ways) -> None:
    results = stand.results
    picked = [ways.history, *stand.manner]
    sent_anew = [*stand.state, ways.history, *results.outputs]
    on(tools, blocks.load, remembered, None, ways.history)
    on(tools, ways.history.input, tester_results.opened, picked, results.outputs)
    on(tools, ways.again.click, tester_results.sent_again, picked, sent_anew)
    triggers = [results.reveal.input, results.way.input]
    seen = [results.opened, *stand.manner]
    on(tools, triggers, tester_results.seen_anew, seen, [*stand.state, *results.outputs])


def performs(deed: Deed) -> Handler:
    """Return the handler of a button: it performs its deed, and writes it out by hand."""

    async def performed(tools: Tools, asked: Asked, *given: Any) -> AsyncIterator[Any]:
        await admins_only(tools, asked)
        manner = Manner.of(*given[:4])
        call = deed(Person(*given[4:]))
        from_there = replace(call, origin=manner.origin)
        async for step in show(tools, asked, manner, from_there):
            yield (*step, call.method, call.path, "", call.body)

    return performed


async def sent(tools: Tools, asked: Asked, *given: Any) -> AsyncIterator[Any]:
    """Send what was written by hand."""
    await admins_only(tools, asked)
    manner, (method, path, headers, body) = Manner.of(*given[:4]), given[4:]
    said = tuple(_header(line) for line in (headers or "").splitlines() if line.strip())
    call = Call(method, path, body or "", origin=manner.origin, headers=said)
    async for step in show(tools, asked, manner, call):
        yield step


async def opened(tools: Tools, asked: Asked) -> tuple[Any, ...]:
    """Lay out the owner's browsers, and choose the one that the page's address names."""
    await admins_only(tools, asked)
    names = tools.tester.browser_names(asked.owner)
    wanted = asked.query.get("browser", "")
    name = wanted if wanted in names else names[0]
    return gr.Radio(names, value=name), *state_shown(tools, asked, Manner(name))


async def chosen(tools: Tools, asked: Asked, *manner: Any) -> tuple[Any, ...]:
    """Say what a browser that was chosen holds."""
    await admins_only(tools, asked)
    return state_shown(tools, asked, Manner.of(*manner))


async def emptied(tools: Tools, asked: Asked, *manner: Any) -> tuple[Any, ...]:
    """Empty a browser."""
    await admins_only(tools, asked)
    how = Manner.of(*manner)
    tools.tester.browser(asked.owner, how.browser).clear()
    return state_shown(tools, asked, how)


async def added(tools: Tools, asked: Asked, *manner: Any) -> tuple[Any, ...]:
    """Open one more browser, and choose it."""
    await admins_only(tools, asked)
    letter = tools.tester.add_lettered(asked.owner)
    names = tools.tester.browser_names(asked.owner)
    how = Manner.of(letter, *manner[1:])
    return gr.Radio(names, value=letter), *state_shown(tools, asked, how)


async def remembered(tools: Tools, asked: Asked) -> Any:
    """List what was sent before this page was opened."""
    await admins_only(tools, asked)
    return tester_results.history_shown(tools, asked)


async def thought_up(tools: Tools, asked: Asked) -> tuple[str, str, str]:
    """Fill the form anew."""
    await admins_only(tools, asked)
    person = new_person(tools.randomness)
    return person.name, person.email, person.password


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
