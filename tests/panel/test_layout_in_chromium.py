"""How every page is laid out in Chromium: it does not jump, hides nothing, and can be read."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from panel.pages import PAGES
from panel.pages.sessions import words as session_words
from panel.pages.users import words as user_words
from panel.ui import words
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL
from tests.panel.watched_page import (
    WatchedPage,
    send_sign_in_form,
    wait_until_ready,
    watched_page,
)
from tests.rig.space import Space

FOLDER = Path(__file__).parent
WATCH_LAYOUT, CONTRAST = (FOLDER / "layout.js").read_text(), (FOLDER / "contrast.js").read_text()
COUNT_FRAMES = """
  const nextFrame = requestAnimationFrame.bind(window);
  let requests = 0;
  window.requestAnimationFrame = (callback) => { requests++; return nextFrame(callback); };
  window.comesToRest = async () => {
    for (let frames = 0, still = 0; frames < 300; frames++) {
      const before = requests;
      await new Promise(nextFrame);
      still = requests === before ? still + 1 : 0;
      if (still === 20) return true;
    }
    return false;
  };"""
GOOD_SHIFT = 0.1  # at most, for a page to count as good (web.dev/cls)
SMALLEST_TARGET = 24  # CSS pixels (WCAG 2.5.8)
LONG_EMAIL = "maximiliane-alexandra.von-und-zu.hohenzollern@subdomain.example-university.edu"
SIGNED_IN_FROM = (
    ("203.113.213.113", "Googlebot-Image-and-other-things/2.1 (+https://example.com/bot.html)"),
    ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "Mozilla/5.0 (X11; Linux) SamsungBrowser/27.0"),
)


@pytest.fixture(scope="module")
def paths(space: Space) -> dict[str, str]:
    """Every page of the panel, with its title; in the lists stands somebody with a long address."""
    payload = {"name": "Maximiliane-Alexandra", "email": LONG_EMAIL, "password": PASSWORD}
    for address, agent in SIGNED_IN_FROM:
        headers = {"origin": space.url, "user-agent": agent, "x-forwarded-for": address}
        with httpx.Client(base_url=space.url, headers=headers, trust_env=False) as client:
            client.post("/api/auth/sign-up/email", json=payload)  # once
            client.post("/api/auth/sign-in/email", json=payload).raise_for_status()
            client.post("/api/auth/sign-in/email", json={**payload, "password": "wrong"})
            client.post("/api/auth/request-password-reset", json=payload).raise_for_status()
    with httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False) as client:
        client.post("/api/auth/sign-in/email", json={"email": OWNER_EMAIL, "password": PASSWORD})
        newest = {
            slug: client.get(f"/api/admin/{slug}", params=query).json()[slug][0]["id"]
            for slug, query in (
                ("users", {"search": LONG_EMAIL}),
                ("sessions", {"search": LONG_EMAIL}),
                ("events", {"email": LONG_EMAIL}),
            )
        }
    lists = {f"{HOME}{page.slug}": page.title for page in PAGES}
    titles = {page.slug: page.title for page in PAGES}
    return lists | {f"{HOME}{slug}?id={each}": titles[slug] for slug, each in newest.items()}


@pytest.fixture
def opened(browser: Browser, space: Space, request: pytest.FixtureRequest) -> Iterator[WatchedPage]:
    """A page that watches its layout, signed in as the owner."""
    with watched_page(browser, space.url, getattr(request, "param", "light")) as watched:
        send_sign_in_form(watched.page.context)
        watched.page.add_init_script(WATCH_LAYOUT)
        yield watched


def find_faults(page: Page) -> list[str]:
    """Return what does not fit at the page's present width, and which words are broken."""
    faults: list[str] = page.evaluate(f"findLayoutFaults({SMALLEST_TARGET})")
    return faults


def shift(page: Page) -> list[str]:
    """Return by how much the page has jumped, if that is too much."""
    jumped = page.evaluate("layoutShift")
    return [f"jumped by {jumped:.2f}"] if jumped >= GOOD_SHIFT else []


