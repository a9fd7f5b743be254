"""How a page's events reach its handlers, and how what goes wrong there is told.

A handler is a plain coroutine, or an asynchronous generator: `handler(tools, asked, *inputs)`. It
knows nothing of Gradio's requests, and lets ApiRefused pass.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import gradio as gr
import structlog

from panel.client.api import ApiRefused
from panel.client.visitor import OWNER, Owner
from panel.services import Asked, Tools
from panel.ui import urls, words
from panel.ui.markup import Markup
from panel.ui.urls import SIGN_IN

Handler = Callable[..., Any]
Updates = dict[Any, Any]
"""New values by component, as Gradio takes them; what is left out stays as it is."""
_TOAST = 6  # seconds for which a toast stays
log = structlog.get_logger()


def on(
    tools: Tools,
    triggers: Any,
    handler: Handler,
    inputs: Any = None,
    outputs: Any = None,
    **how: Any,
) -> None:
    """Let one trigger, or each of a list, run a handler: `on(tools, save.click, save, name, card)`.

    A handler with one output returns its value; with a list of them, the Updates of any.
    It hides the event from Gradio's clients and from its progress bars; the guard is the lock.
    """
    listed = list(triggers) if isinstance(triggers, Sequence) else [triggers]
    told = {"api_visibility": "private", "show_progress": "hidden", **how}
    gr.on(listed, _event(tools, handler, outputs), inputs, outputs, **told)


def sentence(refused: ApiRefused) -> str:
    """Say what the API's refusal means to whoever asked."""
    match refused.status:
        case 401:
            return words.ENDED
        case 403 if refused.code in {"", "ADMINS_ONLY"}:
            return words.ADMINS_ONLY
        case 429 | 503:
            return words.later(refused.status, refused.retry_after)
        case status if status >= 500:
            return words.failed(refused.request_id)
    return words.refused(refused.message, refused.status)


def say(words: str) -> None:
    """Tell in a toast what was done."""
    gr.Success(Markup.escape(words), duration=_TOAST)


def error_toast(sentence: str) -> gr.Error:
    """Return what a handler raises to tell in a toast why it does nothing."""
    return gr.Error(Markup.escape(sentence), duration=_TOAST, print_exception=False)


def asked_by(request: gr.Request) -> Asked:
    """Read an event: the guard has put its sender into the scope of that very request."""
    scope = request.request.scope
    owner: Owner = scope[OWNER]
    return Asked(owner, urls.safe(scope.get("query_string", b"")))


def _event(tools: Tools, handler: Handler, outputs: Any = None) -> Handler:
    async def answered(request: gr.Request, *given: Any) -> Any:
        try:
            return _escaped(await handler(tools, asked_by(request), *given), outputs)
        except Exception as error:
            raise _toast(error) from error

    async def told_in_steps(request: gr.Request, *given: Any) -> AsyncIterator[Any]:
        try:
            async for step in handler(tools, asked_by(request), *given):
                yield _escaped(step, outputs)
        except Exception as error:
            raise _toast(error) from error

    return told_in_steps if inspect.isasyncgenfunction(handler) else answered


def _escaped(result: Any, outputs: Any) -> Any:
    """Make sure that Markdown, which renders HTML, gets Markup: anything else is text."""
    if not isinstance(outputs, Sequence):
        return _rendered(outputs, result)
    return {each: _rendered(each, value) for each, value in result.items()} or gr.skip()


def _rendered(component: Any, value: Any) -> Any:
    is_text = isinstance(component, gr.Markdown) and isinstance(value, str)
    return Markup.escape(value) if is_text else value


def _toast(error: Exception) -> gr.Error:
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, ApiRefused):
        return error_toast(_told(error))
    log.error("panel_event_failed", exc_info=error)
    return error_toast(words.failed(""))


def _told(refused: ApiRefused) -> str:
    said = sentence(refused)
    if refused.status != 401:
        return said
    return Markup("{} <a href='{}?why=ended'>{}</a>").format(said, SIGN_IN, words.SIGN_IN_AGAIN)
