"""Loads the panel's pages in the background: importing Gradio takes seconds."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future

import structlog
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from panel.server import paths
from panel.server.sign_in import words
from panel.server.sign_in.plain_pages import PlainPages

_UNLOAD_TIMEOUT = 3.0  # seconds

log = structlog.get_logger()


class GradioLoader:
    """Serves the starting page until `build`, run in a thread, has returned the app."""

    def __init__(
        self,
        build: Callable[[], Starlette],
        pages: PlainPages,
        on_loaded: Callable[[], None] = lambda: None,
    ) -> None:
        self._build = build
        self._on_loaded = on_loaded
        self._pages = pages
        self._app: ASGIApp | None = None
        self._broken = False
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start loading in the background."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Shut the pages down. A load that is still running is abandoned."""
        if self._task is None:
            return
        self._closing.set()
        if self._app is not None:
            await asyncio.wait({self._task}, timeout=_UNLOAD_TIMEOUT)
        self._task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._app or self._placeholder(scope))(scope, receive, send)

    def _placeholder(self, scope: Scope) -> Response:
        """Return a page for a page, and JSON for the scripts of one that is still open."""
        if paths.is_page(scope["path"]):
            return self._pages.broken() if self._broken else self._pages.starting()
        title, text = (
            (words.BROKEN_TITLE, words.BROKEN)
            if self._broken
            else (words.STARTING_TITLE, words.STARTING_PART)
        )
        message = f"{title}. {text}"
        # Gradio shows `detail`.
        return JSONResponse({"message": message, "detail": message}, 503, {"retry-after": "2"})

    async def _run(self) -> None:
        try:
            app = await _in_daemon_thread(self._build, self._on_loaded)
            async with app.router.lifespan_context(app):
                self._app = app
                log.info("panel_ready")
                await self._closing.wait()
                self._app = None
        except Exception:
            log.exception("panel_failed")
            self._broken = True


async def _in_daemon_thread(
    build: Callable[[], Starlette], on_loaded: Callable[[], None]
) -> Starlette:
    """Run `build` in a daemon thread, for which the process does not wait at exit."""
    built: Future[Starlette] = Future()
    built.set_running_or_notify_cancel()  # so that an abandoned load may still set its result

    def work() -> None:
        try:
            try:
                app = build()
            finally:
                on_loaded()
        except Exception as error:
            built.set_exception(error)
        else:
            built.set_result(app)

    threading.Thread(target=work, name="panel", daemon=True).start()
    return await asyncio.wrap_future(built)
