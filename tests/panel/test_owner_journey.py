"""What an owner does on the Overview and among the users, in Chromium under the shipped policy."""

import re
import sqlite3
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from panel.pages.users import words
from panel.server.sign_in import words as sign_in_words
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN
from tests.panel.test_journey import end_all_sessions_of_the_owner
from tests.panel.watched_page import open_as_owner, open_page, watched_page
from tests.rig.space import Space

USERS = "/admin/users"
HOSTILE = {
    "html@example.com": "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "rtl@example.com": "\u202eevil مرحبا بالعالم",
    "emoji@example.com": "🦊👩‍👩‍👧‍👦 e\u0301",
    "markdown@example.com": "$\\alpha$ **bold** [a](javascript:alert(1)) `x` |a|b|",
    "long@example.com": "x" * 10_000,
    f"{'very.long.' * 5}address@example.com": "y",
}


@pytest.fixture(scope="module")
def hostile_space(space: Space) -> Space:
    """The Space, with users whose names were chosen to do harm."""
    for email, name in HOSTILE.items():
        with httpx.Client(base_url=space.url, headers={"origin": space.url}) as client:
            payload = {"name": name[:200], "email": email, "password": PASSWORD}
            assert client.post("/api/auth/sign-up/email", json=payload).status_code == 200, email
    # The API accepts no name that long; an imported user may have one.
    with closing(sqlite3.connect(space.folder / "data" / "gatehouse.db")) as database, database:
        longest = HOSTILE["long@example.com"], "long@example.com"
        database.execute("UPDATE users SET name = ? WHERE email = ?", longest)
    return space


