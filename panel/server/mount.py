"""Mounts the panel next to the API, in one process on one port."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from panel.client.api import ApiClient
from panel.client.doctor_run import DoctorRunner
from panel.client.loopback import Loopback
from panel.ports import Clock, PanelSettings, Randomness
from panel.server.account.app import AccountApp
from panel.server.account.enrolments import Enrolments
from panel.server.account.page import AccountPages
from panel.server.account.providers import OwnProviders
from panel.server.cookies import PanelCookies
from panel.server.downloads import DownloadProxy
from panel.server.gradio.loader import GradioLoader
from panel.server.guard import Guard
from panel.server.headers import PanelHeaders
from panel.server.recent_admins import RecentAdmins
from panel.server.sign_in.plain_pages import PlainPages
from panel.server.sign_in.sign_in import SignInApp
from panel.services import Services
from panel.tester.browsers import BrowserStore
from panel.tester.service import Tester

_PREFIX = b"/admin/"


def mount_panel(
    api: ASGIApp,
    settings: PanelSettings,
    *,
    clock: Clock,
    randomness: Randomness,
    on_loaded: Callable[[], None] = lambda: None,
) -> ASGIApp:
    """Return an application that answers /admin with the panel and everything else with the API.

    `on_loaded` is called in the loading thread once the pages are ready or have failed.
    """
    client, browser_store = ApiClient(api, settings), BrowserStore(clock)
    cookies = PanelCookies(secure=settings.secure_cookies)
    pages = PlainPages(settings)
    tester = Tester(Loopback(settings, clock), browser_store, clock)
    services = Services(settings, client, tester, clock, randomness, DoctorRunner(clock))
    loader = GradioLoader(partial(_load_gradio, services), pages, on_loaded)
    guard = Guard(
        loader,
        SignInApp(client, cookies, pages, browser_store, settings),
        DownloadProxy(api, client),
        AccountApp(
            client,
            cookies,
            AccountPages(pages, settings, clock),
            Enrolments(clock),
            OwnProviders(client, cookies, pages, settings),
        ),
        api=client,
        pages=pages,
        cookies=cookies,
        browser_store=browser_store,
        recent_admins=RecentAdmins(clock),
        settings=settings,
    )
    return _PanelRouter(api, PanelHeaders(guard, settings), loader)


def _load_gradio(services: Services) -> Starlette:
    from panel.server.gradio.app import build_app  # imports Gradio, so only here, in the background

    return build_app(services)


class _PanelRouter:
    """Sends each request to the panel or to the API."""

    def __init__(self, api: ASGIApp, panel: ASGIApp, loader: GradioLoader) -> None:
        self._api = api
        self._panel = panel
        self._loader = loader

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # No coroutine of its own, as every request of the API passes here.
        if scope["type"] == "lifespan":
            return self._run_lifespan(scope, receive, send)
        # The raw path, not decoded: each path has one spelling, as in the API.
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        if path.startswith(_PREFIX) or path == b"/admin":
            return self._panel({**scope, "path": path.decode("latin-1")}, receive, send)
        return self._api(scope, receive, send)

    async def _run_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the panel live within the API's life: it opens after it and closes before it."""

        async def receive_and_close() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._loader.close()
            return message

        async def send_and_open(message: Message) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self._loader.open()

        await self._api(scope, receive_and_close, send_and_open)
