"""Signing in with a provider in the guide's app, tried in Chromium at real OpenID providers."""

import sqlite3
from contextlib import closing

from playwright.sync_api import expect

from tests.frontend.test_local import sleeping_gatehouse
from tests.frontend.test_second_step import enrol
from tests.frontend.visitor import DeployedApp, Visitor, Visitors
from tests.rig.space import Space

COMPANY = "Sign in with My Company"
TRY_AGAIN = "That did not work. Please try again."


def verify(visitor: Visitor, app: DeployedApp) -> None:
    """Open the link that proves the visitor's address."""
    visitor.page.goto(app.mailbox.last("verify", visitor.email).url)
    expect(visitor.main).to_have_text("Thank you, that worked.")


def age_sessions(space: Space) -> None:
    """Let every session have begun two days ago."""
    with closing(sqlite3.connect(space.folder / "data" / "gatehouse.db")) as database:
        database.execute("UPDATE sessions SET created_at = created_at - 2 * 86400000000")
        database.commit()


def name_of(visitor: Visitor) -> str:
    """What the provider calls the visitor."""
    return visitor.email.partition("@")[0]


def test_a_provider_signs_people_up_and_in_again(visitor: Visitor):
    visitor.page.goto("/sign-in")
    visitor.sign_in_at(COMPANY)
    expect(visitor.heading).to_have_text("Welcome")  # for new users
    expect(visitor.header).to_contain_text(f"Signed in as {name_of(visitor)}")
    visitor.page.goto("/account")
    expect(visitor.main).to_contain_text(f"{visitor.email}, verified")

    visitor.sign_out()
    visitor.page.goto("/sign-in")
    visitor.press_button(COMPANY)  # who is signed in there is not asked again
    expect(visitor.heading).to_have_text(f"Hello {name_of(visitor)}")
    visitor.sign_out()
    visitor.assert_signed_out()


def test_who_cancels_at_the_provider_is_told_so_and_can_try_again(visitor: Visitor):
    visitor.page.goto("/sign-in")
    visitor.press_button(COMPANY)
    visitor.page.get_by_role("button", name="Cancel").click()
    visitor.page.wait_for_url("**/sign-in?error=access_denied**")
    expect(visitor.alert).to_have_text("You cancelled. Nothing has changed.")
    visitor.sign_in_at(COMPANY)
    expect(visitor.heading).to_have_text("Welcome")


