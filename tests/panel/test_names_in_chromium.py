"""A name full of HTML is read in Chromium as it was written: never as markup, nor escaped twice."""

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from panel.pages.outbox import words as outbox_words
from panel.pages.users import words
from tests.make import PASSWORD
from tests.panel.watched_page import open_page, wait_for_test_user, watched_page
from tests.rig.space import Space

EMAIL, OTHER = "o'hara@example.com", "o'brien@example.com"
NAME = """<b>&"'</b> &amp; $x$"""


@pytest.fixture(scope="module")
def named_space(space: Space) -> Space:
    """A Space with a user whose name and browser are full of HTML, and who asks for a mail."""
    headers = {"origin": space.url, "user-agent": NAME}
    with httpx.Client(base_url=space.url, headers=headers, trust_env=False) as client:
        payload = {"name": NAME, "email": EMAIL, "password": PASSWORD}
        assert client.post("/api/auth/sign-up/email", json=payload).status_code == 200
        assert client.post("/api/auth/request-password-reset", json=payload).status_code == 200
    return space


def open_row(page: Page, list_selector: str) -> None:
    """Open the user's row of a list."""
    row = page.locator(f"{list_selector} tbody tr", has_text=EMAIL).first
    row.get_by_role("link").first.click()


def test_on_every_page_a_name_is_what_was_written(browser: Browser, named_space: Space):
    with watched_page(browser, named_space.url) as watched:
        page = open_page(watched, f"/admin/users?search={EMAIL}")
        expect(page.locator("#users tbody bdi").nth(1)).to_have_text(NAME)
        open_row(page, "#users")
        expect(page.locator("#about h1 bdi")).to_have_text(NAME)

        page.goto(f"/admin/sessions?search={EMAIL}")
        open_row(page, "#sessions")
        expect(page.locator("#session .soft bdi")).to_have_text(NAME)
        expect(page.locator("#session td > bdi")).to_have_text(NAME)

        page.goto(f"/admin/events?email={EMAIL}&kind=sign_up")
        open_row(page, "#events")
        expect(page.locator("#event td > bdi")).to_have_text(NAME)
        expect(page.locator("#event")).to_contain_text(EMAIL)

        page.goto("/admin/outbox")
        mail = page.locator("#mails .mail", has_text=EMAIL).first
        mail.locator("summary").click()
        expect(mail.locator(".link .warning")).to_have_text(outbox_words.LINK_WARNING.format(EMAIL))

        page.goto("/admin/tester")
        wait_for_test_user(page)
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("E-mail", exact=True).fill(OTHER)
        page.get_by_role("button", name="Sign up").click()
        expect(page.locator("#held")).to_contain_text(f"Signed in as {OTHER}")
        assert watched.problems == []


def test_in_a_question_and_a_toast_too(browser: Browser, named_space: Space):
    with watched_page(browser, named_space.url) as watched:
        page = open_page(watched, f"/admin/users?search={EMAIL}")
        open_row(page, "#users")
        page.get_by_role("button", name=words.BAN, exact=True).click()
        expect(page.locator(".prose.question")).to_contain_text(f"This bans {EMAIL} permanently.")
        page.locator("#confirm-yes").click()
        expect(page.get_by_test_id("toast-body")).to_contain_text(words.banned(EMAIL, ""))
        assert watched.problems == []
