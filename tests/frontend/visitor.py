"""People who open the app: each has a browser profile and an address of their own."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.frontend.app import App
from tests.frontend.edge import Edge
from tests.mailbox import Mailbox
from tests.make import PASSWORD
from tests.rig.openid_provider import Realm
from tests.rig.space import Space

TIMEOUT = 30_000  # milliseconds


@dataclass(frozen=True)
class DeployedApp:
    """An app at `url`, its Gatehouse, the mails that leave there, and the edges, if any.

    `dev` is the same app with `next dev`, not started: only one test needs it. `company` is the
    provider to sign in with.
    """

    url: str
    space: Space
    mailbox: Mailbox
    edge: Edge | None = None
    edge_of_space: Edge | None = None
    dev: App | None = None
    company: Realm | None = None


class Visitor:
    """A browser with a profile of its own and one page open.

    `errors` are those that no code has caught, `complaints` those in the console.
    """

    _numbers = itertools.count(1)

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.email = f"ada{next(self._numbers)}@example.com"
        self.errors: list[str] = []
        page.set_default_timeout(TIMEOUT)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.complaints: list[str] = []
        page.on("console", self._note_complaint)

    def _note_complaint(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def header(self) -> Locator:
        return self.page.locator("header")

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    @property
    def alert(self) -> Locator:
        """What the page says went wrong, or what to do now."""
        return self.main.get_by_role("alert")

    @property
    def cookies(self) -> list[Any]:
        return self.page.context.cookies()

    def fill_in(self, button: str, **fields: str) -> None:
        """Fill in the fields with these labels, and press the button."""
        for label, text in fields.items():
            self.page.get_by_label(label, exact=True).fill(text)
        self.page.get_by_role("button", name=button, exact=True).click()

    def sign_up(self) -> None:
        """Create an account; ends on the protected page."""
        self.page.goto("/sign-up")
        self.fill_in("Sign up", Name="Ada", **{"E-mail": self.email}, Password=PASSWORD)
        expect(self.heading).to_have_text("Hello Ada")

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the form for signing in with an address or a user name, and send it."""
        self.page.goto("/sign-in")
        self.fill_in("Sign in", **{"E-mail or user name": name}, Password=password)

    def press_button(self, name: str) -> None:
        """Press a button once React has hydrated it: before, a press does nothing."""
        button = self.page.get_by_role("button", name=name)
        is_hydrated = "button => Object.keys(button).some(key => key.startsWith('__reactProps'))"
        self.page.wait_for_function(is_hydrated, arg=button.element_handle())
        button.click()

    def sign_in_at(self, provider: str) -> None:
        """Press the button of a provider and sign in there, as who has the visitor's address."""
        self.press_button(provider)
        self.fill_in("Sign in", Address=self.email)

    def sign_out(self) -> None:
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.header).to_have_text("Sign in Sign up")

    def assert_signed_out(self) -> None:
        """Open the protected page; it must redirect to the sign-in page."""
        self.page.goto("/account")
        self.page.wait_for_url("**/sign-in")  # the page redirects after it has begun to respond


class Visitors:
    """Makes visitors of one app: each call makes another one."""

    _addresses = itertools.count(1)

    def __init__(self, browser: Browser, app: DeployedApp, running: ExitStack) -> None:
        self._browser, self._app, self._running = browser, app, running
        self.all: list[Visitor] = []

    def __call__(self, **options: Any) -> Visitor:
        address = f"203.0.113.{next(self._addresses)}"
        if self._app.edge:
            self._app.edge.caller = address
        payload = {"base_url": self._app.url, "ignore_https_errors": True, **options}
        profile = self._running.enter_context(self._browser.new_context(**payload))
        self.all.append(Visitor(profile.new_page(), address))
        return self.all[-1]


@contextmanager
def visitors_of(app: DeployedApp, browser: Browser) -> Iterator[Visitors]:
    """Visitors in whose pages nothing may break."""
    with ExitStack() as running:
        visitors = Visitors(browser, app, running)
        yield visitors
        assert [visitor.errors for visitor in visitors.all] == [[] for _ in visitors.all]