def fits_width(page: Page) -> bool:
    """Return whether the page needs no horizontal scrolling."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def find_row(page: Page, email: str) -> Locator:
    return page.locator("#users tbody tr", has_text=email)


def search_users(page: Page, term: str) -> None:
    page.get_by_label(words.SEARCH).fill(term)
    page.keyboard.press("Enter")
    expect(page.locator("#users tbody tr")).to_have_count(1)


def expect_toast(page: Page, text: str) -> None:
    """Expect a toast; Gradio groups those of a kind, so the newest need not be the last."""
    expect(page.get_by_test_id("toast-body").filter(has_text=text)).to_be_visible()


def confirm_action(
    page: Page, action: str, sentence: str, success_text: str, typed: str = ""
) -> None:
    """Press a button that asks for confirmation, confirm, and wait for the toast."""
    page.get_by_role("button", name=action, exact=True).first.click()
    expect(page.locator(".prose.question")).to_contain_text(sentence)
    if typed:
        page.locator("#confirm-yes").click()
        expect_toast(page, f"Type {typed} first")
        page.get_by_role("alertdialog").get_by_label(typed).press_sequentially(typed)
    page.locator("#confirm-yes").click()
    expect_toast(page, success_text)
    expect(page.locator("#confirm-yes")).to_be_hidden()


def expect_modal_dialog(page: Page, email: str) -> None:
    """Expect the question before a deletion to be a dialog that keeps the focus."""
    dialog = page.get_by_role("alertdialog", name=words.DELETE)
    expect(dialog).to_have_attribute("aria-modal", "true")
    expect(dialog).to_have_accessible_description(re.compile(re.escape(email)))
    expect(dialog.get_by_label(email)).to_be_focused()
    for name in (words.DELETE, "Cancel"):
        page.keyboard.press("Tab")
        expect(dialog.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Tab")  # round and round: the focus does not leave it
    expect(dialog.get_by_label(email)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()


def test_the_owner_looks_around(browser: Browser, hostile_space: Space):
    with watched_page(browser, hostile_space.url) as watched:
        page = open_as_owner(watched)
        assert page.url == f"{hostile_space.url}{HOME}"
        expect(page.locator("#figures .figure")).to_have_count(4)
        expect(page.locator("#health .health li").first).to_contain_text("Set ")
        expect(page.locator("#charts img.chart")).to_have_count(3)
        page.get_by_label("7 days").check()
        page.locator("#charts summary").first.click()
        expect(page.locator("#charts table.numbers").first.locator("tbody tr")).to_have_count(7)
        previous_text = page.locator("#updated").inner_text()
        page.get_by_role("button", name="Refresh").click()
        expect(page.locator("#updated")).not_to_have_text(previous_text)
        page.get_by_role("link", name="Users", exact=True).click()
        page.wait_for_url(f"**{USERS}*")
        assert watched.problems == []


def test_the_owner_makes_a_user_and_lets_them_go(browser: Browser, hostile_space: Space):
    email = "grace@example.com"
    with watched_page(browser, hostile_space.url) as watched:
        page = open_page(watched, USERS)
        page.get_by_role("button", name=words.NEW).click()
        form = page.locator("#new-user")
        form.get_by_label(words.EMAIL).fill(email)
        form.get_by_label(words.NAME).fill("Grace Hopper")
        form.get_by_label(words.PASSWORD).fill(PASSWORD)
        page.get_by_role("button", name=words.CREATE).click()
        expect(find_row(page, email)).to_be_visible()
        search_users(page, email)
        with page.expect_download() as download:
            page.get_by_role("link", name=words.CSV).click()
        assert email in download.value.path().read_text()
        find_row(page, email).get_by_role("link").click()
        expect(page.locator("#about h1")).to_contain_text("Grace Hopper")

        page.get_by_role("button", name=words.VERIFY).click()
        expect(page.locator("#about .badge")).to_have_text(words.IS_VERIFIED)
        page.get_by_role("button", name=words.DELETE).click()
        expect_modal_dialog(page, email)
        page.keyboard.press("Escape")
        expect(page.locator("#confirm-yes")).to_be_hidden()
        expect(page.get_by_role("button", name=words.DELETE)).to_be_focused()
        confirm_action(page, words.ACT_AS, "for an hour", "acts as")
        page.locator("#acting a").click()
        expect(page.get_by_label(words.ACTS_AS.format(email))).to_be_checked()
        page.get_by_role("button", name="Call /api/me").click()
        expect(page.locator("#answer")).to_contain_text(email)
        page.go_back()

        page.get_by_label(words.REASON).fill("Spam")
        confirm_action(page, words.BAN, "permanently", "is banned")
        expect(page.locator("#about")).to_contain_text("Spam")
        confirm_action(page, words.DELETE, "cannot be undone", "has been deleted", email)
        expect(page.locator("#about")).to_contain_text(words.GONE)
        page.get_by_role("link", name=words.BACK).click()
        expect(page.locator("#users tbody tr").first).to_be_visible()
        assert watched.problems == []


@pytest.mark.parametrize("screen", ["dark", "phone"])
def test_hostile_names_harm_nobody(browser: Browser, hostile_space: Space, screen):
    with watched_page(browser, hostile_space.url, screen) as watched:
        watched.page.on(
            "dialog", lambda dialog: watched.problems.append(f"dialog: {dialog.message}")
        )
        page = open_as_owner(watched)
        expect(page.locator("#latest tbody tr").first).to_be_visible()
        assert fits_width(page)
        page.goto(USERS)
        for email, name in HOSTILE.items():
            expect(find_row(page, email)).to_contain_text(name.split()[0][:40])
        assert fits_width(page)
        for email in ("html@example.com", "long@example.com"):
            search_users(page, email)
            find_row(page, email).get_by_role("link").focus()
            page.keyboard.press("Enter")
            expect(page.locator("#about h1")).to_contain_text(HOSTILE[email][:20])
            assert fits_width(page)
            page.go_back()
            expect(page.get_by_label(words.SEARCH)).to_have_value(email)
            expect(page.locator("#users tbody tr")).to_have_count(1)
        assert page.locator("#users img").count() == 0
        assert watched.problems == []


@pytest.mark.parametrize("path", [HOME, USERS])
def test_a_page_whose_session_ends_leads_to_the_sign_in_page(browser: Browser, hostile_space, path):
    with watched_page(browser, hostile_space.url) as watched:
        page = open_page(watched, path)
        ready_selector = "#charts img.chart" if path == HOME else "#users tbody tr"
        expect(page.locator(ready_selector).first).to_be_visible()
        end_all_sessions_of_the_owner(hostile_space)
        if path == HOME:
            page.get_by_role("button", name="Refresh").click()
        else:
            page.get_by_label(words.SEARCH).press("Enter")
        page.wait_for_url(f"**{LOGIN}?why=ended&next=*")
        expect(page.get_by_role("status")).to_have_text(sign_in_words.MESSAGES["ended"])
        assert [line for line in watched.problems if "401" not in line] == []
