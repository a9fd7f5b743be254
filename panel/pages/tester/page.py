"""The Tester: the API, used as browsers would."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call
from panel.pages.tester.admins_only import admins_only
from panel.pages.tester.endpoints import Endpoints, on_group, read_form
from panel.pages.tester.journeys import Journeys
from panel.pages.tester.results import BrowserPicker, Results, TesterView, ViewOptions
from panel.services import PageContext, Services
from panel.tester import words
from panel.tester.quick_actions import METHODS, QUICK_ACTIONS, Person, QuickAction, new_person
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
        with gr.Row(elem_classes="quick-actions"):
            self.action_buttons = {each: _action_button(each) for each in QUICK_ACTIONS}
        self.who = [name, email, password]

    async def fill_person(self, services: Services, context: PageContext) -> Updates:
        """Fill the form anew."""
        await admins_only(services, context)
        person = new_person(services.randomness)
        return dict(zip(self.who, (person.name, person.email, person.password), strict=True))


class TesterPage:
    """The page: how it stands, and the ways to send."""

    def __init__(self) -> None:
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320):
                browsers = BrowserPicker()
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
        self.view = TesterView(browsers, jar, origin, results, history)

    async def on_load(self, services: Services, context: PageContext) -> Updates:
        """Lay out the owner's browsers, and choose the one that the page's address names."""
        await admins_only(services, context)
        names = services.tester.browser_names(context.owner)
        requested = context.query.get("browser", "")
        return self._choose(
            services, context, ViewOptions(requested if requested in names else names[0])
        )

    async def chosen(self, services: Services, context: PageContext, *inputs: Any) -> Updates:
        """Say what a browser that was chosen holds."""
        await admins_only(services, context)
        return self.view.show_state(services, context, ViewOptions.from_inputs(*inputs))

    async def on_empty(self, services: Services, context: PageContext, *inputs: Any) -> Updates:
        """Empty a browser."""
        await admins_only(services, context)
        how = ViewOptions.from_inputs(*inputs)
        services.tester.browser(context.owner, how.browser).clear()
        return self.view.show_state(services, context, how)

    async def on_add(self, services: Services, context: PageContext, *inputs: Any) -> Updates:
        """Open one more browser, and choose it."""
        await admins_only(services, context)
        letter = services.tester.add_lettered(context.owner)
        return self._choose(
            services, context, replace(ViewOptions.from_inputs(*inputs), browser=letter)
        )

    def handler_for(self, action: QuickAction) -> Handler:
        """Return a button's handler: it sends the request, and shows it in the form By hand."""

        async def handle(
            services: Services, context: PageContext, *inputs: Any
        ) -> AsyncIterator[Updates]:
            await admins_only(services, context)
            options = ViewOptions.from_inputs(*inputs[:4])
            call = action(Person(*inputs[4:]))
            from_there = replace(call, origin=options.origin)
            async for step in self.view.send(services, context, options, from_there):
                yield step | self.by_hand.show(call)

        return handle

    async def sent(
        self, services: Services, context: PageContext, *inputs: Any
    ) -> AsyncIterator[Updates]:
        """Send what was written by hand."""
        await admins_only(services, context)
        options = ViewOptions.from_inputs(*inputs[:4])
        method, path, headers, body = inputs[4:]
        custom_headers = tuple(
            _header(line) for line in (headers or "").splitlines() if line.strip()
        )
        call = Call(method, path, body or "", origin=options.origin, headers=custom_headers)
        async for step in self.view.send(services, context, options, call):
            yield step

    async def edit_by_hand(self, services: Services, context: PageContext, *inputs: Any) -> Updates:
        """Write the form of an endpoint as a request that can be changed freely."""
        call = await read_form(services, context, *inputs)
        return {**self.by_hand.show(call), self.tabs: gr.Tabs(selected="hand")}

    def _choose(self, services: Services, context: PageContext, options: ViewOptions) -> Updates:
        names = services.tester.browser_names(context.owner)
        chosen = gr.Radio(names, value=options.browser)
        return {
            self.view.browsers.chosen: chosen,
            **self.view.show_state(services, context, options),
        }


def build(blocks: gr.Blocks, services: Services) -> TesterPage:
    """Lay out the page."""
    gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
    page = TesterPage()
    _wire_browsers(blocks, services, page)
    _wire_ways(blocks, services, page)
    _wire_endpoints(blocks, services, page)
    _wire_history(blocks, services, page)
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


def _action_button(name: str) -> gr.Button:
    variant = "primary" if name in _FIRST else "secondary"
    return gr.Button(name, variant=variant, size="md", min_width=90)


def _wire_browsers(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    view, browsers = page.view, page.view.browsers
    named = [browsers.chosen, *view.state]
    on(services, blocks.load, page.on_load, None, named)
    on(services, browsers.chosen.input, page.chosen, view.option_inputs, view.state)
    on(services, browsers.empty.click, page.on_empty, view.option_inputs, view.state)
    on(services, browsers.add.click, page.on_add, view.option_inputs, named)


def _wire_ways(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    view, quick, by_hand = page.view, page.quick, page.by_hand
    inputs = [*view.option_inputs, *quick.who, quick.remember]
    for name, button in quick.action_buttons.items():
        outputs = [*view.outputs, *by_hand.fields]
        on(services, button.click, page.handler_for(QUICK_ACTIONS[name]), inputs, outputs)
    on(
        services,
        by_hand.send.click,
        page.sent,
        [*view.option_inputs, *by_hand.fields],
        view.outputs,
    )
    on(services, [blocks.load, quick.another.click], quick.fill_person, None, quick.who)
    page.journeys.wire(services, view)


def _wire_endpoints(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    form, view, by_hand = page.endpoints, page.view, page.by_hand
    on(services, blocks.load, form.on_load, None, [form.group, form.endpoint])
    on(services, form.group.input, on_group, form.group, form.endpoint)
    on(services, form.endpoint.input, form.on_pick, [form.endpoint, *page.quick.who], form.face)
    on(
        services,
        form.send.click,
        form.send_handler(view),
        [*view.option_inputs, *form.inputs],
        view.outputs,
    )
    edited = [*by_hand.fields, page.tabs]
    on(services, form.by_hand.click, page.edit_by_hand, form.inputs, edited)


def _wire_history(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    view, results = page.view, page.view.results
    on_pick = [view.history, *view.option_inputs]
    on(services, blocks.load, view.load_history, None, view.history)
    on(services, view.history.input, view.open_exchange, on_pick, results.outputs)
    on(services, page.again.click, view.send_again, on_pick, view.outputs)
    triggers = [results.reveal.input, results.way.input]
    seen = [results.exchange_number, *view.option_inputs]
    on(services, triggers, view.show_again, seen, [*view.state, *results.outputs])


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
