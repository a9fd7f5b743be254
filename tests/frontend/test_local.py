"""The guide's app on a developer's machine, and before a Gatehouse that is asleep."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from playwright.sync_api import Browser, expect

from tests.frontend.app import create_app
from tests.frontend.visitor import DeployedApp, Visitor, visitors_of
from tests.make import PASSWORD

WAKING = "The sign-in service is waking up"


@contextmanager
def sleeping_gatehouse(app: DeployedApp) -> Iterator[None]:
    """Gatehouse is not there, and wakes up at the end."""
    app.space.terminate()
    try:
        yield
    finally:
        app.space.start()


@contextmanager
def obliging_gatehouse(app: DeployedApp) -> Iterator[None]:
    """Everybody must have a second factor."""
    app.space.environment["REQUIRE_TWO_FACTOR_FOR"] = "everybody"
    with sleeping_gatehouse(app):
        pass
    try:
        yield
    finally:
        del app.space.environment["REQUIRE_TWO_FACTOR_FOR"]
        with sleeping_gatehouse(app):
            pass


def test_on_localhost_the_cookies_need_no_https(developer: Visitor):
    developer.sign_up()
    names = {cookie["name"].partition("_multi-")[0] for cookie in developer.cookies}
    hidden = {"better-auth.session_token", "gatehouse.device"}
    last_way = "better-auth.last_used_login_method"
    assert names == hidden | {last_way}
    for cookie in developer.cookies:
        assert (cookie["secure"], cookie["sameSite"]) == (False, "Lax")
        assert cookie["httpOnly"] == (cookie["name"] != last_way)


def test_next_dev_has_nothing_to_complain_of(on_my_machine: DeployedApp, browser: Browser) -> None:
    app = on_my_machine.dev
    assert app
    assert app.folder
    create_app(app.folder)
    with app, visitors_of(replace(on_my_machine, url=app.url), browser) as visitors:
        developer = visitors()
        developer.sign_up()
        developer.page.goto("/reset-password?token=made-up")
        expect(developer.page.get_by_label("New password")).to_be_visible()
        developer.page.goto("/verified?error=INVALID_USER")
        expect(developer.alert).to_contain_text("Another user is signed in here")
        assert developer.complaints == []
    assert "Error: Route" not in app.log  # a page left while it loads may be another error there


def test_by_its_number_the_same_machine_is_another_origin(
    developer: Visitor, on_my_machine: DeployedApp
):
    developer.page.goto(f"{on_my_machine.url.replace('localhost', '127.0.0.1')}/sign-in")
    fields = {"E-mail or user name": developer.email, "Password": PASSWORD}
    developer.fill_in("Sign in", **fields)
    expect(developer.alert).to_have_text("Invalid origin")


def test_a_link_through_gatehouse_comes_back_to_the_app(
    developer: Visitor, on_my_machine: DeployedApp
):
    developer.sign_up()
    developer.page.goto("/forgot-password")
    developer.fill_in("Send me a link", **{"E-mail": developer.email})
    expect(developer.alert).to_contain_text("we have sent it an e-mail")
    link = on_my_machine.mailbox.last("reset", developer.email).url
    assert link.startswith(f"http://localhost:{on_my_machine.space.port}/api/auth/reset-password/")
    developer.page.goto(link)
    developer.page.wait_for_url(f"{on_my_machine.url}/reset-password")
    expect(developer.heading).to_have_text("Choose a new password")


def test_who_signs_in_while_gatehouse_sleeps_is_signed_in_when_it_wakes(
    developer: Visitor, on_my_machine: DeployedApp
):
    developer.sign_up()
    developer.page.context.clear_cookies()
    with sleeping_gatehouse(on_my_machine):
        developer.sign_in(developer.email)
        expect(developer.main.get_by_role("status")).to_contain_text(WAKING)
    expect(developer.heading).to_have_text("Hello Ada")


def test_who_must_have_a_second_factor_is_led_to_the_page_that_sets_it_up(
    developer: Visitor, on_my_machine: DeployedApp
):
    with obliging_gatehouse(on_my_machine):
        developer.page.goto("/sign-up")
        person = {"Name": "Ada", "E-mail": developer.email, "Password": PASSWORD}
        developer.fill_in("Sign up", **person)  # the account page asks for the passkeys at once
        developer.page.wait_for_url("**/account/second-factor")
        expect(developer.page.get_by_label("Password", exact=True)).to_be_visible()


def test_a_page_that_cannot_ask_waits_and_sends_nobody_away(
    developer: Visitor, on_my_machine: DeployedApp
):
    developer.sign_up()
    with sleeping_gatehouse(on_my_machine):
        developer.page.reload()
        expect(developer.main.get_by_role("status")).to_contain_text(WAKING)
        home = developer.page.context.new_page()
        home.goto("/")
        expect(home.locator("header")).to_have_text("Connecting …")
    expect(developer.heading).to_have_text("Hello Ada")
    expect(home.locator("header")).to_contain_text("Signed in as Ada")
