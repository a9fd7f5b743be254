"""The Tester's right side: what was sent, what came, and what was sent before."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from panel import shown
from panel.loopback import Call, CallRefused, NoAnswer
from panel.markup import soft
from panel.tester.copies import LANGUAGES, WAYS, copied
from panel.tester.exchange import Exchange
from panel.tester.lock import admins_only
from panel.tester.masking import masked, secrets_in
from panel.tools import Asked, Tools
from panel.wiring import error_toast
from panel.words import tester as words

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
        """Read the components of `_manner`; a text that was never written in is None."""
        return cls(browser, (origin or "").strip(), reveal, way)


@dataclass(frozen=True)
class Results:
    """The components in which an exchange is shown."""

    card: gr.Markdown
    tabs: gr.Tabs
    answer: gr.Code
    raw: gr.Code
    cookie_tab: gr.Tab
    cookies: gr.Markdown
    headers: gr.Markdown
    request: gr.Code
    copy: gr.Code
    opened: gr.State
    """The number of the exchange that is shown."""
    reveal: gr.Checkbox
    way: gr.Radio

    @property
    def outputs(self) -> list[Any]:
        """What `exchange_shown` returns, in its order."""
        return [
            *(self.card, self.tabs, self.answer, self.raw, self.cookie_tab, self.cookies),
            *(self.headers, self.request, self.copy, self.opened),
        ]


def lay_out() -> Results:
    """Lay out the right side."""
    card = gr.Markdown(shown.nothing_yet(), elem_id="card", latex_delimiters=[])
    with gr.Row(elem_classes="reveal"):
        reveal = gr.Checkbox(False, label=words.REVEAL, container=False, elem_id="reveal")
    answer_name, raw_name, cookies_name, headers_name, request_name, copy_name = words.TABS
    with gr.Tabs(visible=False, overflow_behavior="wrap") as tabs:
        with gr.Tab(answer_name):
            answer = _text_box("answer", "json")
        with gr.Tab(cookies_name) as cookie_tab:
            cookies = gr.Markdown(elem_id="cookies", latex_delimiters=[])
        with gr.Tab(headers_name):
            headers = gr.Markdown(elem_id="headers", latex_delimiters=[])
        with gr.Tab(request_name):
            request = _text_box("request", None)
        with gr.Tab(raw_name):
            raw = _text_box("raw", None)
        with gr.Tab(copy_name):
            way = gr.Radio(list(WAYS), value=FIRST_WAY, label=words.COPY_AS, elem_id="way")
            gr.Markdown(soft(words.MASKED))
            copy = _text_box("copy", "shell")
    opened = gr.State(None)
    return Results(
        *(card, tabs, answer, raw, cookie_tab, cookies, headers, request, copy, opened),
        *(reveal, way),
    )


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


def exchange_shown(tools: Tools, exchange: Exchange, manner: Manner) -> tuple[Any, ...]:
    """Return an exchange for `Results.outputs`."""
    secrets = [] if manner.reveal else secrets_in(exchange)
    page = tools.tester.public_url
    code = masked(copied(manner.way, exchange.request, page), secrets)
    return (
        shown.card(exchange, secrets),
        gr.Tabs(visible=True),
        masked(shown.body(exchange.response), secrets),
        masked(shown.raw(exchange.response), secrets),
        gr.Tab(label=shown.cookies_title(exchange)),
        shown.cookies(exchange, secrets, page),
        shown.headers(exchange.response, secrets),
        masked(shown.requests(exchange), secrets),
        gr.Code(code, language=LANGUAGES[manner.way]),
        exchange.number or None,
    )


def failure_shown(message: str) -> tuple[Any, ...]:
    """Return why nothing came, for `Results.outputs`; the rest stays as it is."""
    return (shown.failure(message), *(gr.skip(),) * 9)


def state_shown(tools: Tools, asked: Asked, manner: Manner) -> tuple[Any, ...]:
    """Return what the chosen browser holds, its cookies, and which limits bite."""
    browser = tools.tester.browser(asked.owner, manner.browser)
    return (
        shown.held(browser),
        shown.jar(browser, reveal=manner.reveal),
        shown.lamp(tools.tester.limited(asked.owner), tools.clock.now()),
    )


def history_shown(tools: Tools, asked: Asked, chosen: int | None = None) -> Any:
    """Return the list of what was sent."""
    choices = [
        (
            f"{each.at:%H:%M:%S}  {each.response.status}  {each.request.method} "
            f"{masked(each.request.path, secrets_in(each))[:80]}  ({each.browser[:30]})",
            each.number,
        )
        for each in tools.tester.history(asked.owner)
    ]
    return gr.Radio(choices, value=chosen, visible=bool(choices))


async def show(
    tools: Tools, asked: Asked, manner: Manner, call: Call
) -> AsyncIterator[tuple[Any, ...]]:
    """Send a call; yields state, history and results, of a stream again and again."""
    try:
        async for exchange in tools.tester.performing(asked.owner, manner.browser, call):
            listed = history_shown(tools, asked, exchange.number) if exchange.number else gr.skip()
            yield (
                *state_shown(tools, asked, manner),
                listed,
                *exchange_shown(tools, exchange, manner),
            )
    except (CallRefused, NoAnswer) as error:
        yield (*state_shown(tools, asked, manner), gr.skip(), *failure_shown(str(error)))


async def opened(tools: Tools, asked: Asked, number: int | None, *manner: Any) -> tuple[Any, ...]:
    """Show an exchange that was sent before."""
    await admins_only(tools, asked)
    return exchange_shown(tools, _found(tools, asked, number), Manner.of(*manner))


async def sent_again(
    tools: Tools, asked: Asked, number: int | None, *manner: Any
) -> AsyncIterator[tuple[Any, ...]]:
    """Send again what was sent before, from the same browser as it is now."""
    await admins_only(tools, asked)
    before = _found(tools, asked, number)
    again = Manner.of(before.browser, *manner[1:])
    async for step in show(tools, asked, again, before.call):
        yield step


async def seen_anew(tools: Tools, asked: Asked, number: int | None, *manner: Any) -> Any:
    """Show the same exchange in another manner: with its secrets, or copied another way."""
    await admins_only(tools, asked)
    how = Manner.of(*manner)
    exchange = tools.tester.history(asked.owner).find(number)
    same = exchange_shown(tools, exchange, how) if exchange else (gr.skip(),) * 10
    return (*state_shown(tools, asked, how), *same)


def _found(tools: Tools, asked: Asked, number: int | None) -> Exchange:
    exchange = tools.tester.history(asked.owner).find(number)
    if exchange is None:
        raise error_toast(words.FORGOTTEN if number else words.CHOOSE_ONE)
    return exchange
