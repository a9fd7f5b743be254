"""What an owner does in the Outbox, the Checks and Set-up, in Chromium under the shipped policy."""

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from panel.pages.checks import words as check_words
from panel.pages.outbox import words as outbox_words
from panel.pages.set_up import words as set_up_words
from tests.make import PASSWORD
from tests.panel.conftest import signed_in_client
from tests.panel.watched_page import open_page, watched_page
from tests.rig.space import Space

HOSTILE = "**[a](javascript:alert(1))**\u202e<img src=x onerror=alert(2)>"
READER = "mail.reader@example.com"
HEADERS = "Security headers"


def fits_width(page: Page) -> bool:
    """Return whether the page needs no horizontal scrolling."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("screen", ["light", "phone"])
def test_the_owner_reads_a_mail(browser: Browser, space: Space, screen: str):
    with httpx.Client(base_url=space.url, headers={"origin": space.url}) as client:
        payload = {"name": HOSTILE, "email": f"{screen}.{READER}", "password": PASSWORD}
        assert client.post("/api/auth/sign-up/email", json=payload).status_code == 200
    with watched_page(browser, space.url, screen) as watched:
        page = open_page(watched, "/admin/outbox")
        mail = page.locator("#mails .mail", has_text=f"{screen}.{READER}").first
        mail.locator("summary").click()
        expect(mail.locator(".text")).to_contain_text("Please confirm that this address is yours.")
        warning = outbox_words.LINK_WARNING.format(f"{screen}.{READER}")
        expect(mail.locator(".link")).to_contain_text(warning)
        link = mail.get_by_role("link", name=outbox_words.OPEN)
        assert "/api/auth/verify-email?token=" in (link.get_attribute("href") or "")
        assert link.get_attribute("target") == "_blank"
        expect(mail.locator("button").first).to_be_attached()  # copies the link
        assert fits_width(page)
        assert watched.problems == []


def test_the_owner_lets_the_doctor_look(browser: Browser, space: Space):
    with watched_page(browser, space.url) as watched:
        page = open_page(watched, "/admin/checks")
        page.get_by_label(check_words.PART).click()
        page.get_by_role("option", name=HEADERS).click()
        page.get_by_role("button", name=check_words.START).click()
        expect(page.locator("#export")).to_be_visible()
        expect(page.locator("#verdict .badge")).to_contain_text("No check failed.")
        group = page.locator("#findings .group", has_text=HEADERS)
        group.locator("summary").click()
        expect(group.locator("li.pass").first).to_be_visible()
        page.reload()
        expect(page.locator("#verdict .badge")).to_contain_text("No check failed.")
        expect(page.get_by_role("button", name=check_words.STOP, exact=True)).to_be_disabled()
        assert fits_width(page)
        assert watched.problems == []


def test_the_doctor_is_stopped_and_leaves_nobody_behind(browser: Browser, space: Space):
    with watched_page(browser, space.url, "phone") as watched:
        page = open_page(watched, "/admin/checks")
        start = page.get_by_role("button", name=check_words.START)
        start.click()
        expect(start).to_have_attribute("aria-busy", "true")  # for as long as it runs
        page.get_by_role("button", name=check_words.STOP, exact=True).click()
        expect(page.locator("#export")).to_be_visible()
        expect(page.locator("#verdict .badge")).to_have_text(check_words.STOPPED)
        expect(start).not_to_have_attribute("aria-busy", "true")
        assert fits_width(page)
        assert watched.problems == []
    with signed_in_client(space) as owner:
        assert "doctor-" not in owner.get("/admin/users.csv").text


def test_the_owner_is_shown_what_to_set(browser: Browser, space: Space):
    with watched_page(browser, space.url, "phone") as watched:
        page = open_page(watched, "/admin/set-up")
        step = page.locator("#steps .setup-step", has_text=set_up_words.KEY).first
        expect(step.locator("code").first).to_contain_text("SECRET_KEY=")
        frontend_step = page.locator("#steps .setup-step", has_text=set_up_words.FRONTEND).first
        frontend_step.get_by_text("proxy.ts", exact=True).click()
        expect(frontend_step.locator("pre", has_text="NextResponse.rewrite")).to_be_visible()
        assert fits_width(page)
        assert watched.problems == []
