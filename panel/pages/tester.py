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
from panel.pages.tester_journeys import Journeys
from panel.pages.tester_results import Browsers, Manner, Stand
from panel.tester.deeds import DEEDS, METHODS, Deed, Person, new_person
from panel.tester.lock import admins_only
from panel.tools import Asked, Tools
from panel.wiring import Handler, Updates, on
from panel.words import tester as words

_FIRST = {words.SIGN_UP, words.SIGN_IN}


@dataclass(frozen=True)
class ByHand:
    """The form in which a request is written freely."""

    method: gr.Dropdown
    path: gr.Textbox
    headers: gr.Textbox
    body: gr.Code
    send: gr.Button

    @property
    def fields(self) -> list[Any]:
        """What `show` sets, and what is sent."""
        return [self.method, self.path, self.headers, self.body]

    def show(self, call: Call) -> Updates:
        """Write out a request, so that it can be changed and sent again."""
        return {
            self.method: call.method,
            self.path: call.path,
            self.headers: "",
            self.body: call.body,
        }


@dataclass(frozen=True)
class Quick:
    """The test person, and the buttons that send for them."""

    name: gr.Textbox
    email: gr.Textbox
    password: gr.Textbox
    remember: gr.Checkbox
    another: gr.Button
    deeds: dict[str, gr.Button]

    @property
    def who(self) -> list[Any]:
        """What `thought_up` sets."""
        return [self.name, self.email, self.password]

    async def thought_up(self, tools: Tools, asked: Asked) -> Updates:
        """Fill the form anew."""
        await admins_only(tools, asked)
        person = new_person(tools.randomness)
        return {self.name: person.name, self.email: person.email, self.password: person.password}


@dataclass(frozen=True)
class TesterPage:
    """The page: how it stands, and the ways to send."""

    stand: Stand
    tabs: gr.Tabs
    quick: Quick
    endpoints: Endpoints
    by_hand: ByHand
    journeys: Journeys
    again: gr.Button

    async def opened(self, tools: Tools, asked: Asked) -> Updates:
        """Lay out the owner's browsers, and choose the one that the page's address names."""
        await admins_only(tools, asked)
        names = tools.tester.browser_names(asked.owner)
        wanted = asked.query.get("browser", "")
        return self._choose(tools, asked, Manner(wanted if wanted in names else names[0]))

    async def chosen(self, tools: Tools, asked: Asked, *manner: Any) -> Updates:
        """Say what a browser that was chosen holds."""
        await admins_only(tools, asked)
        return self.stand.show_state(tools, asked, Manner.of(*manner))

    async def emptied(self, tools: Tools, asked: Asked, *manner: Any) -> Updates:
        """Empty a browser."""
        await admins_only(tools, asked)
        how = Manner.of(*manner)
        tools.tester.browser(asked.owner, how.browser).clear()
        return self.stand.show_state(tools, asked, how)

    async def added(self, tools: Tools, asked: Asked, *manner: Any) -> Updates:
        """Open one more browser, and choose it."""
        await admins_only(tools, asked)
        letter = tools.tester.add_lettered(asked.owner)
        return self._choose(tools, asked, replace(Manner.of(*manner), browser=letter))

    def performs(self, deed: Deed) -> Handler:
        """Return the handler of a button: it performs its deed, and writes it out by hand."""

        async def performed(tools: Tools, asked: Asked, *given: Any) -> AsyncIterator[Updates]:
            await admins_only(tools, asked)
            manner = Manner.of(*given[:4])
            call = deed(Person(*given[4:]))
            from_there = replace(call, origin=manner.origin)
            async for step in self.stand.send(tools, asked, manner, from_there):
                yield step | self.by_hand.show(call)

        return performed

    async def sent(self, tools: Tools, asked: Asked, *given: Any) -> AsyncIterator[Updates]:
        """Send what was written by hand."""
        await admins_only(tools, asked)
        manner, (method, path, headers, body) = Manner.of(*given[:4]), given[4:]
        said = tuple(_header(line) for line in (headers or "").splitlines() if line.strip())
        call = Call(method, path, body or "", origin=manner.origin, headers=said)
        async for step in self.stand.send(tools, asked, manner, call):
            yield step

    async def edited_by_hand(self, tools: Tools, asked: Asked, *given: Any) -> Updates:
        """Write the form of an endpoint as a request that can be changed freely."""
        call = await tester_endpoints.written(tools, asked, *given)
        return {**self.by_hand.show(call), self.tabs: gr.Tabs(selected="hand")}

    def _choose(self, tools: Tools, asked: Asked, manner: Manner) -> Updates:
        names = tools.tester.browser_names(asked.owner)
        chosen = gr.Radio(names, value=manner.browser)
        return {
            self.stand.browsers.chosen: chosen,
            **self.stand.show_state(tools, asked, manner),
        }


