"""How a page's events reach its handlers, and how errors in them are shown.

A handler is a coroutine or an asynchronous generator: `handler(services, context, *inputs)`. It
knows nothing of Gradio's requests, and lets ApiError pass.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import gradio as gr
import structlog

from panel.client.api import ApiError
from panel.client.visitor import OWNER, Owner
from panel.services import PageContext, Services
from panel.ui import urls, words
from panel.ui.markup import Markup
from panel.ui.urls import SIGN_IN

Handler = Callable[..., Any]
Updates = dict[Any, Any]
"""New values by component, as Gradio takes them; what is left out stays as it is."""
_TOAST = 6  # seconds for which a toast stays
log = structlog.get_logger()


def on(
    services: Services,
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
    options = {"api_visibility": "private", "show_progress": "hidden", **how}
    gr.on(listed, _wrap(services, handler, outputs), inputs, outputs, **options)


def explain(error: ApiError) -> str:
    """Say what the API's refusal means to whoever asked."""
    match error.status:
        case 401:
            return words.ENDED
        case 403 if error.code in {"", "ADMINS_ONLY"}:
            return words.ADMINS_ONLY
        case 429 | 503:
            return words.later(error.status, error.retry_after)
        case status if status >= 500:
            return words.failed(error.request_id)
    return words.refused(error.message, error.status)


def show_success(words: str) -> None:
    """Tell in a toast what was done."""
    gr.Success(Markup.escape(words), duration=_TOAST)


def error_toast(sentence: str) -> gr.Error:
    """Return what a handler raises to tell in a toast why it does nothing."""
    return gr.Error(Markup.escape(sentence), duration=_TOAST, print_exception=False)


def context_of(request: gr.Request) -> PageContext:
    """Read an event: the guard has put its sender into the scope of that very request."""
    scope = request.request.scope
    owner: Owner = scope[OWNER]
    return PageContext(owner, urls.parse_query(scope.get("query_string", b"")))


def _wrap(services: Services, handler: Handler, outputs: Any = None) -> Handler:
    async def handle(request: gr.Request, *inputs: Any) -> Any:
        try:
            return _escaped(await handler(services, context_of(request), *inputs), outputs)
        except Exception as error:
            raise _toast(error) from error

    async def handle_stream(request: gr.Request, *given: Any) -> AsyncIterator[Any]:
        try:
            async for step in handler(services, context_of(request), *given):
                yield _escaped(step, outputs)
        except Exception as error:
            raise _toast(error) from error

    return handle_stream if inspect.isasyncgenfunction(handler) else handle


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
    if isinstance(error, ApiError):
        return error_toast(_message(error))
    log.error("panel_event_failed", exc_info=error)
    return error_toast(words.failed(""))


def _message(error: ApiError) -> str:
    text = explain(error)
    if error.status != 401:
        return text
    return Markup("{} <a href='{}?why=ended'>{}</a>").format(text, SIGN_IN, words.SIGN_IN_AGAIN)
