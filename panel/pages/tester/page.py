"""The Tester: the API, used as browsers would."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call
from panel.pages.tester.admins_only import admins_only
from panel.pages.tester.endpoints import Endpoints, grouped, written
from panel.pages.tester.journeys import Journeys
from panel.pages.tester.results import Browsers, Manner, Results, Stand
from panel.services import Asked, Tools
from panel.tester import words
from panel.tester.quick_actions import DEEDS, METHODS, Deed, Person, new_person
from panel.ui.markup import heading, soft
from panel.ui.wiring import Handler, Updates, on

_FIRST = {words.SIGN_UP, words.SIGN_IN}


class ByHand:
    """The form in which a request is written freely."""

    def __init__(self) -> None:
        with gr.Row():
            self.method = gr.Dropdown(METHODS, label=words.METHOD, scale=1, min_width=100)
            self.path = gr.Textbox(
                "/health", label=words.PATH, scale=3, min_width=180, elem_id="path"
            )
        self.headers = gr.Textbox(
            label=words.HEADERS,
            placeholder=words.HEADERS_HINT,
            lines=1,
            max_lines=6,
            elem_id="more",
        )
        self.body = gr.Code(label=words.BODY, language="json", lines=6, buttons=[], elem_id="body")
        self.send = gr.Button(words.SEND, variant="primary", size="md", elem_id="send")
        self.fields = [self.method, self.path, self.headers, self.body]

    def show(self, call: Call) -> Updates:
        """Write out a request, so that it can be changed and sent again."""
        return dict(zip(self.fields, (call.method, call.path, "", call.body), strict=True))


class Quick:
    """The test person, and the buttons that send for them."""

    def __init__(self) -> None:
        with gr.Group(elem_classes="box"):
            with gr.Row():
                email = _line(words.EMAIL, "email")
                password = _line(words.PASSWORD, "password")
            name = _line(words.NAME, "name")
            with gr.Row(elem_classes="bar"):
                self.remember = gr.Checkbox(True, label=words.REMEMBER, container=False)
                self.another = gr.Button(words.NEW_PERSON, size="sm")
        with gr.Row(elem_classes="deeds"):
            self.deeds = {each: _deed_button(each) for each in DEEDS}
        self.who = [name, email, password]

    async def thought_up(self, tools: Tools, asked: Asked) -> Updates:
        """Fill the form anew."""
        await admins_only(tools, asked)
        person = new_person(tools.randomness)
        return dict(zip(self.who, (person.name, person.email, person.password), strict=True))


class TesterPage:
    """The page: how it stands, and the ways to send."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320):
                browsers = Browsers()
                with gr.Tabs(elem_id="ways", overflow_behavior="wrap") as self.tabs:
                    with gr.Tab(words.QUICK, id="steps"):
                        self.quick = Quick()
                    with gr.Tab(words.ENDPOINTS, id="endpoints"):
                        self.endpoints = Endpoints()
                    with gr.Tab(words.BY_HAND, id="hand"):
                        self.by_hand = ByHand()
                    with gr.Tab(words.JOURNEYS, id="journeys"):
                        self.journeys = Journeys()
                    with gr.Tab(words.HISTORY, id="history"):
                        gr.Markdown(soft(words.KEPT))
                        history = gr.Radio(
                            [], label=words.SENT_BEFORE, visible=False, elem_id="history"
                        )
                        self.again = gr.Button(words.SEND_AGAIN, size="md", elem_id="again")
                jar, origin = _surroundings()
            with gr.Column(scale=6, min_width=320):
                results = Results()
        self.stand = Stand(browsers, jar, origin, results, history)

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
        call = await written(tools, asked, *given)
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
    page = TesterPage()
    _wire_browsers(blocks, tools, page)
    _wire_ways(blocks, tools, page)
    _wire_endpoints(blocks, tools, page)
    _wire_history(blocks, tools, page)
    return page


def _surroundings() -> tuple[gr.Markdown, gr.Textbox]:
    with gr.Accordion(words.HELD_COOKIES, open=False, elem_id="held-cookies"):
        jar = gr.Markdown(elem_id="jar", latex_delimiters=[])
    with gr.Accordion(words.ELSEWHERE, open=False, elem_id="elsewhere"):
        origin = gr.Textbox(
            label=words.ORIGIN, placeholder=words.ORIGIN_HINT, max_lines=1, elem_id="origin"
        )
    return jar, origin


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
    on(tools, form.group.input, grouped, form.group, form.endpoint)
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
