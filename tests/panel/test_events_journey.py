"""How an owner looks into what happened, in Chromium under the shipped policy."""

import httpx
from playwright.sync_api import Browser, expect

from panel.pages.events import words
from panel.pages.events.audit_words import KINDS
from tests.make import PASSWORD
from tests.panel.conftest import HOME, OWNER_EMAIL
from tests.panel.watched_page import open_page, send_sign_in_form, watched_page
from tests.rig.space import Space

FORGED = "<img src=x onerror=alert(1)> evil " + "x" * 400


def fail_to_sign_in(space: Space) -> str:
    """Sign in to the owner's account with a wrong password, and return the id of the request."""
    headers = {"origin": space.url, "user-agent": FORGED}
    with httpx.Client(base_url=space.url, headers=headers, trust_env=False) as client:
        payload = {"email": OWNER_EMAIL, "password": "a wrong password"}
        response = client.post("/api/auth/sign-in/email", json=payload)
        assert response.status_code == 401
        return response.headers["x-request-id"]


def test_the_owner_finds_an_event_and_the_log_lines_of_its_request(browser: Browser, space: Space):
    request_id = fail_to_sign_in(space)
    with watched_page(browser, space.url, "dark") as watched:
        watched.page.on(
            "dialog", lambda dialog: watched.problems.append(f"dialog: {dialog.message}")
        )
        page = open_page(watched, "/admin/events")
        rows = page.locator("#events tbody tr")
        expect(rows.first).to_contain_text(KINDS["sign_in"])
        page.get_by_label(words.KINDS).click()
        page.get_by_role("option", name=KINDS["sign_in_failed"]).click()
        expect(rows.first).to_contain_text(KINDS["sign_in_failed"])
        page.wait_for_url("**/admin/events?kind=sign_in_failed")
        page.reload()
        expect(rows.first).to_contain_text(KINDS["sign_in_failed"])
        rows.first.get_by_role("link").first.click()
        expect(page.locator("#event")).to_contain_text("<img src=x onerror=alert(1)>")
        expect(page.locator("#event-log .log li")).to_have_count(1)
        page.get_by_text(words.AS_JSON).click()
        expect(page.locator("#event pre")).to_contain_text(f'"requestId": "{request_id}"')
        page.get_by_role("link", name=words.ALL_OF_REQUEST).click()
        expect(page.get_by_label(words.REQUEST)).to_have_value(request_id)
        expect(rows).to_have_count(1)
        expect(page.locator("#log .log li")).to_contain_text("sign_in_failed")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert watched.problems == []


def test_an_address_in_the_overview_stays_on_one_line(browser: Browser, space: Space):
    """Without the rule of the style sheet, long labels and e-mails would squeeze this column."""
    email, address = f"{'long.' * 12}name@example.com", "203.113.213.113"
    headers = {"origin": space.url, "user-agent": "curl/8.0", "x-forwarded-for": address}
    with watched_page(browser, space.url) as watched:
        send_sign_in_form(watched.page.context)
        with httpx.Client(base_url=space.url, headers=headers, trust_env=False) as client:
            body = {"name": "Long", "email": email, "password": PASSWORD}
            assert client.post("/api/auth/sign-up/email", json=body).status_code == 200
            for _ in range(6):  # with the others, all events that the Overview shows
                assert client.post("/api/auth/sign-in/email", json=body).status_code == 200
            reset = client.post("/api/auth/request-password-reset", json={"email": email})
            assert reset.status_code == 200
        page = watched.page
        page.set_viewport_size({"width": 1160, "height": 860})
        page.goto(HOME)
        links = page.locator("#latest .from a", has_text=address)
        expect(links).to_have_count(8)
        assert links.first.evaluate("link => link.getClientRects().length") == 1
