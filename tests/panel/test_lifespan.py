"""The panel's lifespan: opens after the API, which does not wait for it, and closes before it."""

import threading
from html import unescape

import pytest

from panel.server import mount
from panel.server.sign_in import words
from tests.panel.conftest import (
    FIRST_ADMIN,
    HOME,
    Panel,
    echoing_app,
    run_json_module,
    wait_until_open,
)
from tests.rig.processes import wait_until


@pytest.fixture
def start_panel(start, monkeypatch):
    """Starts a panel whose pages `build` makes: `start_panel(build)`."""

    def start_panel_with(build) -> Panel:
        monkeypatch.setattr(mount, "_load_gradio", build)
        panel = Panel(start(**FIRST_ADMIN))
        panel.start()
        return panel

    return start_panel_with


def test_while_the_pages_are_made_the_api_answers_and_the_panel_says_it_is_starting(start_panel):
    may_continue = threading.Event()

    def build(*_services):
        may_continue.wait(60)
        return echoing_app()

    panel = start_panel(build)
    assert panel.visitor().get("/health").status_code == 200
    owner = panel.owner()
    page = owner.get(HOME)
    assert (page.status_code, page.headers["retry-after"]) == (503, "2")
    assert '<meta http-equiv="refresh" content="2">' in page.text
    assert words.STARTING_TITLE in page.text
    part = owner.post("/admin/gradio_api/queue/join", {})  # a click on a page opened before
    assert part.status_code == 503
    assert part.json()["message"] == f"{words.STARTING_TITLE}. {words.STARTING_PART}"
    may_continue.set()
    wait_until_open(panel, owner)
    assert owner.get(HOME).json()["path"] == HOME
    panel.stop()


def test_a_stranger_is_asked_to_sign_in_while_the_panel_starts_too(start_panel):
    panel = start_panel(lambda *_services: echoing_app())
    assert panel.visitor().get(HOME).status_code == 303
    panel.stop()


def test_pages_that_cannot_be_made_are_reported_and_the_api_goes_on(start_panel, capsys):
    build_called = threading.Event()

    def build(*_services):
        build_called.set()
        raise ImportError("no such library")

    panel = start_panel(build)
    build_called.wait(60)
    owner = panel.owner()
    wait_until(lambda: words.STARTING_TITLE not in owner.get(HOME).text, "the failure")
    page = owner.get(HOME)
    assert page.status_code == 503
    assert words.BROKEN in unescape(page.text)
    assert "refresh" not in page.text
    assert panel.visitor().get("/health").status_code == 200
    assert "no such library" in capsys.readouterr().out
    panel.stop()


def test_the_end_does_not_wait_for_pages_that_are_still_being_made(start_panel, monkeypatch):
    monkeypatch.setattr("panel.server.gradio.loader._UNLOAD_TIMEOUT", 3600)
    may_continue, has_ended = threading.Event(), threading.Event()

    def build(*_services):
        may_continue.wait(60)
        has_ended.set()
        return echoing_app()

    panel = start_panel(build)
    panel.stop()
    may_continue.set()
    assert has_ended.wait(60)


def test_the_pages_end_with_the_panel(start_panel):
    messages = []

    class Pages:
        def __init__(self, app):
            self.app = app

        async def __aenter__(self):
            messages.append("begun")

        async def __aexit__(self, *_):
            messages.append("ended")

    def build(*_services):
        return echoing_app(Pages)

    panel = start_panel(build)
    wait_until_open(panel, panel.owner())
    assert messages == ["begun"]
    panel.stop()
    assert messages == ["begun", "ended"]


def test_the_panel_opens_only_when_the_api_has_started(loop, start, clock):
    messages = []

    async def failing_api(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def send(message):
        messages.append(message["type"])

    async def receive():
        return {"type": "lifespan.startup"}

    settings = start(**FIRST_ADMIN).settings
    app = mount.mount_panel(failing_api, settings, clock=clock, randomness=None)
    loop.run(app({"type": "lifespan"}, receive, send))
    assert messages == ["lifespan.startup.failed"]
    assert "panel" not in {thread.name for thread in threading.enumerate()}


def test_while_nobody_uses_the_panel_it_leaves_the_event_loop_alone():
    assert min(run_json_module("tests.panel.gradio_idle")) >= 0.05
