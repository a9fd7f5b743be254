"""Passkeys in the panel, in Chromium with an authenticator of its own (WebAuthn's automation)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from panel.server.account import words
from panel.server.sign_in import words as sign_in_words
from tests.panel.conftest import panel_space
from tests.panel.test_owner_journey import fits_width
from tests.panel.watched_page import (
    send_sign_in_form,
    wait_until_ready,
    watched_page,
)
from tests.rig.space import Space

ACCOUNT = "/admin/account"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """The authenticator of a page's browser."""

    def __init__(self, page: Page) -> None:
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable", {"enableUI": False})
        added = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self._id = {"authenticatorId": added["authenticatorId"]}

    def allow(self, allowed: bool) -> None:
        """Let the owner answer the browser's question, or not."""
        self._cdp.send("WebAuthn.setUserVerified", {**self._id, "isUserVerified": allowed})

    def answer(self, answers: bool) -> None:
        """Let the owner touch it, or not."""
        self._cdp.send("WebAuthn.setAutomaticPresenceSimulation", {**self._id, "enabled": answers})

    @property
    def credentials(self) -> list[dict[str, object]]:
        return self._cdp.send("WebAuthn.getCredentials", self._id)["credentials"]


@pytest.fixture(scope="module")
def local_space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space at the name of this machine: its number cannot have passkeys."""
    with panel_space(tmp_path_factory.mktemp("passkeys")) as running:
        running.url = running.url.replace("127.0.0.1", "localhost")
        yield running


def add_passkey(page: Page, name: str) -> None:
    """Add a passkey on the account's page, which is open."""
    page.get_by_text(words.ADD_PASSKEY).click()
    form = page.locator("#passkey")
    form.get_by_label(words.PASSKEY_NAME).fill(name)
    form.get_by_role("button").click()
    expect(page.get_by_text(words.MESSAGES["passkey-added"])).to_be_visible()


def test_an_admin_adds_a_passkey_signs_in_with_it_and_removes_it(
    browser: Browser, local_space: Space
):
    with watched_page(browser, local_space.url, "phone") as watched:
        page, device = watched.page, Device(watched.page)
        send_sign_in_form(page.context)
        page.goto(ACCOUNT)
        add_passkey(page, "My <laptop>")
        assert len(device.credentials) == 1
        passkey = page.locator("#passkeys li")
        expect(passkey.locator("b")).to_have_text("My <laptop>")
        expect(passkey).to_contain_text(words.NEVER_USED)
        assert fits_width(page)

        page.get_by_role("button", name=words.SIGN_OUT).click()
        wait_until_ready(page)  # the browser has offered it, and its owner agreed
        page.goto(ACCOUNT)
        expect(passkey).to_contain_text(words.LAST_USED.format("just now"))
        passkey.get_by_text(words.CHANGE).click()
        passkey.get_by_label(words.PASSKEY_NAME).fill("The old laptop")
        passkey.get_by_role("button", name=words.RENAME).click()
        expect(page.get_by_text(words.MESSAGES["passkey-renamed"])).to_be_visible()
        expect(passkey.locator("b")).to_have_text("The old laptop")
        passkey.get_by_text(words.CHANGE).click()
        passkey.get_by_role("link", name=words.REMOVE_PASSKEY).click()
        dialog = page.get_by_role("alertdialog", name=words.REMOVE_PASSKEY)
        expect(dialog).to_contain_text("The old laptop")
        dialog.get_by_role("button", name=words.REMOVE_PASSKEY).click()
        expect(page.get_by_text(words.MESSAGES["passkey-removed"])).to_be_visible()
        expect(passkey).to_have_count(0)

        device.answer(False)
        page.get_by_role("button", name=words.SIGN_OUT).click()
        button = page.get_by_role("button", name=sign_in_words.USE_PASSKEY)
        expect(button).to_be_visible()
        device.answer(True)
        button.click()
        expect(page.get_by_text(sign_in_words.MESSAGES["passkey"])).to_be_visible()
        assert watched.problems == []
