"""The Tester's right side: request, response and history."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call, InvalidCall, NoResponse
from panel.pages.tester import exchange_view
from panel.pages.tester.require_admin import require_admin
from panel.services import PageContext
from panel.tester import words
from panel.tester.browsers import BROWSER_NAMES
from panel.tester.code_snippets import FORMATS, LANGUAGES, render_snippet
from panel.tester.exchange import Exchange
from panel.tester.masking import mask, mask_exchange, secrets_in
from panel.ui.layout import Components
from panel.ui.markup import soft
from panel.ui.wiring import Updates, error_toast

FIRST_SNIPPET = next(iter(FORMATS))


@dataclass(frozen=True)
class ViewOptions:
    """Options on the page: browser, origin, whether secrets are shown, snippet format."""

    browser: str
    origin: str = ""
    reveal: bool = False
    snippet: str = FIRST_SNIPPET

    @classmethod
    def from_inputs(
        cls, browser: str, origin: str | None, reveal: bool, snippet: str
    ) -> "ViewOptions":
        """Read `TesterView.option_inputs`; an untouched text field is None."""
        return cls(browser, (origin or "").strip(), reveal, snippet)


class Results(Components):
    """The components in which an exchange is shown."""

    def __init__(self) -> None:
        self.card = gr.Markdown(exchange_view.render_empty(), elem_id="card", latex_delimiters=[])
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
                formats = list(FORMATS)
                self.snippet = gr.Radio(
                    formats, value=FIRST_SNIPPET, label=words.COPY_AS, elem_id="snippet"
                )
                gr.Markdown(soft(words.MASKED))
                self.copy = _text_box("copy", "shell")
        self.exchange_number = gr.State(None)  # of the exchange shown
        self.inputs = [self.reveal, self.snippet]

    def show(self, context: PageContext, exchange: Exchange, options: ViewOptions) -> Updates:
        """Show an exchange."""
        secrets = [] if options.reveal else secrets_in(exchange)
        masked, page = mask_exchange(exchange, secrets), context.services.tester.public_url
        return {
            self.card: exchange_view.render_card(exchange, secrets),
            self.tabs: gr.Tabs(visible=True),
            self.answer: exchange_view.format_body(masked.response),
            self.raw: exchange_view.format_response(masked.response),
            self.cookie_tab: gr.Tab(label=exchange_view.cookies_title(exchange)),
            self.cookies: exchange_view.render_cookies(exchange, secrets, page),
            self.headers: exchange_view.render_headers(exchange.response, secrets),
            self.request: exchange_view.format_requests(masked),
            self.copy: gr.Code(
                render_snippet(options.snippet, masked.request, page),
                language=LANGUAGES[options.snippet],
            ),
            self.exchange_number: exchange.number or None,
        }


class BrowserPicker:
    """The choice of a browser, and the state of the chosen one."""

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
    """The components that every way of sending reads and updates."""

    browsers: BrowserPicker
    jar: gr.Markdown
    origin: gr.Textbox
    results: Results
    history: gr.Radio

    @property
    def option_inputs(self) -> list[Any]:
        """What `ViewOptions.from_inputs` reads."""
        return [self.browsers.chosen, self.origin, self.results.reveal, self.results.snippet]

    @property
    def state(self) -> list[Any]:
        """What `show_state` sets."""
        return [self.browsers.browser_state, self.jar, self.browsers.limit_notice]

    @property
    def outputs(self) -> list[Any]:
        """What `send` sets."""
        return [*self.state, self.history, *self.results.outputs]

    def show_state(self, context: PageContext, options: ViewOptions) -> Updates:
        """Show the chosen browser's user, its cookies and active rate limits."""
        browser = context.services.tester.browser(context.admin, options.browser)
        limited = context.services.tester.limited(context.admin)
        return {
            self.browsers.browser_state: exchange_view.render_browser_state(browser),
            self.jar: exchange_view.render_jar(browser, reveal=options.reveal),
            self.browsers.limit_notice: exchange_view.render_limits(limited, context.now()),
        }

    def show_history(self, context: PageContext, chosen: int | None = None) -> Updates:
        """Show the history."""
        choices = [
            (
                f"{each.at:%H:%M:%S}  {each.response.status}  {each.request.method} "
                f"{mask(each.request.path, secrets_in(each))[:80]}  ({each.browser[:30]})",
                each.number,
            )
            for each in context.services.tester.history(context.admin)
        ]
        return {self.history: gr.Radio(choices, value=chosen, visible=bool(choices))}

    async def send(
        self, context: PageContext, options: ViewOptions, call: Call
    ) -> AsyncIterator[Updates]:
        """Send a call and show the response; a stream is shown as it arrives."""
        try:
            async for exchange in context.services.tester.stream(
                context.admin, options.browser, call
            ):
                number = exchange.number
                yield {
                    **self.show_state(context, options),
                    **(self.show_history(context, number) if number else {}),
                    **self.results.show(context, exchange, options),
                }
        except (InvalidCall, NoResponse) as error:
            state = self.show_state(context, options)
            yield {**state, self.results.card: exchange_view.render_failure(str(error))}

    async def load_history(self, context: PageContext) -> Any:
        """Show the history when the page is opened."""
        await require_admin(context)
        return self.show_history(context)[self.history]

    async def open_exchange(
        self, context: PageContext, number: int | None, *inputs: Any
    ) -> Updates:
        """Show an exchange of the history."""
        await require_admin(context)
        return self.results.show(
            context, _find_exchange(context, number), ViewOptions.from_inputs(*inputs)
        )

    async def send_again(
        self, context: PageContext, number: int | None, *inputs: Any
    ) -> AsyncIterator[Updates]:
        """Send a request of the history again, from the same browser in its current state."""
        await require_admin(context)
        earlier = _find_exchange(context, number)
        again = replace(ViewOptions.from_inputs(*inputs), browser=earlier.browser)
        async for step in self.send(context, again, earlier.call):
            yield step

    async def show_again(self, context: PageContext, number: int | None, *inputs: Any) -> Updates:
        """Show the same exchange with other options, such as with secrets."""
        await require_admin(context)
        options = ViewOptions.from_inputs(*inputs)
        exchange = context.services.tester.history(context.admin).find(number)
        again = self.results.show(context, exchange, options) if exchange else {}
        return self.show_state(context, options) | again


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


def _find_exchange(context: PageContext, number: int | None) -> Exchange:
    exchange = context.services.tester.history(context.admin).find(number)
    if exchange is None:
        raise error_toast(words.FORGOTTEN if number else words.CHOOSE_ONE)
    return exchange
