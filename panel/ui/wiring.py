"""How a page's events reach its handlers, and how errors in them are shown.

A handler is a coroutine or an asynchronous generator: `handler(context, *inputs)`. It does not
see Gradio's request, and need not catch ApiError.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import gradio as gr
import structlog

from panel.client.api import ApiError
from panel.client.visitor import CURRENT_ADMIN, CurrentAdmin
from panel.services import PageContext, Services
from panel.ui import urls, words
from panel.ui.markup import Markup
from panel.ui.urls import SIGN_IN

EventHandler = Callable[..., Any]
Updates = dict[Any, Any]
"""New values by component, as Gradio takes them; components left out stay unchanged."""
_TOAST_SECONDS = 6  # seconds for which a toast stays
log = structlog.get_logger()


def on(
    services: Services,
    triggers: Any,
    handler: EventHandler,
    inputs: Any = None,
    outputs: Any = None,
    **options: Any,
) -> None:
    """Run a handler on one trigger or several: `on(services, save.click, save, name, card)`.

    With one output the handler returns its value, with a list Updates of any of them. The event is
    hidden from Gradio's API and progress bars; the guard decides who may send it.
    """
    all_triggers = list(triggers) if isinstance(triggers, Sequence) else [triggers]
    options = {"api_visibility": "private", "show_progress": "hidden", **options}
    gr.on(all_triggers, _wrap(services, handler, outputs), inputs, outputs, **options)


def explain(error: ApiError) -> str:
    """Return the message to show for an API error."""
    match error.status:
        case 401:
            return words.ENDED
        case 403 if error.code in {"", "ADMINS_ONLY"}:
            return words.ADMINS_ONLY
        case 429 | 503:
            return words.try_later(error.status, error.retry_after)
        case status if status >= 500:
            return words.failed(error.request_id)
    return words.refused(error.message, error.status)


def show_success(text: str) -> None:
    """Show a toast that says what was done."""
    gr.Success(Markup.escape(text), duration=_TOAST_SECONDS)


def error_toast(text: str) -> gr.Error:
    """Return an exception to raise in a handler; its text is shown in a toast."""
    return gr.Error(Markup.escape(text), duration=_TOAST_SECONDS, print_exception=False)


def warn_of_unused(context: PageContext, used: Mapping[str, str]) -> None:
    """Show a toast, which stays, if the page's address has parameters that the page cannot use."""
    if names := urls.unused(context.query, used):
        text = words.UNUSED.format("”, “".join(names))
        gr.Warning(Markup.escape(text), duration=None)


def check_filters(parameters: Mapping[str, str]) -> None:
    """Refuse filters that the page's address cannot hold: the next refresh would drop them."""
    if not urls.is_readable(parameters):
        raise error_toast(words.UNUSABLE_FILTER)


def build_context(services: Services, request: gr.Request) -> PageContext:
    """Build the context of an event; the guard has put its sender into the request's scope."""
    scope = request.request.scope
    admin: CurrentAdmin = scope[CURRENT_ADMIN]
    return PageContext(services, admin, urls.parse_query(scope.get("query_string", b"")))


def _wrap(services: Services, handler: EventHandler, outputs: Any = None) -> EventHandler:
    async def handle(request: gr.Request, *inputs: Any) -> Any:
        try:
            return _escape(await handler(build_context(services, request), *inputs), outputs)
        except Exception as error:
            raise _to_gradio_error(error) from error

    async def handle_stream(request: gr.Request, *inputs: Any) -> AsyncIterator[Any]:
        try:
            async for step in handler(build_context(services, request), *inputs):
                yield _escape(step, outputs)
        except Exception as error:
            raise _to_gradio_error(error) from error

    return handle_stream if inspect.isasyncgenfunction(handler) else handle


def _escape(result: Any, outputs: Any) -> Any:
    """Escape plain text on its way to Markdown, which would render it as HTML."""
    if not isinstance(outputs, Sequence):
        return _escape_value(outputs, result)
    return {each: _escape_value(each, value) for each, value in result.items()} or gr.skip()


def _escape_value(component: Any, value: Any) -> Any:
    is_text = isinstance(component, gr.Markdown) and isinstance(value, str)
    return Markup.escape(value) if is_text else value


def _to_gradio_error(error: Exception) -> gr.Error:
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
