"""Pages in Chromium that record every error, warning and policy violation in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL

REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
  (event) => console.error("CSP", event.effectiveDirective, event.blockedURI));"""
TIMEOUT = 60_000  # milliseconds
expect.set_options(timeout=TIMEOUT / 3)  # a busy machine is not an error
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


class WatchedPage:
    """A page and its problems: errors, warnings, policy violations, requests to other sites."""

    def __init__(self, profile: BrowserContext, own_urls: tuple[str, ...]) -> None:
        self.page: Page = profile.new_page()
        self.problems: list[str] = []
        self._own_urls = (*own_urls, "data:", "blob:")
        self.page.set_default_timeout(TIMEOUT)
        self.page.add_init_script(REPORT_VIOLATIONS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)

    def _on_console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith(self._own_urls):
            self.problems.append(f"foreign: {request.url}")

    def _on_response(self, response: Any) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")


@contextmanager
def watched_page(
    browser: Browser, url: str, screen: str = "light", **options: Any
) -> Iterator[WatchedPage]:
    """Open a page in a browser profile of its own: no cookies, no cache."""
    with browser.new_context(base_url=url, **SCREENS[screen], **options) as profile:
        yield WatchedPage(profile, (url,))


def wait_until_ready(page: Any) -> None:
    """Wait until a page is shown, for the owner."""
    expect(page.locator("html.loaded")).to_be_attached(timeout=TIMEOUT)
    expect(page.locator("#header .identity")).to_contain_text(OWNER_EMAIL)


def open_tester(watched: WatchedPage) -> Page:
    """Sign in and open the Tester."""
    page = open_page(watched, "/admin/tester")
    wait_for_test_user(page)
    return page


def wait_for_test_user(page: Any) -> None:
    """Wait until the Tester has filled in its test user."""
    expect(page.get_by_label("Name")).not_to_have_value("", timeout=TIMEOUT)


def sign_in(page: Any) -> None:
    """Fill in the sign-in form, with the keyboard alone, and wait for the first page."""
    page.locator("input[name=email]").press_sequentially(OWNER_EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    wait_until_ready(page)


def open_as_owner(watched: WatchedPage) -> Page:
    """Open the panel, fill in the sign-in form, and wait for the first page."""
    watched.page.goto(HOME)
    sign_in(watched.page)
    return watched.page


def open_page(watched: WatchedPage, path: str) -> Page:
    """Send what the sign-in form sends, and open a page: the first one is not drawn before."""
    page = watched.page
    send_sign_in_form(page.context)
    page.goto(path)
    wait_until_ready(page)
    return page


def send_sign_in_form(profile: BrowserContext) -> None:
    """Let a browser profile sign in without a page."""
    form = {"email": OWNER_EMAIL, "password": PASSWORD}
    assert profile.request.post(LOGIN, form=form, max_redirects=0).status == 303
