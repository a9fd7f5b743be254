"""Second factors and user names in the guide's app: set up, asked for, and given in Chromium."""

import pyotp
from playwright.sync_api import expect

from tests.frontend.visitor import DeployedApp, Visitor, Visitors
from tests.make import PASSWORD

ENABLE_MAILED_CODES = """(password) => fetch("/api/auth/two-factor/enable", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ password, method: "otp" }),
}).then((response) => response.status)"""


def enrol(visitor: Visitor) -> tuple[pyotp.TOTP, list[str]]:
    """Sign up and set up an authenticator app; returns the app and the backup codes."""
    visitor.sign_up()
    visitor.page.get_by_role("link", name="Second factor").click()
    visitor.fill_in("Add an authenticator app", Password=PASSWORD)
    expect(visitor.page.get_by_role("img", name="For your authenticator app")).to_be_visible()
    app = pyotp.TOTP(visitor.main.locator("code").inner_text())
    codes = visitor.main.locator("pre").inner_text().split()
    visitor.fill_in("Turn on", **{"Code from your app": app.now()})
    expect(visitor.main).to_contain_text("Your account is protected by a second factor.")
    return app, codes


def begin(visitor: Visitor, name: str) -> None:
    """Sign in with the password, up to the second step."""
    visitor.sign_in(name)
    expect(visitor.heading).to_have_text("One more step")


def test_a_code_is_asked_for_unless_the_browser_is_trusted(visitors: Visitors, visitor: Visitor):
    app, _ = enrol(visitor)
    phone = visitors()
    begin(phone, visitor.email)
    wrong = f"{(int(app.now()) + 500_000) % 1_000_000:06}"
    phone.fill_in("Sign in", **{"Code from your app": wrong})
    expect(phone.alert).to_have_text("Invalid code")
    phone.page.get_by_label("Trust this browser for 30 days").check()
    phone.fill_in("Sign in", **{"Code from your app": app.now()})
    expect(phone.heading).to_have_text("Hello Ada")

    phone.sign_out()
    phone.sign_in(visitor.email)
    expect(phone.heading).to_have_text("Hello Ada")


def test_a_backup_code_signs_in_and_the_factor_is_turned_off(visitors: Visitors, visitor: Visitor):
    _, codes = enrol(visitor)
    assert len(set(codes)) == 10
    elsewhere = visitors()
    begin(elsewhere, visitor.email)
    elsewhere.fill_in("Use a backup code", **{"Backup code": codes[0]})
    expect(elsewhere.heading).to_have_text("Hello Ada")

    elsewhere.page.goto("/account/second-factor")
    elsewhere.fill_in("Show new codes", **{"Password for new backup codes": PASSWORD})
    saved = elsewhere.page.get_by_role("link", name="Download")
    new = elsewhere.main.locator("pre").inner_text().split()
    assert set(new).isdisjoint(codes)
    expect(saved).to_have_attribute("href", f"data:text/plain,{'%0A'.join(new)}")
    elsewhere.fill_in("Turn off", **{"Password to turn it off": PASSWORD})
    expect(elsewhere.page.get_by_role("button", name="Add an authenticator app")).to_be_visible()
    other = visitors()
    other.sign_in(visitor.email)
    expect(other.heading).to_have_text("Hello Ada")


def test_a_code_comes_by_mail(visitors: Visitors, visitor: Visitor, deployed: DeployedApp):
    visitor.sign_up()
    assert visitor.page.evaluate(ENABLE_MAILED_CODES, PASSWORD) == 200
    elsewhere = visitors()
    begin(elsewhere, visitor.email)
    elsewhere.press_button("Send me a code")
    expect(elsewhere.alert).to_have_text("We have sent you a code by e-mail.")
    code = deployed.mailbox.last("code", visitor.email).code
    elsewhere.fill_in("Sign in with it", **{"Code from the e-mail": code})
    expect(elsewhere.heading).to_have_text("Hello Ada")


def test_a_mailed_link_asks_for_the_code_too(
    visitors: Visitors, visitor: Visitor, deployed: DeployedApp
):
    app, _ = enrol(visitor)
    phone = visitors()
    phone.page.goto(deployed.mailbox.last("verify", visitor.email).url)
    phone.page.wait_for_url("**/second-step")
    phone.fill_in("Sign in", **{"Code from your app": app.now()})
    expect(phone.heading).to_have_text("Hello Ada")
    expect(phone.main).to_contain_text(f"{visitor.email}, verified")


def test_a_user_name_is_chosen_and_signs_in(visitors: Visitors, visitor: Visitor):
    visitor.page.goto("/sign-up")
    fields = {"E-mail": visitor.email, "User name (optional)": "Ada_King"}
    visitor.fill_in("Sign up", Name="Ada", Password=PASSWORD, **fields)
    expect(visitor.heading).to_have_text("Hello Ada")
    elsewhere = visitors()
    elsewhere.sign_in("ada_king")
    expect(elsewhere.heading).to_have_text("Hello Ada")
