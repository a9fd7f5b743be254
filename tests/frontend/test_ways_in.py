"""Ways in without a password, and several accounts, in the guide's app: tried in Chromium."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.frontend.visitor import DeployedApp, Visitor

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def authenticator(developer: Visitor) -> Callable[..., Any]:
    """A device's own authenticator, in software: `authenticator("getCredentials")`."""
    devtools = developer.page.context.new_cdp_session(developer.page)
    devtools.send("WebAuthn.enable")
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    def call(method: str, **options: Any) -> Any:
        return devtools.send(f"WebAuthn.{method}", {**added, **options})

    return call


def test_a_passkey_is_added_signs_in_by_itself_and_is_deleted(
    developer: Visitor, authenticator: Callable[..., Any]
):
    # Otherwise the sign-in page's offer would be taken before anybody has asked for it.
    authenticator("setAutomaticPresenceSimulation", enabled=False)
    developer.sign_up()
    developer.page.get_by_label("Name of the passkey").fill("Laptop")
    authenticator("setAutomaticPresenceSimulation", enabled=True)
    developer.press_button("Add a passkey")
    expect(developer.main.get_by_role("listitem")).to_contain_text("Laptop")
    assert len(authenticator("getCredentials")["credentials"]) == 1

    developer.sign_out()
    developer.page.goto("/sign-in")  # conditional UI: the software chooses at once
    expect(developer.heading).to_have_text("Hello Ada")
    developer.press_button("Delete")
    expect(developer.main.get_by_role("listitem")).to_have_count(0)


def test_a_passkey_signs_in_at_the_press_of_a_button(
    developer: Visitor, authenticator: Callable[..., Any]
):
    developer.sign_up()
    developer.page.get_by_label("Name of the passkey").fill("Laptop")
    developer.press_button("Add a passkey")
    expect(developer.main.get_by_role("listitem")).to_contain_text("Laptop")
    authenticator("setAutomaticPresenceSimulation", enabled=False)
    developer.sign_out()
    developer.page.goto("/sign-in")
    developer.press_button("Sign in with a passkey")
    authenticator("setAutomaticPresenceSimulation", enabled=True)
    expect(developer.heading).to_have_text("Hello Ada")


def test_a_link_and_a_code_come_by_mail(developer: Visitor, on_my_machine: DeployedApp):
    developer.page.goto("/sign-in")
    developer.page.get_by_label("E-mail for a link").fill(developer.email)
    developer.press_button("Send me a link")
    expect(developer.alert).to_contain_text("open the link")
    developer.page.goto(on_my_machine.mailbox.last("magic-link", developer.email).url)
    expect(developer.main).to_contain_text(developer.email)

    developer.sign_out()
    developer.page.goto("/sign-in")
    developer.page.get_by_label("E-mail for a code").fill(developer.email)
    developer.press_button("Send me a code")
    code = developer.page.get_by_label("Code from the e-mail")
    expect(code).to_be_visible()
    code.fill(on_my_machine.mailbox.last("code", developer.email).code)
    developer.press_button("Sign in with the code")
    expect(developer.main).to_contain_text(developer.email)


def test_trying_without_an_account_comes_first_and_a_second_account_later(developer: Visitor):
    developer.page.goto("/sign-in")
    developer.press_button("Try without an account")
    expect(developer.heading).to_have_text("Hello Anonymous")
    developer.sign_up()
    first = developer.email
    developer.page.get_by_role("link", name="Add another account").click()
    developer.email = f"other-{first}"
    developer.sign_up()
    expect(developer.main).to_contain_text(developer.email)
    developer.press_button(f"Switch to {first}")
    expect(developer.main).to_contain_text(f"{first}, not verified")