def build(blocks: gr.Blocks, tools: Tools) -> TesterPage:
    """Lay out the page."""
    gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
    with gr.Row(elem_classes="columns"):
        with gr.Column(scale=5, min_width=320):
            browsers = _browsers()
            with gr.Tabs(elem_id="ways", overflow_behavior="wrap") as tabs:
                with gr.Tab(words.QUICK, id="steps"):
                    quick = _quick()
                with gr.Tab(words.ENDPOINTS, id="endpoints"):
                    endpoints = tester_endpoints.lay_out()
                with gr.Tab(words.BY_HAND, id="hand"):
                    by_hand = _by_hand()
                with gr.Tab(words.JOURNEYS, id="journeys"):
                    journeys = tester_journeys.lay_out()
                with gr.Tab(words.HISTORY, id="history"):
                    gr.Markdown(soft(words.KEPT))
                    history = gr.Radio(
                        [], label=words.SENT_BEFORE, visible=False, elem_id="history"
                    )
                    again = gr.Button(words.SEND_AGAIN, size="md", elem_id="again")
            jar, origin = _surroundings()
        with gr.Column(scale=6, min_width=320):
            results = tester_results.lay_out()
    stand = Stand(browsers, jar, origin, results, history)
    page = TesterPage(stand, tabs, quick, endpoints, by_hand, journeys, again)
    _wire_browsers(blocks, tools, page)
    _wire_ways(blocks, tools, page)
    _wire_endpoints(blocks, tools, page)
    _wire_history(blocks, tools, page)
    return page


def _browsers() -> Browsers:
    with gr.Group(elem_classes="box"):
        chosen = gr.Radio(LETTERS, value=LETTERS[0], label=words.BROWSER, elem_id="browser")
        with gr.Row(elem_classes=["bar", "state"]):
            held = gr.Markdown(elem_id="held")
            empty = gr.Button(words.EMPTY_BROWSER, size="sm")
            add = gr.Button(words.ADD_BROWSER, size="sm")
    lamp = gr.Markdown(elem_id="lamp")
    return Browsers(chosen, held, lamp, empty, add)


def _surroundings() -> tuple[gr.Markdown, gr.Textbox]:
    with gr.Accordion(words.HELD_COOKIES, open=False, elem_id="held-cookies"):
        jar = gr.Markdown(elem_id="jar", latex_delimiters=[])
    with gr.Accordion(words.ELSEWHERE, open=False, elem_id="elsewhere"):
        origin = gr.Textbox(
            label=words.ORIGIN, placeholder=words.ORIGIN_HINT, max_lines=1, elem_id="origin"
        )
    return jar, origin


def _quick() -> Quick:
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
    return Quick(name, email, password, remember, another, deeds)


def _by_hand() -> ByHand:
    with gr.Row():
        method = gr.Dropdown(METHODS, label=words.METHOD, scale=1, min_width=100)
        path = gr.Textbox("/health", label=words.PATH, scale=3, min_width=180, elem_id="path")
    headers = gr.Textbox(
        label=words.HEADERS, placeholder=words.HEADERS_HINT, lines=1, max_lines=6, elem_id="more"
    )
    body = gr.Code(label=words.BODY, language="json", lines=6, buttons=[], elem_id="body")
    send = gr.Button(words.SEND, variant="primary", size="md", elem_id="send")
    return ByHand(method, path, headers, body, send)


def _line(label: str, name: str) -> gr.Textbox:
    return gr.Textbox(label=label, elem_id=name, max_lines=1, min_width=210)


def _deed_button(name: str) -> gr.Button:
    variant = "primary" if name in _FIRST else "secondary"
    return gr.Button(name, variant=variant, size="md", min_width=90)


def _wire_browsers(blocks: gr.Blocks, tools: Tools, page: TesterPage) -> None:
    stand, browsers = page.stand, page.stand.browsers
    named = [browsers.chosen, *stand.state]
    on(tools, blocks.load, page.opened, None, named)
    on(tools, browsers.chosen.input, page.chosen, stand.manner, stand.state)
    on(tools, browsers.empty.click, page.emptied, stand.manner, stand.state)
    on(tools, browsers.add.click, page.added, stand.manner, named)


def _wire_ways(blocks: gr.Blocks, tools: Tools, page: TesterPage) -> None:
    stand, quick, by_hand = page.stand, page.quick, page.by_hand
    inputs = [*stand.manner, *quick.who, quick.remember]
    for name, button in quick.deeds.items():
        outputs = [*stand.outputs, *by_hand.fields]
        on(tools, button.click, page.performs(DEEDS[name]), inputs, outputs)
    on(tools, by_hand.send.click, page.sent, [*stand.manner, *by_hand.fields], stand.outputs)
    on(tools, [blocks.load, quick.another.click], quick.thought_up, None, quick.who)
    page.journeys.wire(tools, stand)


def _wire_endpoints(blocks: gr.Blocks, tools: Tools, page: TesterPage) -> None:
    form, stand, by_hand = page.endpoints, page.stand, page.by_hand
    on(tools, blocks.load, form.opened, None, [form.group, form.endpoint])
    on(tools, form.group.input, tester_endpoints.grouped, form.group, form.endpoint)
    on(tools, form.endpoint.input, form.picked, [form.endpoint, *page.quick.who], form.face)
    on(tools, form.send.click, form.sends(stand), [*stand.manner, *form.inputs], stand.outputs)
    edited = [*by_hand.fields, page.tabs]
    on(tools, form.by_hand.click, page.edited_by_hand, form.inputs, edited)


def _wire_history(blocks: gr.Blocks, tools: Tools, page: TesterPage) -> None:
    stand, results = page.stand, page.stand.results
    picked = [stand.history, *stand.manner]
    on(tools, blocks.load, stand.remembered, None, stand.history)
    on(tools, stand.history.input, stand.opened, picked, results.outputs)
    on(tools, page.again.click, stand.sent_again, picked, stand.outputs)
    triggers = [results.reveal.input, results.way.input]
    seen = [results.opened, *stand.manner]
    on(tools, triggers, stand.seen_anew, seen, [*stand.state, *results.outputs])


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
