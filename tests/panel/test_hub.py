"""The panel on a Space: inside the Hub's frame, on its own, and under attack from another site."""

from contextlib import closing

import pytest
from playwright.sync_api import Browser, Locator, expect

from panel.server.account import words as account_words
from panel.server.sign_in import words
from panel.ui import words as common_words
from tests.in_process import Loop
from tests.make import PASSWORD
from tests.panel.conftest import HOME, LOGIN, OWNER_EMAIL
from tests.panel.hub import HUB, SPACE, STRANGER, Hub
from tests.panel.qr_reader import next_code, scan
from tests.panel.watched_page import WatchedPage, sign_in, wait_for_test_user, wait_until_ready
from tests.rig.processes import wait_until
from tests.rig.space import Space

ON_A_SPACE = {
    "ENVIRONMENT": "production",
    "SPACE_ID": "abc/space",
    "SPACE_HOST": SPACE,
    "BCRYPT_ROUNDS": "10",
    "RATE_LIMITS": "off",
    "PANEL": "on",
    "ADMIN_EMAIL": OWNER_EMAIL,
    "ADMIN_PASSWORD": PASSWORD,
}
ATTACKS = {
    "read": ["/admin/", {"credentials": "include"}],
    "call": [
        "/admin/gradio_api/queue/join",
        {
            "method": "POST",
            "credentials": "include",
            "headers": {"content-type": "application/json"},
            "body": "{}",
        },
    ],
    "call blindly": [
        "/admin/gradio_api/queue/join",
        {"method": "POST", "credentials": "include", "mode": "no-cors", "body": "{}"},
    ],
    "sign out": [
        "/admin/logout",
        {"method": "POST", "credentials": "include", "mode": "no-cors"},
    ],
}
ATTACK = """async ([path, options]) => {
  try { return String((await fetch("https://abc-space.hf.space" + path, options)).status) }
  catch (error) { return "nothing" } }"""


@pytest.fixture(scope="module")
def hub(loop: Loop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    with Space(folder, ON_A_SPACE) as space, closing(Hub(loop, folder, space.port)) as hub:
        wait_until(lambda: "panel_ready" in space.log, "the panel", 90)
        yield hub


@pytest.fixture
def profile(browser: Browser, hub: Hub):
    """A browser profile that reaches nothing but the copy of the Hub."""
    size = {"width": 1240, "height": 860}
    with browser.new_context(
        proxy={"server": hub.proxy}, ignore_https_errors=True, viewport=size
    ) as profile:
        yield profile


def list_cookies(profile) -> dict[str, tuple[str, str | None]]:
    return {
        cookie["name"]: (cookie["sameSite"], cookie.get("partitionKey"))
        for cookie in profile.cookies()
    }


def test_the_owner_signs_in_inside_the_frame_and_the_cookie_lives_only_there(profile):
    watched = WatchedPage(profile, (f"https://{SPACE}/", f"https://{HUB}/"))
    watched.page.goto(f"https://{HUB}/spaces/abc/space")
    frame = watched.page.frame_locator("#space")
    frame.locator("input[name=email]").fill(OWNER_EMAIL)
    frame.locator("input[name=password]").fill(PASSWORD)
    frame.get_by_role("button", name="Sign in").click()
    wait_until_ready(frame)
    frame.get_by_role("link", name="Tester").click()
    wait_for_test_user(frame)
    frame.get_by_role("button", name="Sign up").click()
    expect(frame.locator("#card .figure b").first).to_have_text("200 OK")
    expect(frame.get_by_role("note")).to_contain_text(words.NO_KEY)
    attributes = ("None", f"https://{HUB}")
    name = "__Host-gatehouse_panel_embed"
    assert list_cookies(profile) == {name: attributes, f"{name}_device": attributes}
    assert watched.problems == []

    direct_page = profile.new_page()
    direct_page.goto(f"https://{SPACE}{HOME}")
    assert direct_page.url == f"https://{SPACE}{LOGIN}"


def test_on_its_own_the_panel_has_a_cookie_that_no_frame_ever_gets(profile):
    watched = WatchedPage(profile, (f"https://{SPACE}/", f"https://{HUB}/"))
    watched.page.goto(f"https://{SPACE}{HOME}")
    sign_in(watched.page)
    assert list_cookies(profile)["__Host-gatehouse_panel"] == ("Lax", None)
    watched.page.goto(f"https://{HUB}/spaces/abc/space")
    frame = watched.page.frame_locator("#space")
    expect(frame.locator("input[name=email]")).to_be_visible()
    frame.get_by_role("button", name=words.USE_PASSKEY).click()
    expect(frame.get_by_role("alert")).to_have_text(common_words.PASSKEY_FRAMED)
    expect(frame.get_by_role("link", name=common_words.OWN_TAB)).to_be_visible()
    assert watched.problems == []


def test_the_second_step_works_inside_the_frame_too(profile):
    watched = WatchedPage(profile, (f"https://{SPACE}/", f"https://{HUB}/"))
    watched.page.goto(f"https://{HUB}/spaces/abc/space")
    frame = watched.page.frame_locator("#space")

    def sign_in_again() -> None:
        frame.locator("input[name=email]").fill(OWNER_EMAIL)
        frame.locator("input[name=password]").fill(PASSWORD)
        frame.get_by_role("button", name="Sign in").click()

    def give_password_to(form: Locator) -> None:
        form.locator("input[name=password]").fill(PASSWORD)
        form.get_by_role("button").click()

    sign_in_again()
    wait_until_ready(frame)
    frame.locator("#header .identity a").click()
    give_password_to(frame.locator("details[open]"))
    app = scan(frame)
    frame.locator("input[name=code]").fill(app.now())
    frame.get_by_role("button", name=account_words.CONFIRM).click()
    frame.get_by_role("button", name=account_words.KEPT).click()
    wait_until_ready(frame)
    frame.locator("#sign-out").click()
    sign_in_again()
    frame.locator("input[name=code]").fill(next_code(app))
    frame.locator("input[name=trust]").check()
    frame.get_by_role("button", name="Continue").click()
    wait_until_ready(frame)
    attributes = ("None", f"https://{HUB}")
    name = "__Host-gatehouse_panel_embed"
    names = (name, f"{name}_device", f"{name}_trusted")
    assert list_cookies(profile) == dict.fromkeys(names, attributes)

    frame.locator("#header .identity a").click()
    frame.get_by_role("link", name=account_words.REMOVE).click()
    give_password_to(frame.get_by_role("alertdialog"))
    expect(frame.get_by_text(account_words.MESSAGES["removed"])).to_be_visible()
    assert watched.problems == []


def test_another_site_can_neither_frame_the_panel_nor_use_it(profile):
    owner_page = profile.new_page()
    owner_page.goto(f"https://{SPACE}{HOME}")
    sign_in(owner_page)
    foreign_page = profile.new_page()
    messages: list[str] = []
    foreign_page.on("console", lambda message: messages.append(message.text))
    foreign_page.goto(f"https://{STRANGER}/")
    wait_until(lambda: foreign_page.title() and "frame-ancestors" in str(messages), "the refusal")
    results = {name: foreign_page.evaluate(ATTACK, attack) for name, attack in ATTACKS.items()}
    assert results == dict.fromkeys(ATTACKS, "nothing")
    owner_page.reload()
    wait_until_ready(owner_page)
