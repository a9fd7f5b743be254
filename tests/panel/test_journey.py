"""The owner's way through the panel, in Chromium under the policy as it is shipped."""

import json

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from panel.client import words as client_words
from panel.server.sign_in import words
from panel.tester import words as tester_words
from panel.tester.journeys import words as journey_words
from panel.tester.masking import MASK
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL
from tests.panel.watched_page import SCREENS, open_as_owner, open_tester, watched_page
from tests.rig.space import Space


def press_button(page: Page, name: str, status: str) -> None:
    """Press a button of the Tester and wait for the status of the answer."""
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("#card .figure b").first).to_have_text(status)


def read_response_body(page: Page) -> dict:
    return json.loads(page.locator("#answer .cm-content").inner_text())


@pytest.mark.parametrize("screen", SCREENS)
def test_the_owner_walks_a_test_person_through_the_api(browser: Browser, space: Space, screen):
    with watched_page(browser, space.url, screen) as watched:
        page = open_tester(watched)
        email = page.get_by_label("E-mail").input_value()

        press_button(page, "Sign up", "200 OK")
        expect(page.locator("#held")).to_have_text(f"Signed in as {email}")
        assert read_response_body(page)["user"]["email"] == email
        press_button(page, "Read session", "200 OK")
        expect(page.locator("#card")).to_contain_text("GET /api/auth/get-session")
        assert read_response_body(page)["user"]["email"] == email
        press_button(page, "Call /api/me", "200 OK")
        expect(page.locator("#card")).to_contain_text("let this browser in")

        page.get_by_label("B", exact=True).check()
        expect(page.locator("#held")).to_have_text("No cookies yet")
        press_button(page, "Call /api/me", "401 Unauthorized")
        page.get_by_label("A", exact=True).check()
        expect(page.locator("#held")).to_have_text(f"Signed in as {email}")

        press_button(page, "Sign out", "200 OK")
        page.get_by_role("tab", name="Cookies").click()
        expect(page.locator("#cookies .mark").first).to_have_text("deleted")
        press_button(page, "Call /api/me", "401 Unauthorized")
        expect(page.locator("#card")).to_contain_text("this browser is not signed in")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert watched.problems == []


def test_any_request_can_be_written_and_sent(browser: Browser, space: Space):
    with watched_page(browser, space.url) as watched:
        page = open_tester(watched)
        page.get_by_role("tab", name=tester_words.CUSTOM).click()
        page.get_by_label("Path").fill("/health?x=1")
        press_button(page, "Send", "200 OK")
        expect(page.locator("#card")).to_contain_text("GET /health?x=1")
        page.get_by_role("tab", name="Request").click()
        expect(page.locator("#request")).to_contain_text("GET /health?x=1 HTTP/1.1")
        page.get_by_label("Path").fill("no slash")
        page.locator("#send").click()
        expect(page.locator("#card")).to_contain_text(client_words.PATH_WITHOUT_SLASH)
        assert watched.problems == []


HOSTILE = "<img src=x onerror=alert(1)> \u202eשלמ $x$ **b** 🦊"


def choose_endpoint(page: Page, endpoint: str) -> None:
    """Find an endpoint by its name and choose it."""
    page.locator("#endpoint input").click()
    page.locator("#endpoint input").fill(endpoint)
    page.get_by_role("option", name=endpoint).click()
    expect(page.locator("#about-endpoint .line")).to_contain_text(endpoint.split()[-1])


def test_a_form_a_copy_and_a_journey(browser: Browser, space: Space):
    with watched_page(browser, space.url) as watched:
        page = open_tester(watched)
        page.get_by_role("tab", name="Endpoints").click()
        choose_endpoint(page, "POST /api/auth/sign-up/email")
        page.locator("#field-0 input, #field-0 textarea").fill(HOSTILE)
        email = page.locator("#field-1 input, #field-1 textarea").input_value()
        page.locator("#send-form").click()
        expect(page.locator("#held")).to_have_text(f"Signed in as {email}")
        expect(page.locator("#answer")).to_contain_text("onerror=alert(1)")
        choose_endpoint(page, "GET /health")
        expect(page.locator("#field-0")).to_have_count(0)

        page.get_by_role("tab", name=tester_words.TABS[-1]).click()
        expect(page.locator("#copy")).to_contain_text(MASK)
        page.get_by_label(tester_words.REVEAL).check()
        expect(page.locator("#copy")).not_to_contain_text(MASK)
        page.get_by_label("Better Auth").check()
        expect(page.locator("#copy")).to_contain_text("authClient.signUp.email")

        page.get_by_role("tab", name="Journeys").click()
        page.get_by_label(journey_words.ORIGIN).check()
        page.locator("#start-journey").click()
        expect(page.locator("#steps .note.good")).to_contain_text("All 7 steps")
        page.locator("#steps summary").nth(3).click()
        expect(page.locator("#steps details[open] .wire").first).to_be_visible()
        page.get_by_role("tab", name="History").click()
        page.locator("#history label", has_text="403").first.click()
        expect(page.locator("#card .figure b").first).to_have_text("403 Forbidden")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert watched.problems == []


def test_the_owner_signs_out(browser: Browser, space: Space):
    with watched_page(browser, space.url) as watched:
        page = open_as_owner(watched)
        page.locator("#sign-out").click()
        page.wait_for_url(f"**{LOGIN}?why=out")
        expect(page.get_by_role("status")).to_have_text(words.MESSAGES["out"])
        page.goto(HOME)
        assert page.url == f"{space.url}{LOGIN}"
        assert watched.problems == []


def test_an_open_page_whose_session_ends_elsewhere_leads_to_the_sign_in_page(
    browser: Browser, space: Space
):
    with watched_page(browser, space.url) as watched:
        page = open_tester(watched)
        end_all_sessions_of_the_owner(space)
        page.get_by_role("button", name="Sign up").click()
        page.wait_for_url(f"**{LOGIN}?why=ended&next=*")
        expect(page.get_by_role("status")).to_have_text(words.MESSAGES["ended"])
        assert [line for line in watched.problems if "401" not in line] == []


def end_all_sessions_of_the_owner(space: Space) -> None:
    with httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False) as client:
        payload = {"email": OWNER_EMAIL, "password": PASSWORD}
        assert client.post("/api/auth/sign-in/email", json=payload).status_code == 200
        assert client.post("/api/auth/revoke-sessions", json={}).status_code == 200
