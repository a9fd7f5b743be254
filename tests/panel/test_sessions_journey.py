"""What an owner does among the sessions, in Chromium under the shipped policy."""

import httpx
from playwright.sync_api import Browser, expect

from panel.pages.sessions import words
from tests.make import PASSWORD
from tests.panel.conftest import LOGIN
from tests.panel.watched_page import open_page, watched_page
from tests.rig.space import Space

EMAIL = "mallory@example.com"
FORGED = '<img src=x onerror=alert(1)> "quoted" ' + "x" * 400


def sign_up(space: Space) -> None:
    """Let Mallory sign up with a browser that names itself to do harm."""
    headers = {"origin": space.url, "user-agent": FORGED}
    with httpx.Client(base_url=space.url, headers=headers, trust_env=False) as client:
        payload = {"name": "<script>alert(2)</script>", "email": EMAIL, "password": PASSWORD}
        assert client.post("/api/auth/sign-up/email", json=payload).status_code == 200


def test_the_owner_ends_a_session_and_then_their_own(browser: Browser, space: Space):
    sign_up(space)
    with watched_page(browser, space.url, "phone") as watched:
        watched.page.on(
            "dialog", lambda dialog: watched.problems.append(f"dialog: {dialog.message}")
        )
        page = open_page(watched, "/admin/sessions")
        mallorys_row = page.locator("#sessions tbody tr", has_text=EMAIL)
        mallorys_row.get_by_role("link", name="127.0.0.1").click()
        expect(page.get_by_label(words.ADDRESS)).to_have_value("127.0.0.1")
        expect(page.locator("#end-listed")).to_contain_text("End th")
        mallorys_row.get_by_role("link", name=EMAIL).click()
        expect(page.locator("#session")).to_contain_text("<img src=x onerror=alert(1)>")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name=words.END_ONE).click()
        expect(page.locator(".prose.question")).to_contain_text(EMAIL)
        page.locator("#confirm-yes").click()
        expect(page.get_by_test_id("toast-body")).to_contain_text("has ended")
        expect(page.locator("#session")).to_contain_text(words.OVER)
        page.get_by_role("link", name=words.BACK).click()
        expect(page.locator("#sessions tbody tr").first).to_be_visible()
        expect(mallorys_row).to_have_count(0)
        assert watched.problems == []

        own_row = page.locator("#sessions tbody tr", has_text=words.YOURS)
        own_row.get_by_role("link").first.click()
        page.get_by_role("button", name=words.END_ONE).click()
        expect(page.locator(".prose.question")).to_contain_text("This is your own session")
        page.get_by_role("button", name=words.END_MINE).click()
        page.wait_for_url(f"**{LOGIN}?why=ended&next=*")
        # What Gradio's client says when its requests are refused; the page is left by then.
        assert [line for line in watched.problems if not line.startswith(("error: ", "401"))] == []
