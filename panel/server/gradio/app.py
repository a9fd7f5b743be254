"""Builds the Gradio app with the panel's pages."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import gradio as gr
from gradio import blocks as gradio_blocks
from starlette.applications import Starlette
from starlette.middleware import Middleware

from panel.client.visitor import CURRENT_ADMIN
from panel.pages import PAGES
from panel.server.gradio.middleware import GradioMiddleware
from panel.services import Services
from panel.ui import theme

_QUEUE_SIZE, _CONCURRENCY = 64, 8  # events
_QUEUE_POLL, _PROGRESS_POLL = 0.05, 0.1  # seconds; Gradio's own, for systems with slow timers


def build_app(services: Services) -> Starlette:
    """Build all pages and mount them at /admin, with Gradio's own API and extras disabled."""
    with without_intermediate_apps():
        blocks = _build_blocks(services)
    blocks.queue(api_open=False, max_size=_QUEUE_SIZE, default_concurrency_limit=_CONCURRENCY)
    middleware = Middleware(
        GradioMiddleware, settings=services.settings, randomness=services.randomness
    )
    app = Starlette(middleware=[middleware])
    # Gradio warns about SSR for every app with several pages, although it is off.
    warnings.filterwarnings("ignore", "SSR mode is not supported", UserWarning)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/admin",
        auth_dependency=lambda request: request.scope[CURRENT_ADMIN].email,
        theme=theme.theme(),
        css=theme.CSS,
        footer_links=[],
        show_error=False,
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        blocked_paths=["/"],
        max_file_size="1kb",
        app_kwargs={"openapi_url": None},
    )
    # Gradio polls its queue a thousand times a second, which would wake the event loop that the API
    # shares, even while no one has the panel open.
    queue = blocks._queue
    queue.sleep_when_free, queue.progress_update_sleep_when_free = _QUEUE_POLL, _PROGRESS_POLL
    return app


@contextmanager
def without_intermediate_apps() -> Iterator[None]:
    """Let pages be built, within this, without an app for each.

    Where a page ends, Gradio makes a whole FastAPI application, which `queue` and
    `mount_gradio_app` replace at last: more than half of the time that building the panel takes.
    """
    app_class = gradio_blocks.App
    setattr(gradio_blocks, "App", _NoApp)  # noqa: B010  # which mypy would take for a type
    try:
        yield
    finally:
        setattr(gradio_blocks, "App", app_class)  # noqa: B010


class _NoApp:
    """Stands in for Gradio's class."""

    @staticmethod
    def create_app(blocks: gr.Blocks, **options: object) -> None:
        """Make none."""


def _build_blocks(services: Services) -> gr.Blocks:
    name = services.settings.app_name
    with gr.Blocks(title=name, analytics_enabled=False, fill_width=True) as blocks:
        import_module(PAGES[0].module).build(blocks, services)
    for page in PAGES[1:]:
        with blocks.route(page.title, page.slug):
            import_module(page.module).build(blocks, services)
    return blocks
