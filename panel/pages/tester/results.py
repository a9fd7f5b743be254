"""The Tester's right side: what was sent, what came, and what was sent before."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call, InvalidCall, NoResponse
from panel.pages.tester import exchange_view
from panel.pages.tester.admins_only import admins_only
from panel.services import PageContext, Services
from panel.tester import words
from panel.tester.browsers import BROWSER_NAMES
from panel.tester.code_snippets import LANGUAGES, WAYS, render_snippet
from panel.tester.exchange import Exchange
from panel.tester.masking import mask, mask_exchange, secrets_in
from panel.ui.layout import Components
from panel.ui.markup import soft
from panel.ui.wiring import Updates, error_toast

FIRST_WAY = next(iter(WAYS))


@dataclass(frozen=True)
class ViewOptions:
    """What is chosen on the page: browser, origin, whether secrets are shown, snippet format."""

    browser: str
    origin: str = ""
    reveal: bool = False
    way: str = FIRST_WAY

    @classmethod
    def from_inputs(cls, browser: str, origin: str | None, reveal: bool, way: str) -> "ViewOptions":
        """Read `TesterView.option_inputs`; an untouched text field is None."""
        return cls(browser, (origin or "").strip(), reveal, way)


class Results(Components):
    """The components in which an exchange is shown."""

    def __init__(self) -> None:
        self.card = gr.Markdown(exchange_view.nothing_yet(), elem_id="card", latex_delimiters=[])
        with gr.Row(elem_classes="reveal"):
            self.reveal = gr.Checkbox(False, label=words.REVEAL, container=False, elem_id="reveal")
        answer, raw, cookies, headers, request, copy = words.TABS
        with gr.Tabs(visible=False, overflow_behavior="wrap") as self.tabs:
            with gr.Tab(answer):
                self.answer = _text_box("answer", "json")
            with gr.Tab(cookies) as self.cookie_tab:
                self.cookies = gr.Markdown(elem_id="cookies", latex_delimiters=[])
            with gr.Tab(headers):
                self.headers = gr.Markdown(elem_id="headers", latex_delimiters=[])
            with gr.Tab(request):
                self.request = _text_box("request", None)
            with gr.Tab(raw):
                self.raw = _text_box("raw", None)
            with gr.Tab(copy):
                ways = list(WAYS)
                self.way = gr.Radio(ways, value=FIRST_WAY, label=words.COPY_AS, elem_id="way")
                gr.Markdown(soft(words.MASKED))
                self.copy = _text_box("copy", "shell")
        self.exchange_number = gr.State(None)  # the number of the exchange that is shown
        self.inputs = [self.reveal, self.way]

    def show(self, services: Services, exchange: Exchange, options: ViewOptions) -> Updates:
        """Show an exchange."""
        secrets = [] if options.reveal else secrets_in(exchange)
        seen, page = mask_exchange(exchange, secrets), services.tester.public_url
        return {
            self.card: exchange_view.card(exchange, secrets),
            self.tabs: gr.Tabs(visible=True),
            self.answer: exchange_view.body(seen.response),
            self.raw: exchange_view.raw(seen.response),
            self.cookie_tab: gr.Tab(label=exchange_view.cookies_title(exchange)),
            self.cookies: exchange_view.cookies(exchange, secrets, page),
            self.headers: exchange_view.headers(exchange.response, secrets),
            self.request: exchange_view.requests(seen),
            self.copy: gr.Code(
                render_snippet(options.way, seen.request, page), language=LANGUAGES[options.way]
            ),
            self.exchange_number: exchange.number or None,
        }


class BrowserPicker:
    """The choice of a browser, and the state of the one chosen."""

    def __init__(self) -> None:
        with gr.Group(elem_classes="box"):
            self.chosen = gr.Radio(
                BROWSER_NAMES, value=BROWSER_NAMES[0], label=words.BROWSER, elem_id="browser"
            )
            with gr.Row(elem_classes=["bar", "state"]):
                self.browser_state = gr.Markdown(elem_id="held")
                self.empty = gr.Button(words.EMPTY_BROWSER, size="sm")
                self.add = gr.Button(words.ADD_BROWSER, size="sm")
        self.limit_notice = gr.Markdown(elem_id="limit-notice")


@dataclass(frozen=True)
class TesterView:
    """How the page stands, as events read it, and where they tell what came of them."""

    browsers: BrowserPicker
    jar: gr.Markdown
    origin: gr.Textbox
    results: Results
    history: gr.Radio

    @property
    def option_inputs(self) -> list[Any]:
        """What `ViewOptions.from_inputs` reads."""
        return [self.browsers.chosen, self.origin, self.results.reveal, self.results.way]

    @property
    def state(self) -> list[Any]:
        """What `show_state` sets."""
        return [self.browsers.browser_state, self.jar, self.browsers.limit_notice]

    @property
    def outputs(self) -> list[Any]:
        """What `send` sets."""
        return [*self.state, self.history, *self.results.outputs]

    def show_state(self, services: Services, context: PageContext, options: ViewOptions) -> Updates:
        """Show what the chosen browser holds, its cookies, and which limits bite."""
        browser = services.tester.browser(context.owner, options.browser)
        limited = services.tester.limited(context.owner)
        return {
            self.browsers.browser_state: exchange_view.browser_state(browser),
            self.jar: exchange_view.jar(browser, reveal=options.reveal),
            self.browsers.limit_notice: exchange_view.limit_notice(limited, services.clock.now()),
        }

    def show_history(
        self, services: Services, context: PageContext, chosen: int | None = None
    ) -> Updates:
        """Show the list of what was sent."""
        choices = [
            (
                f"{each.at:%H:%M:%S}  {each.response.status}  {each.request.method} "
                f"{mask(each.request.path, secrets_in(each))[:80]}  ({each.browser[:30]})",
                each.number,
            )
            for each in services.tester.history(context.owner)
        ]
        return {self.history: gr.Radio(choices, value=chosen, visible=bool(choices))}

    async def send(
        self, services: Services, context: PageContext, options: ViewOptions, call: Call
    ) -> AsyncIterator[Updates]:
        """Send a call, and show what comes, of a stream again and again."""
        try:
            async for exchange in services.tester.stream(context.owner, options.browser, call):
                number = exchange.number
                yield {
                    **self.show_state(services, context, options),
                    **(self.show_history(services, context, number) if number else {}),
                    **self.results.show(services, exchange, options),
                }
        except (InvalidCall, NoResponse) as error:
            state = self.show_state(services, context, options)
            yield {**state, self.results.card: exchange_view.failure(str(error))}

    async def load_history(self, services: Services, context: PageContext) -> Any:
        """List what was sent before this page was opened."""
        await admins_only(services, context)
        return self.show_history(services, context)[self.history]

    async def open_exchange(
        self, services: Services, context: PageContext, number: int | None, *inputs: Any
    ) -> Updates:
        """Show an exchange that was sent before."""
        await admins_only(services, context)
        return self.results.show(
            services, _found(services, context, number), ViewOptions.from_inputs(*inputs)
        )

    async def send_again(
        self, services: Services, context: PageContext, number: int | None, *inputs: Any
    ) -> AsyncIterator[Updates]:
        """Send again what was sent before, from the same browser as it is now."""
        await admins_only(services, context)
        before = _found(services, context, number)
        again = replace(ViewOptions.from_inputs(*inputs), browser=before.browser)
        async for step in self.send(services, context, again, before.call):
            yield step

    async def show_again(
        self, services: Services, context: PageContext, number: int | None, *inputs: Any
    ) -> Updates:
        """Show the same exchange with other options, such as with its secrets."""
        await admins_only(services, context)
        how = ViewOptions.from_inputs(*inputs)
        exchange = services.tester.history(context.owner).find(number)
        again = self.results.show(services, exchange, how) if exchange else {}
        return self.show_state(services, context, how) | again


def _text_box(name: str, language: Any) -> gr.Code:
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


def _found(services: Services, context: PageContext, number: int | None) -> Exchange:
    exchange = services.tester.history(context.owner).find(number)
    if exchange is None:
        raise error_toast(words.FORGOTTEN if number else words.CHOOSE_ONE)
    return exchange
