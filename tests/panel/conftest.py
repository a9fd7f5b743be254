"""The panel before a real API, in this process. In Gradio's place stands a room that echoes."""

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
from tests.in_process import PATIENCE, Gatehouse, Loop, Visitor
from tests.make import PASSWORD, make_settings
from tests.panel.answering import Server, a_tester, loopback_to
from tests.rig.fork_server import PANEL, run_forked
from tests.rig.processes import wait_until
from tests.rig.space import ROOT, Space, inherited

OWNER_EMAIL = "owner@example.com"
FIRST_ADMIN = {"admin_email": OWNER_EMAIL, "admin_password": PASSWORD}
LOGIN, LOGOUT, HOME = "/admin/login", "/admin/logout", "/admin/"


async def echo(request: Request) -> JSONResponse:
    """Tell who was let in."""
    owner = request.scope[CURRENT_ADMIN]
    return JSONResponse({"path": request.url.path, "email": owner.email, "address": owner.address})


def echoing_app(life: Any = None) -> Starlette:
    """Stands in for Gradio."""
    return Starlette(routes=[Route("/{rest:path}", echo, methods=["GET", "POST"])], lifespan=life)


class Panel:
    """The panel beside an API; a `Visitor` of it is a browser that opens it."""

    def __init__(self, gatehouse: Gatehouse) -> None:
        self.gatehouse = gatehouse
        self.loop, self.settings, self.clock = gatehouse.loop, gatehouse.settings, gatehouse.clock
        chance = SeededRandomness("panel")
        self.app = mount_panel(
            api_of(gatehouse), self.settings, clock=self.clock, randomness=chance
        )
        self.services: Services
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard: asyncio.Queue[Any] = asyncio.Queue()
        self._life: Any = None

    def begins(self) -> None:
        """Begin the panel's life, as a server does; it opens some time after."""
        self._life = self.loop.start(
            self.app({"type": "lifespan"}, self._told.get, self._heard.put)  # type: ignore[arg-type]
        )
        self._say("lifespan.startup")

    def ends(self) -> None:
        """End the panel's life."""
        self._say("lifespan.shutdown")
        self._life.result()

    def visitor(self, address: str = "203.0.113.7", **how: Any) -> "Guest":
        """A browser that is new here."""
        return Guest(self, address, **how)  # type: ignore[arg-type]

    def context(self, browser: Visitor | None = None, **query: str) -> PageContext:
        """An event of a page whose address asks for this, sent with a browser's session."""
        token = (browser or self.owner()).cookies.get("gatehouse_panel")
        token = token or (browser.session_cookie if browser else None)
        sender = PanelVisitor(
            ("203.0.113.7", 40000), None, "Browser/1.0", framed=False, token=token
        )
        return PageContext(CurrentAdmin(sender, token or "", OWNER_EMAIL, "203.0.113.7"), query)

    def run_handler(self, handler: Callable[..., Any], context: PageContext, *inputs: Any) -> Any:
        """Run a handler of a page as an event does."""
        return self.loop.run(handler(self.services, context, *inputs))

    def owner(self, **how: Any) -> "Guest":
        """A browser in which the owner has signed in to the panel."""
        guest = self.visitor(**how)
        answer = guest.sign_in_to_panel()
        assert answer.headers["location"] == "/admin/?tried=1", answer.text
        return guest

    def _say(self, kind: str) -> None:
        async def say_and_hear() -> None:
            await self._told.put({"type": kind})
            heard = await asyncio.wait_for(self._heard.get(), PATIENCE)
            assert heard["type"] == f"{kind}.complete"

        self.loop.run(say_and_hear())


class Guest(Visitor):
    """A browser at the panel's door."""

    def sign_in_to_panel(
        self, email: str = OWNER_EMAIL, password: str = PASSWORD, **headers: str
    ) -> httpx.Response:
        """Fill in the sign-in form and send it."""
        return self.sends_form(LOGIN, {"email": email, "password": password}, **headers)

    def sends_form(self, path: str, said: dict[str, str], **headers: str) -> httpx.Response:
        form = {"content-type": "application/x-www-form-urlencoded", **headers}
        return self.post(path, raw=urlencode(said).encode(), headers=form)