@pytest.mark.parametrize("opened", ["phone"], indirect=True)
def test_on_a_phone_no_page_jumps_and_each_leads_to_all_others(opened: WatchedPage, paths):
    page = opened.page
    faults = {}
    for path, title in paths.items():
        page.goto(path)
        wait_until_ready(page)
        links = page.get_by_role("navigation").get_by_role("link")
        expect(links).to_have_text([each.title for each in PAGES])
        expect(page.get_by_role("link", name=title, exact=True).first).to_have_attribute(
            "aria-current", "page"
        )
        expect(page).to_have_title(f"{title} · Gatehouse")
        faults[path] = find_faults(page) + shift(page)
    assert {path: each for path, each in faults.items() if each} == {}
    assert opened.problems == []


def test_on_wider_screens_no_page_jumps_hides_or_pales(opened: WatchedPage, paths):
    page = opened.page
    faults = {}
    for path in paths:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")
        page.goto(path)
        wait_until_ready(page)
        faults[path] = find_faults(page)
        page.keyboard.press("Tab")  # from now on the focus is shown
        faults[path] += [f"light: {each}" for each in page.evaluate(CONTRAST)] + shift(page)
        page.emulate_media(color_scheme="dark")
        expect(page.locator("body.dark")).to_be_attached()
        faults[path] += [f"dark: {each}" for each in page.evaluate(CONTRAST)]
        for width in (1024, 768):
            page.set_viewport_size({"width": width, "height": 768})
            faults[path] += find_faults(page)
    assert {path: each for path, each in faults.items() if each} == {}
    assert opened.problems == []


def test_the_sign_in_page_can_be_read(browser: Browser, space: Space):
    with watched_page(browser, space.url) as watched:
        page = watched.page
        page.goto(LOGIN)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert page.evaluate(CONTRAST) == []


def test_a_question_can_be_read(opened: WatchedPage, paths):
    page = opened.page
    page.goto(next(path for path in paths if path.startswith("/admin/sessions?id")))
    wait_until_ready(page)
    page.get_by_role("button", name=session_words.END_ONE).click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.locator("body.dark")).to_have_count(int(scheme == "dark"))
        assert page.evaluate(CONTRAST) == []


def test_what_loads_is_told_from_what_is_empty_and_from_what_failed(opened: WatchedPage):
    page = opened.page
    page.route("**/queue/data*", lambda route: None)  # waits until it is no longer routed
    page.goto("/admin/users?search=nobody.at.all")
    expect(page.get_by_role("status").filter(has_text=words.LOADING).first).to_be_visible()
    expect(page.locator("#users")).to_be_attached()
    expect(page.locator("#users")).to_be_hidden()
    page.unroute("**/queue/data*")
    expect(page.locator("#users")).to_contain_text(user_words.NOBODY)
    expect(page.locator("#users")).to_be_visible()
    expect(page.locator("#loading")).to_be_hidden()
    assert opened.problems == []

    page.route("**/queue/join*", lambda route: route.fulfill(status=429, json={"message": "Busy"}))
    page.reload()
    expect(page.locator("#users")).to_contain_text("could not be loaded")
    expect(page.locator("#users")).to_be_visible()


def test_a_page_at_rest_draws_nothing(opened: WatchedPage):
    """What runs with every frame keeps a processor busy for as long as the page is open."""
    opened.page.add_init_script(COUNT_FRAMES)
    opened.page.goto("/admin/users")
    wait_until_ready(opened.page)
    assert opened.page.evaluate("comesToRest()")


def test_search_buttons_apply_what_is_typed(opened: WatchedPage):
    page = opened.page
    for path, label in (
        ("/admin/users", user_words.SEARCH),
        ("/admin/sessions", "E-mail"),
        ("/admin/events", "E-mail"),
    ):
        page.goto(path)
        wait_until_ready(page)
        page.get_by_label(label, exact=True).first.fill(OWNER_EMAIL)
        page.get_by_role("button", name=words.FIND, exact=True).click()
        page.wait_for_url(lambda url: "owner%40example.com" in url)
    assert opened.problems == []


def test_a_button_shows_that_it_is_at_work(opened: WatchedPage):
    page = opened.page
    page.goto("/admin/tester")
    wait_until_ready(page)
    page.route("**/queue/data*", lambda route: None)  # waits until it is no longer routed
    button = page.get_by_role("button", name="Call /api/me")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    page.unroute("**/queue/data*")
    expect(page.locator("#card")).to_contain_text("GET /api/me")
    expect(button).not_to_have_attribute("aria-busy", "true")
    assert opened.problems == []
