"""The Tester: uses the API as browsers do."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call
from panel.pages.tester.endpoints import Endpoints, on_group, read_form
from panel.pages.tester.journeys import Journeys
from panel.pages.tester.require_admin import require_admin
from panel.pages.tester.results import BrowserPicker, Results, TesterView, ViewOptions
from panel.ports import PanelSettings
from panel.services import PageContext, Services
from panel.tester import words
from panel.tester.quick_actions import METHODS, QUICK_ACTIONS, Person, QuickAction, new_person
from panel.ui.markup import heading, soft
from panel.ui.wiring import EventHandler, Updates, on, warn_of_unused

_PRIMARY = {words.SIGN_UP, words.SIGN_IN}


class CustomRequest:
    """The form for any request."""

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
        """Fill in a request, to be changed and sent again."""
        return dict(zip(self.fields, (call.method, call.path, "", call.body), strict=True))


class QuickActions:
    """The test person, and the buttons that send requests for them."""

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
        self.person = [name, email, password]

    async def fill_person(self, context: PageContext) -> Updates:
        """Fill in a new test person."""
        await require_admin(context)
        person = new_person(context.services.randomness)
        return dict(zip(self.person, (person.name, person.email, person.password), strict=True))


class TesterPage:
    """The page: the ways to send on the left, the results on the right."""

    def __init__(self, settings: PanelSettings) -> None:
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=5, min_width=320):
                browsers = BrowserPicker()
                with gr.Tabs(elem_id="ways", overflow_behavior="wrap") as self.tabs:
                    with gr.Tab(words.QUICK, id="quick"):
                        self.quick = QuickActions()
                    with gr.Tab(words.ENDPOINTS, id="endpoints"):
                        self.endpoints = Endpoints()
                    with gr.Tab(words.CUSTOM, id="custom"):
                        self.custom = CustomRequest()
                    with gr.Tab(words.JOURNEYS, id="journeys"):
                        self.journeys = Journeys(settings)
                    with gr.Tab(words.HISTORY, id="history"):
                        gr.Markdown(soft(words.KEPT))
                        history = gr.Radio(
                            [], label=words.SENT_BEFORE, visible=False, elem_id="history"
                        )
                        self.again = gr.Button(words.SEND_AGAIN, size="md", elem_id="again")
                jar, origin = _advanced()
            with gr.Column(scale=6, min_width=320):
                results = Results()
        self.view = TesterView(browsers, jar, origin, results, history)

    async def on_load(self, context: PageContext) -> Updates:
        """List the admin's browsers, and select the one that the page's address names."""
        await require_admin(context)
        names = context.services.tester.browser_names(context.admin)
        requested = context.query.get("browser", "")
        chosen = requested if requested in names else names[0]
        warn_of_unused(context, {"browser": chosen})
        return self._select(context, ViewOptions(chosen))

    async def on_choose(self, context: PageContext, *inputs: Any) -> Updates:
        """Show the selected browser."""
        await require_admin(context)
        return self.view.show_state(context, ViewOptions.from_inputs(*inputs))

    async def on_empty(self, context: PageContext, *inputs: Any) -> Updates:
        """Clear the selected browser."""
        await require_admin(context)
        options = ViewOptions.from_inputs(*inputs)
        context.services.tester.browser(context.admin, options.browser).clear()
        return self.view.show_state(context, options)

    async def on_add(self, context: PageContext, *inputs: Any) -> Updates:
        """Add a browser, and select it."""
        await require_admin(context)
        letter = context.services.tester.add_lettered(context.admin)
        return self._select(context, replace(ViewOptions.from_inputs(*inputs), browser=letter))

    def handler_for(self, action: QuickAction) -> EventHandler:
        """Return a button's handler: sends the request, and fills it into the custom form."""

        async def handle(context: PageContext, *inputs: Any) -> AsyncIterator[Updates]:
            await require_admin(context)
            options = ViewOptions.from_inputs(*inputs[:4])
            call = action(Person(*inputs[4:]))
            with_origin = replace(call, origin=options.origin)
            async for step in self.view.send(context, options, with_origin):
                yield step | self.custom.show(call)

        return handle

    async def on_send(self, context: PageContext, *inputs: Any) -> AsyncIterator[Updates]:
        """Send the custom request."""
        await require_admin(context)
        options = ViewOptions.from_inputs(*inputs[:4])
        method, path, headers, body = inputs[4:]
        custom_headers = tuple(
            _header(line) for line in (headers or "").splitlines() if line.strip()
        )
        call = Call(method, path, body or "", origin=options.origin, headers=custom_headers)
        async for step in self.view.send(context, options, call):
            yield step

    async def edit_as_custom(self, context: PageContext, *inputs: Any) -> Updates:
        """Turn an endpoint's form into a custom request."""
        call = await read_form(context, *inputs)
        return {**self.custom.show(call), self.tabs: gr.Tabs(selected="custom")}

    def _select(self, context: PageContext, options: ViewOptions) -> Updates:
        names = context.services.tester.browser_names(context.admin)
        chosen = gr.Radio(names, value=options.browser)
        return {self.view.browsers.chosen: chosen, **self.view.show_state(context, options)}


