"""The panel in front of a real API, in this process; an app that echoes stands in for Gradio."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from panel import mount_panel
from panel.client.visitor import CURRENT_ADMIN, CurrentAdmin
from panel.client.visitor import Visitor as PanelVisitor
from panel.server import mount
from panel.server.sign_in import words
from panel.services import PageContext, Services
from tests.clocks import FixedClock, SeededRandomness
from tests.in_process import TIMEOUT, Gatehouse, Loop, Visitor
from tests.make import PASSWORD, make_settings
from tests.panel.stub_server import StubServer, make_loopback, make_tester
from tests.rig.fork_server import PANEL, run_forked
from tests.rig.processes import wait_until
from tests.rig.space import ROOT, Space, inherited

OWNER_EMAIL = "owner@example.com"
FIRST_ADMIN = {"admin_email": OWNER_EMAIL, "admin_password": PASSWORD}
LOGIN, LOGOUT, HOME = "/admin/login", "/admin/logout", "/admin/"


async def echo(request: Request) -> JSONResponse:
    """Return the path and the admin that the guard let in."""
    owner = request.scope[CURRENT_ADMIN]
    return JSONResponse({"path": request.url.path, "email": owner.email, "address": owner.address})


def echoing_app(lifespan: Any = None) -> Starlette:
    """Stands in for Gradio."""
    return Starlette(
        routes=[Route("/{rest:path}", echo, methods=["GET", "POST"])], lifespan=lifespan
    )


class Panel:
    """The panel in front of an API; `visitor` returns a browser that opens it."""

    def __init__(self, gatehouse: Gatehouse) -> None:
        self.gatehouse = gatehouse
        self.loop, self.settings, self.clock = gatehouse.loop, gatehouse.settings, gatehouse.clock
        randomness = SeededRandomness("panel")
        self.app = mount_panel(
            api_of(gatehouse), self.settings, clock=self.clock, randomness=randomness
        )
        self.services: Services
        self._receive_queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._send_queue: asyncio.Queue[Any] = asyncio.Queue()
        self._lifespan: Any = None

    def start(self) -> None:
        """Send the startup event, as a server does; the pages open some time later."""
        self._lifespan = self.loop.start(
            self.app({"type": "lifespan"}, self._receive_queue.get, self._send_queue.put)  # type: ignore[arg-type]
        )
        self._run_lifespan_event("lifespan.startup")

    def stop(self) -> None:
        """Send the shutdown event, and wait until the app has ended."""
        self._run_lifespan_event("lifespan.shutdown")
        self._lifespan.result()

    def visitor(self, address: str = "203.0.113.7", **headers: Any) -> "PanelBrowser":
        """Return a browser without cookies."""
        return PanelBrowser(self, address, **headers)  # type: ignore[arg-type]

    def context(self, browser: Visitor | None = None, /, **query: str) -> PageContext:
        """Return the context of a page's event: its query, and the session of a browser."""
        token = (browser or self.owner()).cookies.get("gatehouse_panel")
        token = token or (browser.session_cookie if browser else None)
        sender = PanelVisitor(
            ("203.0.113.7", 40000), None, "Browser/1.0", framed=False, token=token
        )
        admin = CurrentAdmin(sender, token or "", OWNER_EMAIL, "203.0.113.7")
        return PageContext(self.services, admin, query)

    def run_handler(self, handler: Callable[..., Any], context: PageContext, *inputs: Any) -> Any:
        """Run a handler of a page as an event does."""
        return self.loop.run(handler(context, *inputs))

    def owner(self, **options: Any) -> "PanelBrowser":
        """Return a browser in which the owner has signed in to the panel."""
        browser = self.visitor(**options)
        response = browser.sign_in_to_panel()
        assert response.headers["location"] == "/admin/?tried=1", response.text
        return browser

    def _run_lifespan_event(self, kind: str) -> None:
        async def exchange() -> None:
            await self._receive_queue.put({"type": kind})
            message = await asyncio.wait_for(self._send_queue.get(), TIMEOUT)
            assert message["type"] == f"{kind}.complete"

        self.loop.run(exchange())


class PanelBrowser(Visitor):
    """A browser that opens the panel."""

    def sign_in_to_panel(
        self, email: str = OWNER_EMAIL, password: str = PASSWORD, **headers: str
    ) -> httpx.Response:
        """Fill in the sign-in form and send it."""
        return self.send_form(LOGIN, {"email": email, "password": password}, **headers)

    def send_form(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        headers = {"content-type": "application/x-www-form-urlencoded", **headers}
        return self.post(path, raw=urlencode(fields).encode(), headers=headers)


def api_of(gatehouse: Gatehouse) -> ASGIApp:
    """Return the API of a running application, which the panel neither starts nor stops."""

    async def api(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await gatehouse.app(scope, receive, send)
            return
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})

    return api


