"""The Tester's right side: what was sent, what came, and what was sent before."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from panel.client.loopback import Call, CallRefused, NoAnswer
from panel.pages.tester import exchange_view
from panel.pages.tester.admins_only import admins_only
from panel.services import Asked, Tools
from panel.tester import words
from panel.tester.browsers import LETTERS
from panel.tester.code_snippets import LANGUAGES, WAYS, copied
from panel.tester.exchange import Exchange
from panel.tester.masking import masked, secrets_in, without_secrets
from panel.ui.layout import Parts
from panel.ui.markup import soft
from panel.ui.wiring import Updates, error_toast

FIRST_WAY = next(iter(WAYS))


@dataclass(frozen=True)
class Manner:
    """How the page stands: the browser, whose page it plays, what is shown, how it is copied."""

    browser: str
    origin: str = ""
    reveal: bool = False
    way: str = FIRST_WAY

    @classmethod
    def of(cls, browser: str, origin: str | None, reveal: bool, way: str) -> "Manner":
        """Read the components of `Stand.manner`; a text that was never written in is None."""
        return cls(browser, (origin or "").strip(), reveal, way)


class Results(Parts):
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
        self.opened = gr.State(None)  # the number of the exchange that is shown
        self.inputs = [self.reveal, self.way]

    def show(self, tools: Tools, exchange: Exchange, manner: Manner) -> Updates:
        """Show an exchange."""
        secrets = [] if manner.reveal else secrets_in(exchange)
        seen, page = without_secrets(exchange, secrets), tools.tester.public_url
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
                copied(manner.way, seen.request, page), language=LANGUAGES[manner.way]
            ),
            self.opened: exchange.number or None,
        }


class Browsers:
    """The choice of a browser, and what is told of the one chosen."""

    def __init__(self) -> None:
        with gr.Group(elem_classes="box"):
            self.chosen = gr.Radio(
                LETTERS, value=LETTERS[0], label=words.BROWSER, elem_id="browser"
            )
            with gr.Row(elem_classes=["bar", "state"]):
                self.held = gr.Markdown(elem_id="held")
                self.empty = gr.Button(words.EMPTY_BROWSER, size="sm")
                self.add = gr.Button(words.ADD_BROWSER, size="sm")
        self.lamp = gr.Markdown(elem_id="lamp")


@dataclass(frozen=True)
class Stand:
    """How the page stands, as events read it, and where they tell what came of them."""

    browsers: Browsers
    jar: gr.Markdown
    origin: gr.Textbox
    results: Results
    history: gr.Radio

    @property
    def manner(self) -> list[Any]:
        """What `Manner.of` reads."""
        return [self.browsers.chosen, self.origin, self.results.reveal, self.results.way]

    @property
    def state(self) -> list[Any]:
        """What `show_state` sets."""
        return [self.browsers.held, self.jar, self.browsers.lamp]

    @property
    def outputs(self) -> list[Any]:
        """What `send` sets."""
        return [*self.state, self.history, *self.results.outputs]

    def show_state(self, tools: Tools, asked: Asked, manner: Manner) -> Updates:
        """Show what the chosen browser holds, its cookies, and which limits bite."""
        browser = tools.tester.browser(asked.owner, manner.browser)
        limited = tools.tester.limited(asked.owner)
        return {
            self.browsers.held: exchange_view.held(browser),
            self.jar: exchange_view.jar(browser, reveal=manner.reveal),
            self.browsers.lamp: exchange_view.lamp(limited, tools.clock.now()),
        }

    def show_history(self, tools: Tools, asked: Asked, chosen: int | None = None) -> Updates:
        """Show the list of what was sent."""
        choices = [
            (
                f"{each.at:%H:%M:%S}  {each.response.status}  {each.request.method} "
                f"{masked(each.request.path, secrets_in(each))[:80]}  ({each.browser[:30]})",
                each.number,
            )
            for each in tools.tester.history(asked.owner)
        ]
        return {self.history: gr.Radio(choices, value=chosen, visible=bool(choices))}

    async def send(
        self, tools: Tools, asked: Asked, manner: Manner, call: Call
    ) -> AsyncIterator[Updates]:
        """Send a call, and show what comes, of a stream again and again."""
        try:
            async for exchange in tools.tester.performing(asked.owner, manner.browser, call):
                number = exchange.number
                yield {
                    **self.show_state(tools, asked, manner),
                    **(self.show_history(tools, asked, number) if number else {}),
                    **self.results.show(tools, exchange, manner),
                }
        except (CallRefused, NoAnswer) as error:
            state = self.show_state(tools, asked, manner)
            yield {**state, self.results.card: exchange_view.failure(str(error))}

    async def remembered(self, tools: Tools, asked: Asked) -> Any:
        """List what was sent before this page was opened."""
        await admins_only(tools, asked)
        return self.show_history(tools, asked)[self.history]

    async def opened(self, tools: Tools, asked: Asked, number: int | None, *manner: Any) -> Updates:
        """Show an exchange that was sent before."""
        await admins_only(tools, asked)
        return self.results.show(tools, _found(tools, asked, number), Manner.of(*manner))

    async def sent_again(
        self, tools: Tools, asked: Asked, number: int | None, *manner: Any
    ) -> AsyncIterator[Updates]:
        """Send again what was sent before, from the same browser as it is now."""
        await admins_only(tools, asked)
        before = _found(tools, asked, number)
        again = replace(Manner.of(*manner), browser=before.browser)
        async for step in self.send(tools, asked, again, before.call):
            yield step

    async def seen_anew(
        self, tools: Tools, asked: Asked, number: int | None, *manner: Any
    ) -> Updates:
        """Show the same exchange in another manner: with its secrets, or copied another way."""
        await admins_only(tools, asked)
        how = Manner.of(*manner)
        exchange = tools.tester.history(asked.owner).find(number)
        again = self.results.show(tools, exchange, how) if exchange else {}
        return self.show_state(tools, asked, how) | again


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


def _found(tools: Tools, asked: Asked, number: int | None) -> Exchange:
    exchange = tools.tester.history(asked.owner).find(number)
    if exchange is None:
        raise error_toast(words.FORGOTTEN if number else words.CHOOSE_ONE)
    return exchange