def build(blocks: gr.Blocks, services: Services) -> TesterPage:
    """Lay out the page."""
    gr.Markdown(heading(words.TITLE, words.LEAD), elem_classes="head")
    page = TesterPage(services.settings)
    _wire_browsers(blocks, services, page)
    _wire_ways(blocks, services, page)
    _wire_endpoints(blocks, services, page)
    _wire_history(blocks, services, page)
    return page


def _advanced() -> tuple[gr.Markdown, gr.Textbox]:
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
    variant = "primary" if name in _PRIMARY else "secondary"
    return gr.Button(name, variant=variant, size="md", min_width=90)


def _wire_browsers(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    view, browsers = page.view, page.view.browsers
    named = [browsers.chosen, *view.state]
    on(services, blocks.load, page.on_load, None, named)
    on(services, browsers.chosen.input, page.on_choose, view.option_inputs, view.state)
    on(services, browsers.empty.click, page.on_empty, view.option_inputs, view.state)
    on(services, browsers.add.click, page.on_add, view.option_inputs, named)


def _wire_ways(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    view, quick, custom = page.view, page.quick, page.custom
    inputs = [*view.option_inputs, *quick.person, quick.remember]
    for name, button in quick.action_buttons.items():
        outputs = [*view.outputs, *custom.fields]
        on(services, button.click, page.handler_for(QUICK_ACTIONS[name]), inputs, outputs)
    custom_inputs = [*view.option_inputs, *custom.fields]
    on(services, custom.send.click, page.on_send, custom_inputs, view.outputs)
    on(services, [blocks.load, quick.another.click], quick.fill_person, None, quick.person)
    page.journeys.wire(services, view)


def _wire_endpoints(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    form, view, custom = page.endpoints, page.view, page.custom
    on(services, blocks.load, form.on_load, None, [form.group, form.endpoint])
    on(services, form.group.input, on_group, form.group, form.endpoint)
    picked = [form.endpoint, *page.quick.person]
    on(services, form.endpoint.input, form.on_pick, picked, form.outputs)
    sent = [*view.option_inputs, *form.inputs]
    on(services, form.send.click, form.send_handler(view), sent, view.outputs)
    edited = [*custom.fields, page.tabs]
    on(services, form.edit_button.click, page.edit_as_custom, form.inputs, edited)


def _wire_history(blocks: gr.Blocks, services: Services, page: TesterPage) -> None:
    view, results = page.view, page.view.results
    inputs = [view.history, *view.option_inputs]
    on(services, blocks.load, view.load_history, None, view.history)
    on(services, view.history.input, view.open_exchange, inputs, results.outputs)
    on(services, page.again.click, view.send_again, inputs, view.outputs)
    triggers = [results.reveal.input, results.snippet.input]
    show_inputs = [results.exchange_number, *view.option_inputs]
    on(services, triggers, view.show_again, show_inputs, [*view.state, *results.outputs])


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