def wait_until_open(panel: Panel, browser: Visitor) -> None:
    """Request the first page until it is there."""

    async def until_open() -> None:
        while (page := await browser.send_async("GET", HOME)).status_code == 503:
            assert words.STARTING_TITLE in page.text, "the panel could not start"
            await asyncio.sleep(0.05)

    panel.loop.run(asyncio.wait_for(until_open(), TIMEOUT))


@contextmanager
def run_panel(gatehouse: Gatehouse) -> Iterator[Panel]:
    """Run the panel in front of a running application."""
    has_begun = threading.Event()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        has_begun.set()
        yield

    def build(services: Services) -> Starlette:
        panel.services = services
        return echoing_app(lifespan)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mount, "_load_gradio", build)
        panel = Panel(gatehouse)
        panel.start()
        try:
            assert has_begun.wait(TIMEOUT)
            yield panel
        finally:
            panel.stop()


@pytest.fixture
def open_panel(start: Callable[..., Gatehouse]) -> Iterator[Callable[..., Panel]]:
    """Open a panel with the given settings: `open_panel(app_name="Mine")`."""
    with ExitStack() as running:
        yield lambda **settings: running.enter_context(
            run_panel(start(**{**FIRST_ADMIN, **settings}))
        )


@pytest.fixture
def panel(open_panel: Callable[..., Panel]) -> Panel:
    """An open panel on plain http, as `make run` gives it."""
    return open_panel()


@pytest.fixture(scope="session")
def shared_panel(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """Like `panel`, but shared: for tests that leave nothing behind."""
    settings = make_settings(tmp_path_factory.mktemp("panel"), rate_limits=False, **FIRST_ADMIN)
    gatehouse = Gatehouse(loop, settings, FixedClock(), SeededRandomness("shared"))
    with closing(gatehouse), run_panel(gatehouse) as panel:
        yield panel


def without_breaks(html: str) -> str:
    """Return HTML without the places at which addresses may break."""
    return html.replace("<wbr>", "")


def build_page(page: Any, panel: Panel) -> Any:
    """Build a page's components with their handlers, as Gradio does."""
    import gradio as gr

    from panel.server.gradio.app import without_intermediate_apps

    async def build() -> Any:
        with without_intermediate_apps(), gr.Blocks() as blocks:
            return page.build(blocks, panel.services)

    return panel.loop.run(build())  # on a loop, or Gradio's queue would leave one open


@contextmanager
def panel_space(folder: Path, **settings: str) -> Iterator[Space]:
    """Run a Space with its panel and Gradio, as people start it; the panel is open."""
    environment = {"ADMIN_EMAIL": OWNER_EMAIL, "ADMIN_PASSWORD": PASSWORD, "RATE_LIMITS": "off"}
    with Space(folder, {**environment, "PANEL": "on", **settings}) as running:
        wait_until(lambda: "panel_ready" in running.log, "the panel", TIMEOUT)
        yield running


@pytest.fixture(scope="session")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space with its panel open, and with a provider whose endpoints nobody has to ask for."""
    provider = {
        "OIDC_PROVIDERS": "github",
        "OIDC_GITHUB_CLIENT_ID": "client",
        "OIDC_GITHUB_CLIENT_SECRET": "secret",
    }
    with panel_space(tmp_path_factory.mktemp("space"), **provider) as running:
        yield running


def run_json_module(module: str) -> Any:
    """Run a module that imports Gradio in a process of its own, and return the JSON it prints."""
    result = run_forked(["-m", module], ROOT, inherited(), imported=PANEL)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@contextmanager
def signed_in_client(space: Space) -> Iterator[httpx.Client]:
    """Open a client that has signed in to the panel of a Space."""
    with httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False) as client:
        client.post(LOGIN, data={"email": OWNER_EMAIL, "password": PASSWORD})
        assert client.cookies
        yield client


@pytest.fixture(scope="session")
def owner(shared_panel: Panel) -> PanelBrowser:
    """A browser in which the owner has signed in to the shared panel."""
    return shared_panel.owner()


@pytest.fixture
def server():
    """A server whose response the test chooses."""
    return StubServer()


@pytest.fixture
def loopback(server, clock, tmp_path):
    """Makes loopback clients of that server: `loopback(host="::")`."""
    return partial(make_loopback, server, clock, tmp_path)


@pytest.fixture
def service(server, clock, tmp_path):
    """A Tester that calls that server."""
    return make_tester(server, clock, tmp_path)
