"""Every page of the panel, open in Chromium while the server is restarted."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from panel.pages import PAGES
from panel.pages.users import words
from tests.panel.conftest import HOME, panel_space
from tests.panel.watched_page import TIMEOUT, open_page, watched_page
from tests.rig.processes import wait_until
from tests.rig.space import Space

APP_ID = "window.gradio_config?.app_id"


@pytest.fixture(scope="module")
def own_space(tmp_path_factory: pytest.TempPathFactory):
    """A Space that the tests of this file may restart."""
    with panel_space(tmp_path_factory.mktemp("restarted")) as running:
        yield running


def restart(space: Space) -> None:
    """Start the Space again, and wait for its panel."""
    started = space.log.count("panel_ready")
    space.start()
    wait_until(lambda: space.log.count("panel_ready") > started, "the panel", 60)


def open_pages(browser: Browser, space: Space, stack: ExitStack) -> dict[str, Page]:
    """Open every page, each in a profile of its own: a browser limits a site's connections."""
    paths = [f"{HOME}{page.slug}" for page in PAGES]
    return {
        path: open_page(stack.enter_context(watched_page(browser, space.url)), path)
        for path in paths
    }


def test_every_open_page_recovers_from_a_restart_and_says_so(browser: Browser, own_space: Space):
    with ExitStack() as stack:
        pages = open_pages(browser, own_space, stack)
        users = pages[f"{HOME}users"]
        search = users.get_by_label(words.SEARCH)
        search.press_sequentially("half a wo")
        before = users.evaluate(APP_ID)
        own_space.kill9()
        for page in pages.values():
            expect(page.locator("#connection")).to_contain_text("does not answer")
        pages[f"{HOME}sessions"].get_by_role("button", name="Refresh").click()  # into the void
        restart(own_space)
        for path, page in pages.items():
            notice = page.locator("#connection")
            if page is users:
                expect(notice).to_contain_text("what you typed here is lost", timeout=TIMEOUT)
                continue
            expect(notice).to_contain_text("so this page was reloaded", timeout=TIMEOUT)
            page.wait_for_function(f"{APP_ID} && {APP_ID} !== {before}")
            assert page.url == f"{own_space.url}{path}"
        assert search.input_value() == "half a wo"
        users.locator("#connection").get_by_role("button").click()
        expect(users.locator("#users tbody tr").first).to_be_visible()
        assert users.evaluate(APP_ID) != before