def test_an_account_whose_address_nobody_has_proved_is_not_opened(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    visitor.sign_up()
    provider = visitors()
    provider.email = visitor.email
    provider.page.goto("/sign-in")
    provider.sign_in_at(COMPANY)
    expect(provider.alert).to_contain_text("There is an account with this address already")
    provider.assert_signed_out()

    verify(visitor, deployed)
    provider.page.goto("/sign-in")
    provider.press_button(COMPANY)
    expect(provider.heading).to_have_text("Hello Ada")


def test_a_provider_that_has_not_checked_the_address_opens_nothing(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    visitor.sign_up()
    verify(visitor, deployed)
    stranger = visitors()
    stranger.page.goto("/sign-in")
    stranger.press_button(COMPANY)
    stranger.page.get_by_label("Not verified").check()
    stranger.fill_in("Sign in", Address=visitor.email)
    expect(stranger.alert).to_contain_text("There is an account with this address already")
    stranger.assert_signed_out()


def test_an_account_is_linked_signs_in_and_is_unlinked(visitor: Visitor):
    visitor.sign_up()
    visitor.sign_in_at("Link My Company")
    unlink = visitor.page.get_by_role("button", name="Unlink My Company")
    expect(unlink).to_be_visible()
    visitor.sign_out()
    visitor.page.goto("/sign-in")
    visitor.press_button(COMPANY)
    expect(visitor.heading).to_have_text("Hello Ada")

    visitor.press_button("Unlink My Company")
    expect(visitor.page.get_by_role("button", name="Link My Company", exact=True)).to_be_visible()
    visitor.sign_in(visitor.email)
    expect(visitor.heading).to_have_text("Hello Ada")


def test_somebody_elses_address_is_not_linked(visitors: Visitors, visitor: Visitor):
    visitor.sign_up()
    visitor.press_button("Link My Company")
    visitor.fill_in("Sign in", Address=f"other-{visitor.email}")
    expect(visitor.alert).to_contain_text("has another e-mail address")
    expect(visitor.heading).to_have_text("Hello Ada")


def test_the_only_way_in_stays(visitor: Visitor):
    visitor.page.goto("/sign-in")
    visitor.sign_in_at(COMPANY)
    expect(visitor.heading).to_have_text("Welcome")
    visitor.page.goto("/account")
    visitor.press_button("Unlink My Company")
    expect(visitor.alert).to_have_text("You can't unlink your last account")


def test_after_the_provider_comes_the_second_factor(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    app, _ = enrol(visitor)
    verify(visitor, deployed)
    phone = visitors()
    phone.email = visitor.email
    phone.page.goto("/sign-in")
    phone.sign_in_at(COMPANY)
    expect(phone.heading).to_have_text("One more step")
    phone.assert_signed_out()
    phone.page.goto("/second-step")
    phone.fill_in("Sign in", **{"Code from your app": app.now()})
    expect(phone.heading).to_have_text("Hello Ada")


def test_who_has_no_password_sets_a_second_factor_up_without_one(visitor: Visitor):
    visitor.page.goto("/sign-in")
    visitor.sign_in_at(COMPANY)
    expect(visitor.heading).to_have_text("Welcome")
    visitor.page.goto("/account/second-factor")
    visitor.press_button("Add an authenticator app")
    expect(visitor.page.get_by_role("img", name="For your authenticator app")).to_be_visible()


def test_a_provider_that_is_away_is_said_to_be_and_one_that_fails_does_no_harm(
    visitor: Visitor, deployed: DeployedApp
):
    visitor.page.goto("/sign-in")
    visitor.press_button("Sign in with away")
    expect(visitor.alert).to_have_text("away cannot be reached at the moment. Please try again.")
    deployed.company.fail("token", status=500, times=1)
    visitor.sign_in_at(COMPANY)
    visitor.page.wait_for_url("**/sign-in?error=**")
    expect(visitor.alert).to_have_text(TRY_AGAIN)
    visitor.press_button(COMPANY)
    expect(visitor.heading).to_have_text("Welcome")


def test_hugging_face_sends_browsers_to_the_space_and_the_space_to_the_app(
    visitor: Visitor, deployed: DeployedApp
):
    opened: list[str] = []
    visitor.page.on("request", lambda request: opened.append(request.url.partition("?")[0]))
    visitor.page.goto("/sign-in")
    visitor.sign_in_at("Sign in with Hugging Face")
    expect(visitor.heading).to_have_text("Welcome")
    callbacks = [url for url in opened if url.endswith("/api/auth/callback/huggingface")]
    space = deployed.edge_of_space.url.replace("localhost", "127.0.0.1")
    assert callbacks == [f"{each}/api/auth/callback/huggingface" for each in (space, deployed.url)]
    assert {cookie["domain"] for cookie in visitor.cookies} == {"localhost"}


def test_on_a_developers_machine_the_provider_answers_gatehouse_itself(developer: Visitor):
    developer.page.goto("/sign-in")
    developer.sign_in_at(COMPANY)
    expect(developer.heading).to_have_text("Welcome")
    developer.page.goto("/account")
    expect(developer.main).to_contain_text(f"{developer.email}, verified")


def test_unlinking_takes_a_fresh_session(developer: Visitor, on_my_machine: DeployedApp):
    developer.sign_up()
    developer.sign_in_at("Link My Company")
    unlink = developer.page.get_by_role("button", name="Unlink My Company")
    expect(unlink).to_be_visible()
    with sleeping_gatehouse(on_my_machine):
        age_sessions(on_my_machine.space)
    developer.press_button("Unlink My Company")
    expect(developer.alert).to_contain_text("please sign out and in again first")
    expect(unlink).to_be_visible()
