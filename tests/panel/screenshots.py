"""Takes the pictures in docs/screenshots anew: python -m tests.panel.screenshots."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

from panel.pages.checks import words as check_words
from panel.pages.users import words
from panel.tester.journeys import words as journey_words
from tests.make import PASSWORD
from tests.panel.conftest import LOGIN, panel_space
from tests.panel.watching import SCREENS, open_panel, wait_for_the_test_person, watched
from tests.rig import shared
from tests.rig.chromium import chromium
from tests.rig.space import ROOT

PLACE = ROOT / "docs" / "screenshots"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
PEOPLE = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Katherine Johnson", "Edsger Dijkstra"]


def people(url: str) -> None:
    """Let people sign up on a computer, sign in on a phone, and mistype their passwords."""
    for name in PEOPLE:
        payload = {"name": name, "email": f"{name.split()[0].lower()}@example.com"}
        for agent, way, password in (
            (WINDOWS, "sign-up", PASSWORD),
            (IPHONE, "sign-in", PASSWORD),
            (IPHONE, "sign-in", "mistyped"),
        ):
            headers = {"origin": url, "user-agent": agent}
            with httpx.Client(base_url=url, headers=headers, trust_env=False) as guest:
                guest.post(f"/api/auth/{way}/email", json={**payload, "password": password})


def overview(page: Page) -> None:
    expect(page.locator("#charts img.chart")).to_have_count(3)


def users(page: Page) -> None:
    page.goto("/admin/users")
    expect(page.locator("#users tbody tr").first).to_be_visible()


def user(page: Page) -> None:
    page.locator("#users tbody tr", has_text="ada@example.com").get_by_role("link").click()
    expect(page.locator("#user-sessions tbody tr").first).to_be_visible()
    page.get_by_role("button", name=words.BAN, exact=True).click()
    expect(page.locator("#confirm-yes")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")


def sessions(page: Page) -> None:
    page.goto("/admin/sessions")
    expect(page.locator("#sessions tbody tr").first).to_be_visible()


def session(page: Page) -> None:
    page.locator("#sessions tbody tr", has_text="grace@example.com").first.get_by_role(
        "link"
    ).first.click()
    page.locator(".ends button").first.click()
    expect(page.locator("#confirm-yes")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")


def events(page: Page) -> None:
    page.goto("/admin/events")
    expect(page.locator("#events tbody tr").first).to_be_visible()


def event(page: Page) -> None:
    failed = page.locator("#events tbody tr", has_text="Sign-in failed")
    failed.first.get_by_role("link").first.click()
    expect(page.locator("#event-log .log li").first).to_be_visible()


def tester(page: Page) -> None:
    page.goto("/admin/tester")
    wait_for_the_test_person(page)
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("#card .figure b").first).to_have_text("200 OK")
    page.get_by_role("tab", name="Cookies").click()
    expect(page.locator("#cookies .cookie").first).to_be_visible()
    page.evaluate("innerWidth < 700 && document.querySelector('.quick-actions').scrollIntoView()")


def journey(page: Page) -> None:
    page.goto("/admin/tester")
    wait_for_the_test_person(page)
    page.get_by_role("tab", name="Journeys").click()
    page.get_by_label(journey_words.DEVICES).check()
    page.locator("#start-journey").click()
    expect(page.locator("#steps .note.good")).to_be_visible()
    page.evaluate("innerWidth < 700 && document.querySelector('#journey').scrollIntoView()")


def outbox(page: Page) -> None:
    page.goto("/admin/outbox")
    page.locator("#mails .mail summary").first.click()
    expect(page.locator("#mails .text").first).to_be_visible()


def checks(page: Page) -> None:
    page.goto("/admin/checks")
    expect(page.locator("#verdict .card")).to_be_visible()
    if page.locator("#verdict .empty").count():
        page.get_by_role("button", name=check_words.START).click()
    expect(page.locator("#export")).to_be_visible()


def set_up(page: Page) -> None:
    page.goto("/admin/set-up")
    expect(page.locator("#steps .setup-step").first).to_be_visible()


PAGES: dict[str, Callable[[Page], None]] = {
    "panel-overview": overview,
    "panel-users": users,
    "panel-user": user,
    "panel-sessions": sessions,
    "panel-session": session,
    "panel-events": events,
    "panel-event": event,
    "panel-tester": tester,
    "panel-journey": journey,
    "panel-outbox": outbox,
    "panel-checks": checks,
    "panel-set-up": set_up,
}


def take_all(browser: Browser, url: str) -> None:
    """Take every picture."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for screen in SCREENS:
        with watched(browser, url, screen) as seen:
            seen.page.goto(LOGIN)
            if screen != "phone":
                seen.page.screenshot(path=PLACE / f"sign-in-{screen}.png")
            page = open_panel(seen)
            for name, show in PAGES.items():
                show(page)
                page.mouse.move(0, 0)
                page.screenshot(path=PLACE / f"{name}-{screen}.png", animations="disabled")


def main() -> None:
    shared.open_folder()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            panel_space(Path(folder)) as space,
            chromium() as browser,
        ):
            people(space.url)
            take_all(browser, space.url)
    finally:
        shared.close_folder()


if __name__ == "__main__":
    main()
