"""Takes the screenshots in docs/screenshots again: python -m tests.panel.screenshots."""

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
from tests.panel.watched_page import SCREENS, open_as_owner, wait_for_test_user, watched_page
from tests.rig import shared
from tests.rig.chromium import chromium
from tests.rig.space import ROOT

FOLDER = ROOT / "docs" / "screenshots"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
PEOPLE = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Katherine Johnson", "Edsger Dijkstra"]


def sign_up_people(url: str) -> None:
    """Let people sign up on a computer, sign in on a phone, and mistype their passwords."""
    for name in PEOPLE:
        payload = {"name": name, "email": f"{name.split()[0].lower()}@example.com"}
        for agent, action, password in (
            (WINDOWS, "sign-up", PASSWORD),
            (IPHONE, "sign-in", PASSWORD),
            (IPHONE, "sign-in", "mistyped"),
        ):
            headers = {"origin": url, "user-agent": agent}
            with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
                client.post(f"/api/auth/{action}/email", json={**payload, "password": password})


def show_overview(page: Page) -> None:
    expect(page.locator("#charts img.chart")).to_have_count(3)


def show_users(page: Page) -> None:
    page.goto("/admin/users")
    expect(page.locator("#users tbody tr").first).to_be_visible()


def show_user(page: Page) -> None:
    page.locator("#users tbody tr", has_text="ada@example.com").get_by_role("link").click()
    expect(page.locator("#user-sessions tbody tr").first).to_be_visible()
    page.get_by_role("button", name=words.BAN, exact=True).click()
    expect(page.locator("#confirm-yes")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")


def show_sessions(page: Page) -> None:
    page.goto("/admin/sessions")
    expect(page.locator("#sessions tbody tr").first).to_be_visible()


def show_session(page: Page) -> None:
    page.locator("#sessions tbody tr", has_text="grace@example.com").first.get_by_role(
        "link"
    ).first.click()
    page.locator(".ends button").first.click()
    expect(page.locator("#confirm-yes")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")


def show_events(page: Page) -> None:
    page.goto("/admin/events")
    expect(page.locator("#events tbody tr").first).to_be_visible()


def show_event(page: Page) -> None:
    # The log has nothing of the users that the doctor has deleted.
    page.goto("/admin/events?kind=sign_in_failed")
    failed = page.locator("#events tbody tr", has_text="grace@example.com")
    failed.first.get_by_role("link").first.click()
    expect(page.locator("#event-log .log li").first).to_be_visible()


def show_tester(page: Page) -> None:
    page.goto("/admin/tester")
    wait_for_test_user(page)
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("#card .figure b").first).to_have_text("200 OK")
    page.get_by_role("tab", name="Cookies").click()
    expect(page.locator("#cookies .cookie").first).to_be_visible()
    page.evaluate("innerWidth < 700 && document.querySelector('.quick-actions').scrollIntoView()")


def show_journey(page: Page) -> None:
    page.goto("/admin/tester")
    wait_for_test_user(page)
    page.get_by_role("tab", name="Journeys").click()
    page.get_by_label(journey_words.DEVICES).check()
    page.locator("#start-journey").click()
    expect(page.locator("#steps .note.good")).to_be_visible()
    page.evaluate("innerWidth < 700 && document.querySelector('#journey').scrollIntoView()")


def show_outbox(page: Page) -> None:
    page.goto("/admin/outbox")
    page.locator("#mails .mail summary").first.click()
    expect(page.locator("#mails .text").first).to_be_visible()


def show_checks(page: Page) -> None:
    page.goto("/admin/checks")
    expect(page.locator("#verdict .card")).to_be_visible()
    if page.locator("#verdict .empty").count():
        page.get_by_role("button", name=check_words.START).click()
    expect(page.locator("#export")).to_be_visible()


def show_set_up(page: Page) -> None:
    page.goto("/admin/set-up")
    expect(page.locator("#steps .setup-step").first).to_be_visible()


def show_account(page: Page) -> None:
    """An enrolment under way; a sign-in does not ask for the app before its first code."""
    page.goto("/admin/account")
    if page.locator(".qr").count() == 0:
        page.locator("details[open] input[name=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
    expect(page.locator(".qr svg")).to_be_visible()


PAGES: dict[str, Callable[[Page], None]] = {
    "panel-overview": show_overview,
    "panel-users": show_users,
    "panel-user": show_user,
    "panel-sessions": show_sessions,
    "panel-session": show_session,
    "panel-events": show_events,
    "panel-event": show_event,
    "panel-tester": show_tester,
    "panel-journey": show_journey,
    "panel-outbox": show_outbox,
    "panel-checks": show_checks,
    "panel-set-up": show_set_up,
    "panel-account": show_account,
}


def take_all(browser: Browser, url: str) -> None:
    """Take every screenshot."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for screen in SCREENS:
        with watched_page(browser, url, screen) as watched:
            watched.page.goto(LOGIN)
            expect(watched.page.locator("#passkey")).to_be_visible()
            if screen != "phone":
                watched.page.screenshot(path=FOLDER / f"sign-in-{screen}.png")
            page = open_as_owner(watched)
            for name, open_page in PAGES.items():
                open_page(page)
                page.mouse.move(0, 0)
                page.screenshot(path=FOLDER / f"{name}-{screen}.png", animations="disabled")


def main() -> None:
    shared.open_folder()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            panel_space(Path(folder)) as space,
            chromium() as browser,
        ):
            sign_up_people(space.url)
            # By its name: a browser has no passkeys for a number.
            take_all(browser, space.url.replace("127.0.0.1", "localhost"))
    finally:
        shared.close_folder()


if __name__ == "__main__":
    main()