def api_of(gatehouse: Gatehouse) -> ASGIApp:
    """The API of a running application, whose life is not the panel's to begin or end."""

    async def api(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await gatehouse.app(scope, receive, send)
            return
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})

    return api


def wait_until_open(panel: Panel, guest: Visitor) -> None:
    """Ask for the first page until it is there."""

    async def until_open() -> None:
        while (page := await guest.sending("GET", HOME)).status_code == 503:
            assert words.STARTING_TITLE in page.text, "the panel could not start"
            await asyncio.sleep(0.05)

    panel.loop.run(asyncio.wait_for(until_open(), PATIENCE))


@contextmanager
def opened(gatehouse: Gatehouse) -> Iterator[Panel]:
    """Open the panel beside a running application."""
    has_begun = threading.Event()

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        has_begun.set()
        yield

    def build(services: Services) -> Starlette:
        panel.services = services
        return echoing_app(life)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mount, "_load_gradio", build)
        panel = Panel(gatehouse)
        panel.begins()
        try:
            assert has_begun.wait(PATIENCE)
            yield panel
        finally:
            panel.ends()


@pytest.fixture
def open_panel(start: Callable[..., Gatehouse]) -> Iterator[Callable[..., Panel]]:
    """Open a panel with settings of one's own: `open_panel(app_name="Mine")`."""
    with ExitStack() as running:
        yield lambda **told: running.enter_context(opened(start(**{**FIRST_ADMIN, **told})))


@pytest.fixture
def panel(open_panel: Callable[..., Panel]) -> Panel:
    """An open panel on plain http, as `make run` gives it."""
    return open_panel()


@pytest.fixture(scope="session")
def shared(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """As `panel`, for scenes that leave nothing behind."""
    settings = make_settings(tmp_path_factory.mktemp("panel"), rate_limits=False, **FIRST_ADMIN)
    gatehouse = Gatehouse(loop, settings, FixedClock(), SeededRandomness("shared"))
    with closing(gatehouse), opened(gatehouse) as panel:
        yield panel


def lay_out(page: Any, panel: Panel) -> Any:
    """A page's components with their handlers, as Gradio has them."""
    import gradio as gr

    async def build() -> Any:
        with gr.Blocks() as blocks:
            return page.build(blocks, panel.services)

    return panel.loop.run(build())  # its queue asks for an event loop, and would leave one behind


@contextmanager
def panel_space(folder: Path) -> Iterator[Space]:
    """A Space as people start it, panel and Gradio included; it is open when this begins."""
    payload = {"ADMIN_EMAIL": OWNER_EMAIL, "ADMIN_PASSWORD": PASSWORD, "RATE_LIMITS": "off"}
    with Space(folder, {**payload, "PANEL": "on"}) as running:
        wait_until(lambda: "panel_ready" in running.log, "the panel", PATIENCE)
        yield running


@pytest.fixture(scope="session")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space with its panel open."""
    with panel_space(tmp_path_factory.mktemp("space")) as running:
        yield running


def printed_by(module: str) -> Any:
    """The JSON that a module prints which has Gradio in a process of its own."""
    done = run_forked(["-m", module], ROOT, inherited(), imported=PANEL)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def signed_in(space: Space) -> Iterator[httpx.Client]:
    """A client that has signed in to the panel of a Space."""
    with httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False) as client:
        client.post(LOGIN, data={"email": OWNER_EMAIL, "password": PASSWORD})
        assert client.cookies
        yield client


@pytest.fixture(scope="session")
def owner(shared: Panel) -> Guest:
    """A browser in which the owner has signed in to the shared panel."""
    return shared.owner()


@pytest.fixture
def server():
    """A server that answers as the test says."""
    return Server()


@pytest.fixture
def loopback(server, clock, tmp_path):
    """Opens ways from the Tester to that server."""
    return partial(loopback_to, server, clock, tmp_path)


@pytest.fixture
def service(server, clock, tmp_path):
    """The Tester of that server."""
    return a_tester(server, clock, tmp_path)
