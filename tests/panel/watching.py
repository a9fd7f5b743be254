"""Opens pages in Chromium, and notes everything a careful owner would not like to see there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.make import PASSWORD
from tests.panel.conftest import HOME, OWNER_EMAIL

REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
  (event) => console.error("CSP", event.effectiveDirective, event.blockedURI));"""
PATIENCE = 60_000  # milliseconds
expect.set_options(timeout=PATIENCE / 3)  # a busy machine is no mistake
SCREENS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 860}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
    "phone": {
        "color_scheme": "light",
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
}


class Watched:
    """A page, and what went wrong in it: errors, warnings, violations, requests to strangers."""

    def __init__(self, profile: BrowserContext, own: tuple[str, ...]) -> None:
        self.page: Page = profile.new_page()
        self.wrong: list[str] = []
        self._own = (*own, "data:", "blob:")
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(REPORT_VIOLATIONS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("request", self._see)
        self.page.on("response", self._judge)

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.type}: {message.text}")

    def _see(self, request: Any) -> None:
        if not request.url.startswith(self._own):
            self.wrong.append(f"foreign: {request.url}")

    def _judge(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")


@contextmanager
def watched(browser: Browser, url: str, screen: str = "light", **how: Any) -> Iterator[Watched]:
    """A page in a profile of its own: no cookies, no cache."""
    with browser.new_context(base_url=url, **SCREENS[screen], **how) as profile:
        yield Watched(profile, (url,))


def wait_until_ready(page: Any) -> None:
    """Wait until a page has heard from the server who is signed in."""
    expect(page.locator(".identity b").first).to_be_attached(timeout=PATIENCE)
    expect(page.locator(".prose.identity")).to_contain_text(OWNER_EMAIL, timeout=PATIENCE)


def open_tester(watched: "Watched") -> Page:
    """Sign in and open the Tester."""
    page = open_panel(watched)
    page.goto("/admin/tester")
    wait_for_the_test_person(page)
    return page


def wait_for_the_test_person(page: Any) -> None:
    """Wait until the Tester has thought up its test person."""
    expect(page.get_by_label("Name")).not_to_have_value("", timeout=PATIENCE)


def sign_in(page: Any) -> None:
    """Fill in the sign-in form, with the keyboard alone, and wait for the first page."""
    page.locator("input[name=email]").press_sequentially(OWNER_EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    wait_until_ready(page)


def open_panel(watched: Watched) -> Page:
    """Open the panel and sign in."""
    watched.page.goto(HOME)
    sign_in(watched.page)
    return watched.page
