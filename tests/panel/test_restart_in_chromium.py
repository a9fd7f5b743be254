"""Every page of the panel, open in Chromium while the server is restarted."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from panel.pages import PAGES
from panel.pages.checks import words as checks_words
from panel.pages.users import words
from panel.server.sign_in import words as sign_in_words
from panel.tester import words as tester_words
from panel.ui.words import LEAVE, REFRESH
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL, panel_space
from tests.panel.watched_page import (
    TIMEOUT,
    WatchedPage,
    open_page,
    sign_in,
    wait_until_ready,
    watched_page,
)
from tests.rig.processes import wait_until
from tests.rig.space import Space

APP_ID = "window.gradio_config?.app_id"
PAGES_PER_PROFILE = 3  # each keeps a connection, of six, and shares its scripts with the others
DETAILS = ("users", "sessions", "events")
TABS = (
    *(tester_words.ENDPOINTS, tester_words.CUSTOM),
    *(tester_words.JOURNEYS, tester_words.HISTORY, tester_words.QUICK),
)


@pytest.fixture(scope="module")
def own_space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space that the tests of this file may restart."""
    with panel_space(tmp_path_factory.mktemp("restarted")) as running:
        yield running


def list_details(space: Space) -> list[str]:
    """Return the path of a user's page, a session's and an event's."""
    with httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False) as owner:
        payload = {"email": OWNER_EMAIL, "password": PASSWORD}
        assert owner.post("/api/auth/sign-in/email", json=payload).status_code == 200
        lists = {name: owner.get(f"/api/admin/{name}").json()[name] for name in DETAILS}
    return [f"{HOME}{name}?id={entries[0]['id']}" for name, entries in lists.items()]


class OpenPages:
    """Pages in a few profiles: a browser limits a site's connections."""

    def __init__(self, browser: Browser, space: Space, stack: ExitStack) -> None:
        self._browser, self._space, self._stack = browser, space, stack
        self._owners: list[BrowserContext] = []

    def open(self, path: str) -> Page:
        """Open a page as the owner."""
        if not self._owners or len(self._owners[-1].pages) == PAGES_PER_PROFILE:
            page = self.open_alone(path)
            self._owners.append(page.context)
            return page
        page = WatchedPage(self._owners[-1], (self._space.url,)).page
        page.goto(path)
        wait_until_ready(page)
        return page

    def open_alone(self, path: str) -> Page:
        """Open a page as the owner, who may sign out there."""
        return open_page(self._new_profile(), path)

    def open_sign_in(self) -> Page:
        """Open the sign-in page, as a stranger."""
        page = self._new_profile().page
        page.goto(LOGIN)
        return page

    def _new_profile(self) -> WatchedPage:
        return self._stack.enter_context(watched_page(self._browser, self._space.url))


@pytest.fixture
def open_pages(browser: Browser, own_space: Space) -> Iterator[OpenPages]:
    with ExitStack() as stack:
        yield OpenPages(browser, own_space, stack)


def wait_until_panel_ready(space: Space, starts: int) -> None:
    wait_until(lambda: space.log.count("panel_ready") > starts, "the panel", 60)


def test_every_open_page_recovers_from_a_restart_and_says_so(
    open_pages: OpenPages, own_space: Space
):
    paths = [*(f"{HOME}{page.slug}" for page in PAGES), *list_details(own_space)]
    pages = {path: open_pages.open(path) for path in paths}
    sign_in_page = open_pages.open_sign_in()
    users, tester = pages[f"{HOME}users"], pages[f"{HOME}tester"]
    search = users.get_by_label(words.SEARCH)
    search.press_sequentially("half a wo")
    pages[f"{HOME}checks"].get_by_role("button", name=checks_words.START).click()
    expect(pages[f"{HOME}checks"].locator("#findings li").first).to_be_attached()
    before = users.evaluate(APP_ID)
    starts = own_space.log.count("panel_ready")
    own_space.kill9()
    for page in pages.values():
        expect(page.locator("#connection")).to_contain_text("does not answer")
    pages[f"{HOME}sessions"].get_by_role("button", name=REFRESH).click()  # into the void
    own_space.start()
    pages[f"{HOME}outbox"].get_by_role("button", name=REFRESH).click()  # while the panel starts
    sign_in(sign_in_page)
    wait_until_panel_ready(own_space, starts)
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
    expect(pages[f"{HOME}checks"].locator("#verdict")).to_contain_text(checks_words.NOTHING_YET)
    for tab in TABS:
        tester.get_by_role("tab", name=tab).click()
    tester.get_by_role("button", name=tester_words.SIGN_UP, exact=True).click()
    expect(tester.locator("#card .figure b").first).to_have_text("200 OK")


def test_what_would_leave_the_page_waits_for_the_server(open_pages: OpenPages, own_space: Space):
    reader, leaver, saver = (
        open_pages.open(HOME),
        open_pages.open_alone(HOME),
        open_pages.open(f"{HOME}users"),
    )
    download = saver.get_by_role("link", name=words.CSV)
    expect(download).to_be_visible()
    starts = own_space.log.count("panel_ready")
    own_space.kill9()
    for page in (reader, leaver, saver):
        expect(page.locator("#connection")).to_contain_text("does not answer")
    reader.get_by_role("link", name="Outbox").click()
    leaver.get_by_role("button", name=LEAVE).click()
    download.click()
    for page in (reader, leaver, saver):
        expect(page.locator("#connection")).to_contain_text("does not answer")
    own_space.start()
    wait_until_panel_ready(own_space, starts)
    reader.wait_for_url("**/admin/outbox")
    expect(leaver.get_by_text(sign_in_words.MESSAGES["out"])).to_be_visible(timeout=TIMEOUT)
    expect(saver.locator("#connection")).to_contain_text(
        "so this page was reloaded", timeout=TIMEOUT
    )
