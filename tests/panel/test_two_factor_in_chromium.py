"""Second factors in the panel, in Chromium: the app reads the QR code from the screen."""

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from panel.pages.users import words as user_words
from panel.server.account import words
from panel.server.sign_in import second_step_words
from tests.make import PASSWORD
from tests.panel.conftest import OWNER_EMAIL, panel_space
from tests.panel.qr_reader import next_code, scan
from tests.panel.test_owner_journey import confirm_action, fits_width
from tests.panel.watched_page import wait_until_ready, watched_page
from tests.rig.space import Space

USERS, ACCOUNT = "/admin/users", "/admin/account"
ADA = "ada@example.com"


@pytest.fixture(scope="module")
def strict_space(tmp_path_factory):
    """A Space whose admins must have a second factor."""
    with panel_space(tmp_path_factory.mktemp("strict"), REQUIRE_TWO_FACTOR_FOR="admins") as running:
        yield running


def give_password(page: Page) -> None:
    """Take the first step of signing in."""
    page.locator("input[name=email]").fill(OWNER_EMAIL)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def give_code(page: Page, way: str, code: str, *, trust: bool = False) -> None:
    """Take the second step, with the keyboard alone."""
    expect(page.get_by_label(second_step_words.FIELDS[way])).to_be_focused()
    page.keyboard.type(code)
    if trust:
        page.get_by_label(second_step_words.TRUST).check()
    page.get_by_role("button", name=second_step_words.CONTINUE).click()


def sign_out(page: Page) -> None:
    page.locator("#sign-out").click()
    page.wait_for_url("**/admin/login?why=out")


def enrol_ada(space: Space) -> str:
    """Let Ada sign up and choose codes by mail, over the API; returns her id."""
    with httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False) as ada:
        payload = {"name": "Ada", "email": ADA, "password": PASSWORD}
        user = ada.post("/api/auth/sign-up/email", json=payload).json()["user"]
        payload = {"password": PASSWORD, "method": "otp"}
        assert ada.post("/api/auth/two-factor/enable", json=payload).status_code == 200
    return user["id"]


def enrol(page: Page) -> pyotp.TOTP:
    """Set an app up, which reads the QR code from the screen."""
    expect(page.get_by_text(words.REQUIRED)).to_be_visible()
    form = page.locator("details[open]")
    form.get_by_label(words.PASSWORD).fill(PASSWORD)
    form.get_by_role("button").click()
    app = scan(page)
    assert (app.issuer, app.name) == ("Gatehouse", OWNER_EMAIL)
    assert page.locator(".key code").inner_text().replace(" ", "") == app.secret
    page.get_by_label(words.FIRST_CODE).fill(app.now())
    page.keyboard.press("Enter")
    return app


def keep_backup_codes(page: Page) -> list[str]:
    """Copy and download the backup codes; returns them."""
    expect(page.locator("#codes code")).to_have_count(10)
    codes = page.locator("#codes code").all_inner_texts()
    page.get_by_role("button", name=words.COPY).click()
    expect(page.get_by_role("button", name=words.COPIED)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split("\n") == codes
    with page.expect_download() as download:
        page.get_by_role("link", name=words.DOWNLOAD).click()
    assert download.value.suggested_filename == words.FILE_NAME
    assert download.value.path().read_text().split("\n")[1:-1] == codes
    page.get_by_role("button", name=words.KEPT).click()
    return codes


def remove_adas(page: Page) -> None:
    """Remove Ada's factor on her page, which is open."""
    expect(page.locator("#about")).to_contain_text(user_words.MAIL_FACTOR)
    assert fits_width(page)
    removed = user_words.FACTOR_REMOVED.format(ADA)
    confirm_action(page, user_words.REMOVE_FACTOR, "password alone signs them in", removed)
    expect(page.locator("#about")).not_to_contain_text(user_words.MAIL_FACTOR)


def remove_own(page: Page) -> None:
    """Remove the owner's factor on the account's page, which is open."""
    page.get_by_role("link", name=words.REMOVE).click()
    dialog = page.get_by_role("alertdialog", name=words.REMOVE)
    dialog.get_by_label(words.PASSWORD).fill(PASSWORD)
    dialog.get_by_role("button", name=words.REMOVE).click()
    expect(page.get_by_text(words.MESSAGES["removed"])).to_be_visible()


def test_an_admin_enrols_signs_in_with_it_and_helps_another(browser: Browser, strict_space: Space):
    ada = enrol_ada(strict_space)
    permissions = {"permissions": ["clipboard-read", "clipboard-write"]}
    with watched_page(browser, strict_space.url, **permissions) as watched:
        page = watched.page
        page.goto(f"{USERS}?id={ada}")
        give_password(page)
        app = enrol(page)
        codes = keep_backup_codes(page)
        wait_until_ready(page)  # the page that was asked for
        remove_adas(page)

        sign_out(page)
        page.goto(USERS)
        give_password(page)
        give_code(page, "totp", next_code(app), trust=True)
        wait_until_ready(page)
        row = page.locator("#users tbody tr", has_text=OWNER_EMAIL)
        expect(row).to_contain_text(user_words.HAS_FACTOR)
        sign_out(page)
        give_password(page)
        wait_until_ready(page)  # this browser is trusted
        assert watched.problems == []

    with watched_page(browser, strict_space.url, "phone") as watched:
        page = watched.page
        page.goto(ACCOUNT)
        give_password(page)
        page.get_by_role("link", name=second_step_words.WAYS["backup"]).click()
        give_code(page, "backup", "wrong-wrong")
        expect(page.get_by_text(second_step_words.MESSAGES["wrong-backup"])).to_be_visible()
        assert fits_width(page)
        give_code(page, "backup", codes[0])
        expect(page.get_by_text(words.unused(9))).to_be_visible()
        assert fits_width(page)
        remove_own(page)
        page.goto(USERS)
        expect(page.get_by_text(words.REQUIRED)).to_be_visible()
        assert watched.problems == []
